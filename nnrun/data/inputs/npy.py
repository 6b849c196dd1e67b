"""Arrays of NumPy in files, read from their beginning to their end in pieces: compressed ones too.

`numpy.load` unpacks an array of an `.npz` file as a whole. Arrays of objects
are refused by whoever reads: nothing here runs pickled code.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from nnrun.errors import DataError

_DAMAGED = (ValueError, EOFError, OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What NumPy and `zipfile` raise for files that are no such file, or damaged ones."""

_MAX_HEADER = 10_000
"""Bytes of a header, at most: NumPy's own limit, as it is parsed as Python."""


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """An array in a file.

    Args:
        path: The file.
        name: Name of the array in an `.npz` file; empty for `.npy`.
        shape: Its shape.
        dtype: Type of its values.
        fortran_order: Whether the first index changes fastest, so that a sample does not lie in one piece.
    """

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool

    @property
    def label(self) -> str:
        """How to call it in a message."""
        return f"{self.path}, array '{self.name}'" if self.name else str(self.path)

    def pieces(self, rows: int) -> Iterator[NDArray[Any]]:
        """Yields the array in pieces along its first axis.

        Args:
            rows: Samples of a piece, at most.

        Raises:
            DataError: The file is shorter than its header says, or damaged.
        """
        with _damage(self.label):
            if self.fortran_order:
                with np.load(self.path, allow_pickle=False) as loaded:
                    whole = loaded[self.name] if self.name else loaded
                for start in range(0, self.shape[0], rows):
                    yield whole[start : start + rows]
                return
            with _opened(self.path, self.name) as file:
                _header(file)
                one = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
                for start in range(0, self.shape[0], rows):
                    count = min(rows, self.shape[0] - start)
                    content = _read(file, count * one)
                    if len(content) < count * one:
                        raise DataError(
                            f"{self.label} ends after {start + len(content) // max(one, 1):,} of the "
                            f"{self.shape[0]:,} samples that its header says",
                            "the file is truncated: write or fetch it again",
                        )
                    yield np.frombuffer(content, self.dtype).reshape((count, *self.shape[1:]))


def arrays_in(path: Path) -> list[ArrayFile]:
    """Returns the arrays of an `.npy` or `.npz` file, from their headers.

    Args:
        path: The file.

    Raises:
        DataError: It is missing or damaged, or no such file.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    with _damage(str(path)):
        if path.suffix.lower() == ".npy":
            names = [""]
        else:
            with zipfile.ZipFile(path) as archive:
                names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        found: list[ArrayFile] = []
        for name in names:
            with _opened(path, name) as file:
                found.append(ArrayFile(path, name, *_header(file)))
        return found


@contextmanager
def _opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    if not name:
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as member:
        yield member


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """Reads shape, type and order of an array, and leaves the file where its values begin."""
    version = npy_format.read_magic(file)
    if version == (1, 0):
        shape, fortran_order, dtype = npy_format.read_array_header_1_0(file, max_header_size=_MAX_HEADER)
    elif version == (2, 0):
        shape, fortran_order, dtype = npy_format.read_array_header_2_0(file, max_header_size=_MAX_HEADER)
    else:
        raise ValueError(f"version {version[0]}.{version[1]} of the format is for records with names")
    return tuple(shape), dtype, fortran_order and len(shape) > 1


def _read(file: IO[bytes], size: int) -> bytes:
    """Reads so many bytes, fewer only at the end; a member of an archive may give less at a time."""
    content = io.BytesIO()
    while size > 0:
        part = file.read(min(size, 1 << 24))
        if not part:
            break
        content.write(part)
        size -= len(part)
    return content.getvalue()


@contextmanager
def _damage(label: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(
            f"{label} cannot be read as an array of NumPy: {reason or type(error).__name__}",
            "the file is damaged, or another one under this name",
        ) from error
