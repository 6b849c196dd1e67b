"""Runs nnrun's commands in forked processes that have TensorFlow loaded, and can kill them at a chosen moment.

Started as a program, it imports TensorFlow, which takes seconds, and then forks a child for each command that it reads:
a JSON object with `arguments`, and perhaps with `kill`. Forking is safe as long as TensorFlow has not run anything.

A moment to kill at is the number of a call, from 1, of one of the functions in `CALLS`, through which everything goes
to the disk, or of an event of the training, such as `["event", "progress", 3]`.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.programs import program

CALLS = (
    "os.write",
    "os.pwrite",
    "os.fsync",
    "os.replace",
    "os.rename",
    "os.mkdir",
    "os.unlink",
    "os.ftruncate",
    "zipfile.write",
)
_GROWING = ("write", "pwrite", "fsync", "mkdir")
"""Those that need room on the disk."""

Moment = list[Any]
"""`["call", 17]`, `["event", "progress", 3]`, `["full", 17]` (a disk that is full from that call on), `["count"]`."""


class Forker:
    """The program, from outside."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            program("tests.forked"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, *arguments: str, kill: Moment | None = None) -> tuple[int, int]:
        """Runs a command; returns its exit code (or minus the signal that killed it), and the calls it made."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, "kill": kill}) + "\n")
        self._process.stdin.flush()
        code, calls = json.loads(self._process.stdout.readline())
        return int(code), int(calls)


class _Killer:
    """Counts what happens in this process, and ends it with SIGKILL at a moment."""

    def __init__(self, moment: Moment | None) -> None:
        self.moment = moment
        self.calls = 0
        self._events: dict[str, int] = {}

    def call(self, function: Callable[..., Any], *, grows: bool) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.moment == ["call", self.calls]:
                os.kill(os.getpid(), signal.SIGKILL)
            if (
                self.moment is not None
                and self.moment[0] == "full"
                and self.moment[1] <= self.calls
                and grows
            ):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return function(*arguments, **options)

        return counted

    def event(self, kind: str) -> None:
        self._events[kind] = self._events.get(kind, 0) + 1
        if self.moment == ["event", kind, self._events[kind]]:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Watches the functions of this process, which is a child that ends with its command."""
        import zipfile

        from nnrun.rundir.recorder import Recorder

        for name in CALLS:
            module, _, attribute = name.partition(".")
            if module == "os":
                setattr(os, attribute, self.call(getattr(os, attribute), grows=attribute in _GROWING))
        # Arrays and models are written through it, in pieces.
        setattr(zipfile._ZipWriteFile, "write", self.call(zipfile._ZipWriteFile.write, grows=True))  # type: ignore[attr-defined]  # noqa: B010
        record = Recorder.__call__

        def heard(recorder: Recorder, event: Any) -> None:
            self.event(event.kind)
            record(recorder, event)

        Recorder.__call__ = heard  # type: ignore[method-assign]


def main() -> None:
    """Forks a child for each line of stdin, and prints how it ended."""
    import sklearn.datasets  # noqa: F401

    from nnrun.cli.main import run
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    import nnrun.training.session

    assert nnrun.training.session
    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            killer = _Killer(request["kill"])
            write = os.write
            killer.install()
            code = run(request["arguments"])
            write(writing, str(killer.calls).encode())
            os._exit(code)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        calls = os.read(reading, 100)
        os.close(reading)
        sys.stdout.write(json.dumps([os.waitstatus_to_exitcode(status), int(calls or 0)]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
