"""Files that grow by whole lines, such as logs: what is in them is complete, whatever happened while they grew."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from nnrun.rundir.atomic import as_utf8, storage_error, sync, sync_descriptor

_CHUNK = 1 << 20


class AppendFile:
    """A text file that only grows, by whole lines.

    A last line without its end, as a power failure can leave it, is cut off when the file is opened. A line
    that does not fit on the disk is taken back, so that the file always ends with a complete line. So is one that
    an exception (a signal) interrupted, by the next line: what `append` did not return from is not there.

    Args:
        path: The file, which nobody else writes; created if it does not exist.

    Raises:
        StorageError: It cannot be opened for writing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new_name = not path.exists()
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                self._end = self._cut_torn_line()
            except BaseException:
                os.close(self._descriptor)
                raise
        except OSError as error:
            raise storage_error(path, error) from error

    def _cut_torn_line(self) -> int:
        """Returns the end of the last complete line, after which there is nothing then."""
        size = os.fstat(self._descriptor).st_size
        end = size
        while end:
            start = max(0, end - _CHUNK)
            block = os.pread(self._descriptor, end - start, start)
            newline = block.rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end != size:
            os.ftruncate(self._descriptor, end)
        return end

    def append(self, line: str) -> None:
        r"""Appends one line.

        Args:
            line: The line, without its end; it holds no `\n`.

        Raises:
            StorageError: The line could not be stored; the file is as before.
        """
        data = as_utf8(line) + b"\n"
        try:
            end = self._take_back()
            try:
                while data:
                    # One call, but where a full disk or a size limit cuts it short; the next call tells which.
                    written = os.pwrite(self._descriptor, data, end)
                    data, end = data[written:], end + written
            except OSError:
                with suppress(OSError):  # else the next line does it
                    self._take_back()
                raise
        except OSError as error:
            raise storage_error(self._path, error) from error
        self._end = end

    def _take_back(self) -> int:
        """Removes what was written of a line that never became complete; returns where the next one goes."""
        size = os.fstat(self._descriptor).st_size
        if size > self._end:
            os.ftruncate(self._descriptor, self._end)
        elif size < self._end:
            # Somebody emptied it meanwhile.
            self._end = self._cut_torn_line()
        return self._end

    def sync(self) -> None:
        """Returns when all lines are safe from a power failure.

        Raises:
            StorageError: The disk failed to store them.
        """
        try:
            sync_descriptor(self._descriptor)
            if self._new_name:
                sync(self._path.parent)
                self._new_name = False
        except OSError as error:
            raise storage_error(self._path, error) from error

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
