"""What the workers beside the chief print: kept in the run directory, as soon as there is one."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from nnrun.errors import StorageError
from nnrun.rundir.append_file import AppendFile

_KEPT_LINES = 1_000
"""Lines that wait for the run directory; earlier ones are dropped."""

_LONGEST = 1 << 16
"""Bytes of a line; a longer one is cut in pieces."""

_LOGGED = re.compile(r"[IWE][0-9]{4} [0-9:.]+ |WARNING: All log messages before absl")
"""How lines begin that TensorFlow logs."""


class WorkerOutput:
    """Reads what a process prints, in a thread of its own, as the process would stop when nobody read it.

    Args:
        index: Number of the worker; the file is `train-worker-INDEX.log`.
        stream: The other end of its standard output and error.
    """

    def __init__(self, index: int, stream: IO[bytes]) -> None:
        self.name = f"train-worker-{index}.log"
        self.problem: StorageError | None = None
        self._stream = stream
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._file: AppendFile | None = None
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name=f"nnrun-worker-{index}", daemon=True)
        self._reader.start()

    def keep_in(self, run: Path) -> None:
        """Writes what came so far, and what comes from now on, into a file in the run directory."""
        with self._lock:
            try:
                self._file = AppendFile(run / self.name)
                for line in self._lines:
                    self._file.append(line)
            except StorageError as error:
                self._give_up(error)

    def last_words(self, count: int) -> list[str]:
        """Returns the last lines that were printed by Python: what the libraries log about the machine is no reason."""
        with self._lock:
            return [line for line in self._lines if _LOGGED.match(line) is None][-count:]

    def finish(self) -> None:
        """Reads to the end, which is there when the process has ended, and closes the file."""
        # A process that the worker started, and that outlives it, may hold the stream open.
        self._reader.join(timeout=5)
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _read(self) -> None:
        with self._stream:
            while line := self._stream.readline(_LONGEST):
                text = line.decode("utf-8", errors="replace").rstrip("\n")
                with self._lock:
                    self._lines.append(text)
                    if self._file is not None:
                        try:
                            self._file.append(text)
                        except StorageError as error:
                            self._give_up(error)

    def _give_up(self, error: StorageError) -> None:
        """Goes on reading, without a file: a log is not worth a training."""
        self.problem = error
        if self._file is not None:
            self._file.close()
            self._file = None


def follow_run(descriptor: int, outputs: Sequence[WorkerOutput]) -> threading.Thread:
    """Starts to listen for the run directory, of which the chief tells when it has made it.

    Args:
        descriptor: Where it tells; closed when it has ended.
        outputs: What is then kept there.
    """

    def listen() -> None:
        with os.fdopen(descriptor, "rb") as told:
            for line in told:
                for output in outputs:
                    output.keep_in(Path(os.fsdecode(line.rstrip(b"\n"))))

    listener = threading.Thread(target=listen, name="nnrun-launcher", daemon=True)
    listener.start()
    return listener
