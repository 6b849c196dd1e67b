"""Starting the workers of a training on this machine, and ending all of them when one ends.

The chief is a process like the others, whose progress the user sees; this one only watches. So a worker that is killed
is noticed at once and by name, wherever the others are stuck, and Ctrl-C reaches each of them exactly once.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType

from nnrun.errors import EnvironmentFault, TrainingError
from nnrun.interrupts import SIGNALS
from nnrun.rundir.provenance import installed_version
from nnrun.training.cluster import LAUNCHED, Launched, tf_config
from nnrun.training.worker_output import WorkerOutput, follow_run

GRACE_SECONDS = 15.0
"""How long the others have to notice that a worker is gone; TensorFlow takes about ten seconds."""

SAVE_SECONDS = 120.0
"""How long they have to save and end, after they were asked to."""

_END_SECONDS = 2.0
_POLL_SECONDS = 0.1
_SHOWN_LINES = 5

_PORTS = range(20_000, 32_000)
"""Where ports are looked for: below those that systems give to outgoing connections."""

_STOPPED = frozenset({0, *(128 + number for number in SIGNALS)})
"""Exit codes of a worker that did its work, or was asked to stop."""


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process that was started.

    Args:
        name: What it is called in messages.
        process: The process.
        output: What it prints; None for the chief, which prints for the user.
    """

    name: str
    process: subprocess.Popen[bytes]
    output: WorkerOutput | None

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def failed(self) -> bool:
        return not self.runs and self.process.returncode not in _STOPPED

    def how(self) -> str:
        """Says how it ended."""
        code = self.process.returncode
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def send(self, number: int) -> None:
        """Sends it a signal, unless it has ended."""
        self.process.send_signal(number)


def launch(
    workers: int,
    command: Sequence[str],
    seed: int,
    tell: Callable[[str], None],
    run: str | None = None,
) -> int:
    """Starts workers and waits for their end.

    Args:
        workers: How many, the chief included.
        command: Arguments of nnrun, the same for all.
        seed: The seed of a config without one.
        tell: Shows a sentence to the user.
        run: Path of the run to continue; None for a new one.

    Returns:
        The exit code of the chief, whose messages the user has seen.

    Raises:
        EnvironmentFault: There are not enough free ports.
        TrainingError: A worker ended before its time.
    """
    addresses = tuple(f"127.0.0.1:{port}" for port in _free_ports(workers))
    listening, telling = os.pipe()
    started: list[_Worker] = []
    with _forwarded(started):
        try:
            for index in range(workers):
                launched = Launched(os.getpid(), seed, None if index else telling, run)
                started.append(_start(index, command, addresses, launched))
            os.close(telling)
            outputs = [worker.output for worker in started if worker.output is not None]
            listener = follow_run(listening, outputs)
            first = _first_failure(started)
        finally:
            for worker in started:
                worker.process.kill()
                worker.process.wait()
    listener.join()
    for output in outputs:
        output.finish()
        if output.problem is not None:
            tell(f"warning: {output.name} is incomplete: {output.problem.message}")
    chief = started[0].process.returncode
    if first is None or (first is started[0] and chief > 0):
        return chief
    if first is not started[0] and chief == 0:
        tell(f"warning: {first.name} {first.how()}, after everything was trained and saved")
        return 0
    if first is not started[0] and chief == first.process.returncode and chief != TrainingError.exit_code:
        return chief  # all of them found the same, and the chief has told it
    raise _ended_early(first)


def _ended_early(worker: _Worker) -> TrainingError:
    lines = [f"{worker.name.capitalize()} {worker.how()}."]
    advice = "What was saved last is kept: `nnrun resume` continues from it."
    if worker.output is not None:
        words = worker.output.last_words(_SHOWN_LINES)
        lines += [f"  {line}" for line in words if not line.startswith(f"{worker.name}: ")]
        advice = f"Its output is in {worker.output.name} of the run. {advice}"
    return TrainingError("\n".join(lines), advice)


def _start(index: int, command: Sequence[str], addresses: tuple[str, ...], launched: Launched) -> _Worker:
    # Without -P, a file of the current folder could take the place of a module of the same name.
    safely = ["-P"] if installed_version("nnrun") else []
    process = subprocess.Popen(  # noqa: S603 - nnrun itself, with the arguments that the user gave
        [sys.executable, *safely, "-m", "nnrun", *command],
        env={**os.environ, "TF_CONFIG": tf_config(addresses, index), LAUNCHED: launched.to_json()},
        stdin=subprocess.DEVNULL if index else None,
        stdout=subprocess.PIPE if index else None,
        stderr=subprocess.STDOUT if index else None,
        pass_fds=() if launched.notify is None else (launched.notify,),
        # Ctrl-C goes to this process alone, which hands it on.
        process_group=0,
    )
    name = f"worker {index} of {len(addresses)}" if index else "the chief"
    return _Worker(name, process, None if process.stdout is None else WorkerOutput(index, process.stdout))


def _first_failure(workers: Sequence[_Worker]) -> _Worker | None:
    """Waits until all workers have ended, and asks them to when one fails; returns that one.

    It returns early where they do not end in time. Only the chief has something to save.
    """
    first: _Worker | None = None
    since = 0.0
    asked = False
    while any(worker.runs for worker in workers):
        waited = time.monotonic() - since
        if first is None:
            first = _to_blame(workers)
            since = time.monotonic()
        elif not asked and waited > GRACE_SECONDS:
            asked = True
            for worker in workers:
                worker.send(signal.SIGTERM)
        elif waited > GRACE_SECONDS + (SAVE_SECONDS if workers[0].runs else _END_SECONDS):
            break
        time.sleep(_POLL_SECONDS)
    return first or _to_blame(workers)


def _to_blame(workers: Sequence[_Worker]) -> _Worker | None:
    """Returns the worker that failed; of several, one that was killed, since the others end when they miss it."""
    failed = [worker for worker in workers if worker.failed]
    return min(failed, key=lambda worker: worker.process.returncode >= 0, default=None)


@contextlib.contextmanager
def _forwarded(workers: Sequence[_Worker]) -> Iterator[None]:
    """Within it, Ctrl-C and SIGTERM go to the workers, which end in good order, and this process after them."""

    def forward(number: int, frame: FrameType | None) -> None:
        del frame
        for worker in workers:
            worker.send(number)

    before = {
        number: signal.signal(number, forward)
        for number in SIGNALS
        # `nohup` has it ignored, for the workers too.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _free_ports(count: int) -> list[int]:
    """Returns ports of this machine on which nobody listens."""
    ports: list[int] = []
    for port in secrets.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise EnvironmentFault(f"{count} free ports were wanted, and only {len(ports)} are there")
