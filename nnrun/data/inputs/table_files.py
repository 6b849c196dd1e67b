"""The rows of a table in a file, text or Parquet, in blocks of constant size."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnrun.data.inputs import STDIN
from nnrun.data.inputs.csv_blocks import CsvBlocks
from nnrun.errors import DataError

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"

_PARQUET_ROWS = 1 << 16


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows.

    Args:
        columns: The cells of each column, pyarrow arrays of the same length: texts, or typed values of Parquet.
        places: Number of each row in the file, from 1; the header of a text file counts.
        share: How much of the file is read now, from 0 to 1; None where that is not known.
    """

    columns: Sequence[Any]
    places: Sequence[int]
    share: float | None


class TextRows:
    """A text table.

    Args:
        path: The file, or `-`.
        file: Its bytes.
        delimiter: What stands between two cells.
        header: Whether the first row has the names of the columns.
    """

    def __init__(self, path: str, file: CheckedFile, delimiter: str, *, header: bool) -> None:
        self._file = file
        self.path = label(path)
        self._blocks = CsvBlocks(file, self.path, delimiter, header=header)
        self.cells = self._blocks.first
        """The first row: the names of the columns, where there is a header."""

    def __iter__(self) -> Iterator[Rows]:
        """Yields the rows after the header; once."""
        for block in self._blocks:
            yield Rows(block.columns, block.places(), self._file.share())


class ParquetRows:
    """A table in a Parquet file, of which only the columns are read that are asked for.

    Args:
        path: The file; closed by `close`.
    """

    def __init__(self, path: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet

        self.path = path
        try:
            self._file = pa.parquet.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise _no_parquet(path, error) from error
        self.cells = tuple(self._file.schema_arrow.names)
        """The names of the columns."""
        self.wanted: list[int] = list(range(len(self.cells)))
        """The columns to read; the others are empty in what is yielded."""

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Rows]:
        """Yields the rows."""
        import pyarrow as pa

        total = self._file.metadata.num_rows
        start = 0
        names = [self.cells[number] for number in self.wanted]
        try:
            for batch in self._file.iter_batches(_PARQUET_ROWS, columns=names):
                columns: list[Any] = [None] * len(self.cells)
                for number, name in zip(self.wanted, names, strict=True):
                    columns[number] = batch.column(name)
                stop = start + batch.num_rows
                yield Rows(columns, range(start + 1, stop + 1), stop / max(total, 1))
                start = stop
        except (pa.ArrowException, OSError) as error:
            raise _no_parquet(self.path, error) from error


def _no_parquet(path: str, error: BaseException) -> DataError:
    return DataError(
        f"{path} cannot be read as Parquet: {error}", "the file is damaged: write or fetch it again"
    )


def is_parquet(path: str) -> bool:
    """Whether a file is Parquet, by its first bytes.

    Raises:
        DataError: There is no such file, or it cannot be read.
    """
    if path == STDIN:
        return False
    try:
        with Path(path).open("rb") as file:
            return file.read(len(_PARQUET)) == _PARQUET
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def label(path: str) -> str:
    """Returns how to call an input in messages."""
    return "standard input" if path == STDIN else path


def unreadable(path: str, error: Exception) -> DataError:
    """Returns the error for a file that cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path}: no such file")
    if isinstance(error, IsADirectoryError):
        return DataError(f"{path} is a folder", "give a file in it")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DataError(f"{label(path)} cannot be read: {reason}")


class CheckedFile:
    """Bytes of a file whose faults are told as those of data.

    Args:
        path: The file, for messages.
        raw: The file as it is.
        content: The same, unpacked if it is gzip.
        size: Bytes of the file as it is; None where that is not known.
    """

    def __init__(self, path: str, raw: Any, content: Any, size: int | None) -> None:
        self._path, self._raw, self._content, self._size = path, raw, content, size

    def read(self, size: int) -> bytes:
        """Reads so many bytes, fewer only at the end."""
        try:
            data: bytes = self._content.read(size)
        except EOFError as error:
            raise DataError(
                f"{label(self._path)}: the gzip data break off", "the file is not complete"
            ) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{label(self._path)} is damaged: {error}") from error
        except OSError as error:
            raise unreadable(self._path, error) from error
        return data

    def share(self) -> float | None:
        """Returns how much of the file is read, from 0 to 1; None where that is not known."""
        return None if self._size is None else self._raw.tell() / max(self._size, 1)


@contextmanager
def opened(path: str) -> Iterator[CheckedFile]:
    """Opens a file, or the standard input for `-`; what is packed with gzip is unpacked.

    Raises:
        DataError: It cannot be opened.
    """
    try:
        raw: Any = sys.stdin.buffer if path == STDIN else Path(path).open("rb")  # noqa: SIM115 - closed below
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    try:
        try:
            packed = raw.peek(len(_GZIP))[: len(_GZIP)] == _GZIP
            size = None if path == STDIN else os.fstat(raw.fileno()).st_size
        except OSError as error:
            raise unreadable(path, error) from error
        yield CheckedFile(path, raw, gzip.GzipFile(fileobj=raw) if packed else raw, size)
    finally:
        if path != STDIN:
            raw.close()
