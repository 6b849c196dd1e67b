"""The files of a table: which they are, and their bytes, unpacked. Free of NumPy, so that `check` can ask too."""

from __future__ import annotations

import glob
import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from nnrun.errors import DataError

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

_Given = TypeVar("_Given")
_Read = TypeVar("_Read", bytes, int)

_RELATIVE = "dataset.path is relative to the folder of the config"


class UnreadableError(DataError):
    """A file is not there, or it is nothing that can be read."""


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How the text files of a table are written.

    Args:
        delimiter: The character between two fields.
        header: Whether the first row holds the names of the columns.
        quotes: Whether double quotes enclose cells; otherwise they are text as any other.
    """

    delimiter: str = ","
    header: bool = True
    quotes: bool = True


def table_files(path: str | Sequence[str]) -> tuple[str, ...]:
    """Returns the files that a path, a pattern such as `2024-*.csv`, or a list of both means.

    Those of a pattern come in the order of their names.

    Raises:
        DataError: One is not there, or nothing fits a pattern.
    """
    entries = [path] if isinstance(path, str) else list(path)
    return tuple(file for entry in entries for file in _files_of(entry))


def check_once(files: Iterable[str]) -> None:
    """Refuses a list of files that names one twice.

    Raises:
        DataError: With the file.
    """
    seen: set[Path] = set()
    for file in files:
        real = Path(file).resolve()
        if real in seen:
            raise DataError(f"dataset.path: {file} is named twice", "its rows would count twice")
        seen.add(real)


def _files_of(entry: str) -> Iterable[str]:
    try:
        if Path(entry).is_file():
            return [entry]
        if Path(entry).is_dir():
            raise DataError(
                f"{entry} is a folder", f"write {entry.rstrip('/')}/*.csv for all CSV files in it"
            )
        if Path(entry).exists():
            raise DataError(f"{entry} is no file that a table can be read from")
    except (OSError, ValueError) as error:  # such as a name that is too long, or with a NUL
        raise DataError(f"{entry} cannot be read: {error}") from error
    if not glob.has_magic(entry):
        raise UnreadableError(f"{entry}: no such file", _RELATIVE)
    # `Path.glob` takes no absolute patterns.
    matches = glob.glob(entry, recursive=True)  # noqa: PTH207
    found = sorted(file for file in matches if Path(file).is_file())
    if not found:
        raise UnreadableError(f"no file fits {entry}", _RELATIVE)
    return found


def is_parquet(file: str) -> bool:
    """Whether a file is Parquet, by its first bytes."""
    with _open(file) as stream:
        return stream.read(len(_PARQUET)) == _PARQUET


class TextStream(io.RawIOBase):
    """The bytes of a text file, unpacked if they are gzip, without a byte-order mark.

    Args:
        file: The file.

    Raises:
        DataError: It cannot be opened or, at any later time, read; or it is UTF-16.
    """

    def __init__(self, file: str) -> None:
        super().__init__()
        self._file = file
        self._raw = _open(file)
        self._stream: Any = self._raw
        try:
            packed = self._raw.peek(2)[:2] == _GZIP
            if packed:
                self._stream = gzip.GzipFile(fileobj=self._raw)
            self._start = self._read(len(_BYTE_ORDER_MARK))
            if self._start.startswith(_UTF_16):
                raise UnreadableError(
                    f"{file} is UTF-16 text", "save it as UTF-8, which Excel calls 'CSV UTF-8'"
                )
        except DataError:
            self.close()
            raise
        self._start = self._start.removeprefix(_BYTE_ORDER_MARK)
        self.size = None if packed else Path(file).stat().st_size
        """Bytes of the file; None where it is packed."""

    def readable(self) -> bool:
        """Returns whether it can be read, for `io`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads bytes into a buffer, and returns how many: fewer than there is room for only at the end."""
        if not self._start:
            read: Callable[[Any], int] = self._stream.readinto
            return self._checked(read, buffer)
        data = self.take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def share(self) -> float:
        """Returns how much of the file is read, packed or not, from 0 to 1."""
        return 1.0 if self._raw.closed else self._raw.tell() / max(os.fstat(self._raw.fileno()).st_size, 1)

    def take(self, size: int) -> bytes:
        """Returns the next bytes: so many, but for the end of the file."""
        start, self._start = self._start[:size], self._start[size:]
        rest = self._read(size - len(start)) if size > len(start) else b""
        return start + rest if start else rest

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()
        self._raw.close()
        super().close()

    def _read(self, size: int) -> bytes:
        read: Callable[[int], bytes] = self._stream.read
        return self._checked(read, size)

    def _checked(self, read: Callable[[_Given], _Read], given: _Given) -> _Read:
        try:
            return read(given)
        except EOFError as error:
            raise UnreadableError(
                f"{self._file}: the gzip data break off", "the file is not complete"
            ) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise UnreadableError(f"{self._file} is damaged: {error}") from error
        except OSError as error:
            raise UnreadableError(f"{self._file} cannot be read: {error.strerror or error}") from error


def _open(file: str) -> io.BufferedReader:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise UnreadableError(f"{file} cannot be read: {error.strerror}") from error
