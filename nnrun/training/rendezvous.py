"""The workers of a training meet before TensorFlow starts, as that one waits for the others without hearing a signal.

The chief listens at its address; the others tell it what they are about to train. When all are there and agree, they
go on at once. What comes in is compared and never executed; TensorFlow's own server follows at the same address.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nnrun.errors import EnvironmentFault
from nnrun.training.cluster import Cluster

_TURN_SECONDS = 0.2
_ANSWER_SECONDS = 5.0
_LONGEST = 1 << 14
"""Bytes of a message."""

_ADVICE: Mapping[str, str] = {
    "config": "Give every worker the same file and arguments.",
    "data": "Give every worker the same data, in the same order.",
    "versions": "Install the same versions of nnrun, Keras, TensorFlow and NumPy for every worker.",
    "epoch": "Let every worker see the same run directory.",
}
"""What to do where workers differ, by what they differ in."""

_Message = dict[str, Any]


def meet(cluster: Cluster, facts: Mapping[str, Any], seconds: float, check: Callable[[], None]) -> None:
    """Returns when all workers are here and are about to train the same.

    Args:
        cluster: All workers.
        facts: What has to be the same for all, as JSON can hold it, by a name in `_ADVICE`.
        seconds: How long to wait for the others.
        check: Called several times a second; may raise.

    Raises:
        EnvironmentFault: Some did not come in time, or they differ; the chief's address cannot be used.
    """
    if cluster.workers == 1:
        return
    turns = _turns(seconds, check)
    hashes = {
        name: hashlib.sha256(json.dumps(fact, sort_keys=True).encode()).hexdigest()
        for name, fact in facts.items()
    }
    if cluster.is_chief:
        _gather(cluster, hashes, turns, seconds)
    else:
        _report(cluster, hashes, turns, seconds)


def _turns(seconds: float, check: Callable[[], None]) -> Iterator[None]:
    """Yields until the time is over; whoever takes a turn waits a moment itself."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        check()
        yield


def _gather(cluster: Cluster, own: Mapping[str, str], turns: Iterator[None], seconds: float) -> None:
    """Waits for all others, as the chief, and tells them what comes of it."""
    present: dict[int, tuple[socket.socket, Mapping[str, str]]] = {}
    with contextlib.ExitStack() as open_sockets:
        server = open_sockets.enter_context(_listen(cluster))
        for _ in turns:
            for gone in _gone({index: connection for index, (connection, _) in present.items()}):
                present.pop(gone)[0].close()
            with contextlib.suppress(OSError):  # nobody came, or went again
                connection, _ = server.accept()
                open_sockets.enter_context(connection)
                greeting = _greeting(connection, cluster)
                if greeting is None:
                    connection.close()
                else:
                    present[greeting[0]] = (connection, greeting[1])
            if len(present) == cluster.workers - 1:
                break
        else:
            missing = [index for index in range(1, cluster.workers) if index not in present]
            named = ", ".join(f"worker {index} ({cluster.addresses[index]})" for index in missing[:8])
            raise EnvironmentFault(
                f"The chief waited {seconds:g} seconds for {named}{', …' if len(missing) > 8 else ''}", _WAIT
            )
        differing = next(
            (
                [index, name]
                for index, (_, facts) in sorted(present.items())
                for name in own
                if facts.get(name) != own[name]
            ),
            None,
        )
        for connection, _ in present.values():
            with contextlib.suppress(OSError):
                connection.sendall(_line({"differs": differing}))
        for connection, _ in present.values():
            # They close first, so that nothing keeps the address busy on this side.
            with contextlib.suppress(OSError):
                connection.settimeout(_ANSWER_SECONDS)
                connection.recv(1)
    _refuse(cluster, differing)


def _greeting(connection: socket.socket, cluster: Cluster) -> tuple[int, Mapping[str, str]] | None:
    """Returns who is there and what it trains; None where it is no worker of this cluster."""
    message = _received(connection)
    index, facts = message.get("index"), message.get("facts")
    if type(index) is not int or not 0 < index < cluster.workers or not isinstance(facts, dict):
        return None
    return (index, facts) if message.get("workers") == cluster.workers else None


def _report(cluster: Cluster, own: Mapping[str, str], turns: Iterator[None], seconds: float) -> None:
    """Tells the chief that this worker is here, and waits for its answer."""
    host, _, port = cluster.addresses[0].rpartition(":")
    greeting = _line({"index": cluster.index, "workers": cluster.workers, "facts": dict(own)})
    reason = "it does not answer"
    connection: socket.socket | None = None
    try:
        for _ in turns:
            try:
                if connection is None:
                    connection = socket.create_connection((host.strip("[]"), int(port)), timeout=1.0)
                    connection.sendall(greeting)
                    connection.settimeout(_TURN_SECONDS)
                if not select.select([connection], [], [], _TURN_SECONDS)[0]:
                    continue
                answer = _received(connection)
            except OSError as error:
                reason = error.strerror or str(error)
                answer = {}
            if "differs" in answer:
                _refuse(cluster, answer["differs"])
                return
            if connection is not None:  # the chief has gone, and may come again
                connection.close()
                connection = None
            time.sleep(_TURN_SECONDS)
    finally:
        if connection is not None:
            connection.close()
    raise EnvironmentFault(
        f"{cluster.name(cluster.index).capitalize()} waited {seconds:g} seconds for the chief,"
        f" {cluster.addresses[0]}: {reason}",
        _WAIT,
    )


_WAIT = (
    "Start every worker with the same config, and check that they reach each other; distribute.wait_seconds says how"
    " long to wait."
)


def _refuse(cluster: Cluster, differing: Any) -> None:
    if differing is not None:
        index, name = differing
        raise EnvironmentFault(
            f"{cluster.name(index).capitalize()} has another {name} than the chief", _ADVICE.get(name, "")
        )


def _listen(cluster: Cluster) -> socket.socket:
    host, _, port = cluster.addresses[0].rpartition(":")
    try:
        # TensorFlow listens on all interfaces; on this machine alone, nobody else needs to get through.
        if host in ("127.0.0.1", "localhost"):
            server = socket.create_server(("127.0.0.1", int(port)))
        elif socket.has_dualstack_ipv6():
            server = socket.create_server(("", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
        else:
            server = socket.create_server(("", int(port)))
    except OSError as error:
        raise EnvironmentFault(
            f"The chief cannot listen at {cluster.addresses[0]}: {error.strerror or error}",
            "Another process uses the port; choose another one.",
        ) from error
    server.settimeout(_TURN_SECONDS)
    return server


def _gone(connections: Mapping[int, socket.socket]) -> list[int]:
    """Returns the workers that have closed their connection: nobody says anything more than a greeting."""
    readable, _, _ = select.select(list(connections.values()), [], [], 0)
    return [index for index, connection in connections.items() if connection in readable]


def _received(connection: socket.socket) -> _Message:
    """Returns the message on a connection; an empty one where there is none, or no sense in it."""
    connection.settimeout(_ANSWER_SECONDS)
    data = b""
    while not data.endswith(b"\n") and len(data) < _LONGEST:
        part = connection.recv(_LONGEST)
        if not part:
            break
        data += part
    try:
        message = json.loads(data)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _line(message: _Message) -> bytes:
    return json.dumps(message).encode() + b"\n"
