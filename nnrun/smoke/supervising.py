"""Proving configs in a process that is watched: what takes too long, or too much memory, is ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from nnrun.display.formats import duration
from nnrun.errors import RequirementError, TrainingError
from nnrun.smoke.memory import peak_of
from nnrun.smoke.results import STEPS, ConfigResult, StepResult, ended_in
from nnrun.smoke.steps import Options

_LOOK = 0.05
"""Seconds between two looks at the memory of the process."""

_GOING = 5.0
"""Seconds that a process which ends by itself is given for that."""

_LOG = 2000
"""Characters of what the process printed that are kept: its end says most."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What a config may take.

    Args:
        seconds: Time of all of its steps; None for any.
        memory: Bytes in the memory of the process; None for any.
    """

    seconds: float | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A step of a config begins.

    Args:
        config: The path.
        step: A name of `STEPS`.
        number: Which config it is, from 1.
    """

    config: str
    step: str
    number: int


Listener = Callable[[Begun | ConfigResult], None]


def prove_all(
    configs: Sequence[Path], options: Options, caps: Caps, listener: Listener, *, allow_code: bool = False
) -> list[ConfigResult]:
    """Proves configs one after the other, in a single process unless that has to be ended.

    Args:
        configs: The config files.
        options: What is the same for all of them.
        caps: What each may take.
        listener: Is told of every step that begins, and of every result.
        allow_code: What the user said about Python functions that configs name.

    Returns:
        A result for each config, in their order.

    Raises:
        Interrupted: A signal came; nothing is left of the process and its files.
    """
    results: list[ConfigResult] = []
    with tempfile.TemporaryDirectory(prefix="nnrun-smoke-", ignore_cleanup_errors=True) as folder:
        worker: _Worker | None = None
        try:
            for number, config in enumerate(configs, 1):
                fresh = worker is None
                worker = worker or _Worker.start(Path(folder), options, allow_code)
                result = worker.prove(config, number, caps, listener)
                if worker.too_large and not fresh:
                    # The configs before it have left something behind: alone it may be small enough.
                    worker = _Worker.start(Path(folder), options, allow_code)
                    result = worker.prove(config, number, caps, listener)
                if worker.ended:
                    worker = None
                listener(result)
                results.append(result)
        finally:
            if worker is not None:
                worker.end()
    return results


@dataclass(slots=True)
class _Worker:
    """The process, and the pipe that it answers through."""

    process: subprocess.Popen[str]
    answers: int
    log: Path
    ended: bool = False
    too_large: bool = False
    _begun: str = "check"
    _rest: bytes = b""
    _done: list[StepResult] = field(default_factory=list)

    @classmethod
    def start(cls, folder: Path, options: Options, allow_code: bool) -> Self:
        """Starts a process; what it prints goes to a file."""
        answers, descriptor = os.pipe()
        work = Path(tempfile.mkdtemp(dir=folder))
        log = work / "output.txt"
        # Found as this process found it, and before anything that lies in the working directory.
        package = str(Path(__file__).resolve().parents[2])
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(  # noqa: S603 - this Python, with a module of this package
                    [sys.executable, "-P", "-m", "nnrun.smoke.worker", str(descriptor)],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    pass_fds=(descriptor,),
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                    text=True,
                    # A group of its own: Ctrl-C is for this process, which ends that one with all that it started.
                    start_new_session=True,
                )
        except BaseException:
            os.close(answers)
            raise
        finally:
            os.close(descriptor)
        worker = cls(process, answers, log)
        worker._send(
            {
                "folder": str(work),
                "overrides": list(options.overrides),
                "batches": options.batches,
                "device": options.device,
                "allow_code": allow_code,
            }
        )
        return worker

    def prove(self, config: Path, number: int, caps: Caps, listener: Listener) -> ConfigResult:
        """Has a config proven, and ends the process if that takes more than it may."""
        began = time.monotonic()
        self._begun = "check"
        self._send({"config": str(config)})
        while True:
            for answer in self._answers():
                if "result" in answer:
                    result = ConfigResult.from_json(answer["result"])
                    return self._judged(result, caps)
                self._begun = answer["step"]
                listener(Begun(str(config), self._begun, number))
            seconds, peak = time.monotonic() - began, peak_of(self.process.pid)
            if self.ended:
                # Its end of the pipe is closed a moment before it is gone.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(_GOING)
                self.end()
                return self._failed(config, seconds, peak, self._crash())
            if caps.seconds is not None and seconds > caps.seconds:
                self.end()
                expected = f"all steps within {duration(caps.seconds)} (--timeout)"
                told = f"{duration(seconds)}, and step {self._begun} was not done: it was ended"
                return self._failed(config, seconds, peak, self._over(expected, told))
            if caps.memory is not None and peak is not None and peak > caps.memory:
                self.end()
                self.too_large = True
                return self._failed(
                    config, seconds, peak, self._over(_at_most(caps.memory), _megabytes(peak))
                )

    def end(self) -> None:
        """Ends the process and all that it started."""
        self.ended = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self.answers)
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None  # noqa: S101 - it was asked for
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.ended = True

    def _answers(self) -> list[dict[str, Any]]:
        """Waits a moment, and returns what came."""
        ready, _, _ = select.select([self.answers], [], [], _LOOK)
        if not ready:
            return []
        piece = os.read(self.answers, 1 << 16)
        if not piece:
            self.ended = True
            return []
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return [json.loads(line) for line in lines]

    def _judged(self, result: ConfigResult, caps: Caps) -> ConfigResult:
        """Returns a result, failed where its peak was seen only at the end."""
        if caps.memory is None or result.peak is None or result.peak <= caps.memory:
            return result
        self.end()
        self.too_large = True
        self._begun = "predict"
        failure = self._over(_at_most(caps.memory), _megabytes(result.peak))
        return replace(result, steps=(*result.steps[:-1], failure))

    def _failed(self, config: Path, seconds: float, peak: int | None, failure: StepResult) -> ConfigResult:
        names = list(STEPS)
        before = names[: names.index(self._begun)]
        # Of the steps before it only their names are known, which is why the last one began.
        done = tuple(StepResult(name, "passed") for name in before)
        return replace(ended_in(str(config), done, failure, seconds), peak=peak)

    def _over(self, expected: str, received: str) -> StepResult:
        return StepResult(
            self._begun, "failed", expected=expected, received=received, code=RequirementError.exit_code
        )

    def _crash(self) -> StepResult:
        code = self.process.returncode
        how = f"exit code {code}"
        advice = ""
        if code < 0:
            how = f"signal {signal.Signals(-code).name}"
            advice = "the system ends what takes too much memory" if -code == signal.SIGKILL else ""
        log = (
            self.log.read_text(encoding="utf-8", errors="replace").strip()[-_LOG:]
            if self.log.exists()
            else ""
        )
        received = f"the process ended with {how}" + (f"\n{log}" if log else "")
        return StepResult(
            self._begun,
            "failed",
            expected=STEPS[self._begun],
            received=received,
            advice=advice,
            code=TrainingError.exit_code,
        )


def _at_most(memory: int) -> str:
    return f"at most {_megabytes(memory)} of memory (--memory)"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
