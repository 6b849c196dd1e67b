"""Workers meet before TensorFlow starts: all are there, and all train the same."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from nnrun.errors import EnvironmentFault, Interrupted
from nnrun.training.cluster import Cluster, find_cluster, tf_config
from nnrun.training.launching import _free_ports
from nnrun.training.rendezvous import meet

FACTS = {"config": {"epochs": 2}, "data": "abc", "versions": {"keras": "3"}, "epoch": 0}


@pytest.fixture
def clusters() -> list[Cluster]:
    """Three workers of this machine, each as it sees itself."""
    addresses = tuple(f"127.0.0.1:{port}" for port in _free_ports(3))
    found = [find_cluster({"TF_CONFIG": tf_config(addresses, index)}) for index in range(3)]
    return [cluster for cluster in found if cluster is not None]


def together(
    clusters: list[Cluster],
    *facts: dict[str, Any],
    seconds: float = 20.0,
    before: Callable[[], None] = lambda: None,
) -> list[BaseException | None]:
    """Lets workers meet, and returns what each of them raised.

    Args:
        clusters: The workers, the chief first.
        facts: What each of them trains.
        seconds: How long they wait for each other.
        before: Is done while the chief is still alone.
    """
    with ThreadPoolExecutor(len(clusters)) as pool:
        calls: list[Future[None]] = []
        for cluster, mine in zip(clusters, facts, strict=True):
            calls.append(pool.submit(meet, cluster, mine, seconds, lambda: None))
            if cluster.is_chief:
                before()
        return [call.exception() for call in calls]


def test_workers_meet(clusters: list[Cluster]) -> None:
    """All go on when all are there, and the address of the chief is free for TensorFlow."""
    assert together(clusters, FACTS, FACTS, FACTS) == [None, None, None]
    host, port = clusters[0].addresses[0].split(":")
    with socket.create_server((host, int(port))):
        pass


@pytest.mark.parametrize("name", list(FACTS))
def test_all_hear_of_a_difference(clusters: list[Cluster], name: str) -> None:
    """Every worker names the one that differs, and in what."""
    raised = together(clusters, FACTS, FACTS, {**FACTS, name: "other"})
    for error in raised:
        assert isinstance(error, EnvironmentFault)
        assert error.message == f"Worker 2 of 3 has another {name} than the chief"
        assert error.advice


def test_the_chief_names_who_is_missing(clusters: list[Cluster]) -> None:
    """After the time, it says for whom it waited, and the worker that came says so too."""
    chief, worker = together(clusters[:2], FACTS, FACTS, seconds=1.0)
    assert isinstance(chief, EnvironmentFault)
    assert chief.message == f"The chief waited 1 seconds for worker 2 ({clusters[0].addresses[2]})"
    assert isinstance(worker, EnvironmentFault)
    assert "Worker 1 of 3 waited 1 seconds for the chief" in worker.message


def test_a_worker_says_why_it_does_not_reach_the_chief(clusters: list[Cluster]) -> None:
    """Nobody listens at the address of the chief."""
    with pytest.raises(EnvironmentFault, match="Connection refused"):
        meet(clusters[1], FACTS, 0.5, lambda: None)


def test_the_chief_needs_its_port(clusters: list[Cluster]) -> None:
    """Another program that listens there is named at once."""
    host, port = clusters[0].addresses[0].split(":")
    with socket.create_server((host, int(port))), pytest.raises(EnvironmentFault, match="cannot listen at"):
        meet(clusters[0], FACTS, 5.0, lambda: None)


def test_a_signal_ends_the_waiting(clusters: list[Cluster]) -> None:
    """What is called several times a second may raise."""

    def check() -> None:
        raise Interrupted

    for cluster in clusters[:2]:
        with pytest.raises(Interrupted):
            meet(cluster, FACTS, 60.0, check)


def hello(cluster: Cluster, message: bytes) -> None:
    """Says something to the chief, as soon as it listens, and goes away."""
    host, port = cluster.addresses[0].split(":")
    end = time.monotonic() + 20.0
    while time.monotonic() < end:
        try:
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(message)
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("the chief does not listen")


@pytest.mark.parametrize(
    "message",
    [
        b"GET / HTTP/1.0\r\n\r\n\n",
        b"[1]\n",
        b"\xff\n",
        b"x" * 20_000,
        json.dumps({"index": 0, "workers": 3, "facts": {}}).encode() + b"\n",
        json.dumps({"index": True, "workers": 3, "facts": {}}).encode() + b"\n",
        json.dumps({"index": "1", "workers": 3, "facts": {}}).encode() + b"\n",
        json.dumps({"index": 1, "workers": 2, "facts": {}}).encode() + b"\n",
        json.dumps({"index": 1, "workers": 3, "facts": []}).encode() + b"\n",
    ],
    ids=lambda message: message[:30].decode("latin-1"),
)
def test_strangers_are_sent_away(clusters: list[Cluster], message: bytes) -> None:
    """Whatever else comes to the port is closed, and the workers meet all the same."""
    met = together(clusters, FACTS, FACTS, FACTS, before=lambda: hello(clusters[0], message))
    assert met == [None, None, None]


def test_a_worker_that_ended_may_come_again(clusters: list[Cluster]) -> None:
    """The chief forgets a worker whose connection is gone, and waits for it once more."""
    greeting = json.dumps({"index": 1, "workers": 3, "facts": {}}).encode() + b"\n"
    met = together(clusters, FACTS, FACTS, FACTS, before=lambda: hello(clusters[0], greeting))
    assert met == [None, None, None]


def test_a_single_worker_meets_nobody() -> None:
    """It neither listens nor waits."""
    cluster = find_cluster({"TF_CONFIG": tf_config(("nowhere.invalid:1",), 0)})
    assert cluster is not None
    meet(cluster, FACTS, 0.0, lambda: None)
