"""Samples that are read from a memory-mapped array, and prepared for the network, when they are asked for."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 2048
"""Each row that is read brings up to 64 KiB around it into memory, until they are given back together."""

CHUNK_BYTES = 1 << 25
"""Whoever goes through mapped samples holds about so many bytes of them at a time."""


class Inputs(Protocol):
    """The inputs of a split: a NumPy array, or `MappedRows`, which behave as one where it is indexed."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, `(samples, ...)`."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""

    @property
    def nbytes(self) -> int:
        """Bytes that all of them take in memory."""

    def __len__(self) -> int:
        """Returns the number of samples."""

    def __getitem__(self, chosen: Any, /) -> Any:
        """Returns an array of the samples of a slice, or of an array of positions."""


@dataclass(frozen=True, slots=True)
class MappedRows:
    """Samples that lie in a memory-mapped array: nothing is held in memory but the positions.

    Args:
        source: The mapped array, shape `(samples of the source, ...)`, or chosen rows of one.
        rows: Positions of the samples in it, shape `(samples,)`.
        prepare: Turns raw samples into what the network sees; by default they stay as they are.
    """

    source: NDArray[Any]
    rows: NDArray[np.int64]
    prepare: Callable[[NDArray[Any]], NDArray[Any]] = np.asarray
    sample_shape: tuple[int, ...] = field(init=False)
    dtype: np.dtype[Any] = field(init=False)

    def __post_init__(self) -> None:
        if isinstance(self.source, MappedRows) and self.source.prepare is np.asarray:
            # One way from the file to the network, instead of two after each other.
            object.__setattr__(self, "rows", self.source.rows[self.rows])
            object.__setattr__(self, "source", self.source.source)
        one = self.prepare(np.asarray(self.source[:1]))
        object.__setattr__(self, "sample_shape", one.shape[1:])
        object.__setattr__(self, "dtype", one.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all samples as the network sees them."""
        return (len(self.rows), *self.sample_shape)

    @property
    def nbytes(self) -> int:
        """Bytes that all samples would take in memory, as the network sees them."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def __len__(self) -> int:
        """Returns the number of samples."""
        return len(self.rows)

    def __getitem__(self, chosen: slice | NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Reads and prepares some samples.

        Args:
            chosen: A slice, or an array of positions.
        """
        return self.prepare(_read(self.source, self.rows[chosen]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Returns all samples as an array, for NumPy."""
        if copy is False:
            raise ValueError("mapped rows are always copied")
        result = np.empty(self.shape, self.dtype)
        for start, stop in chunks(self):
            result[start:stop] = self[start:stop]
        return result if dtype is None else result.astype(dtype)


def prepared(
    x: NDArray[Any], rows: NDArray[np.int64], prepare: Callable[[NDArray[Any]], NDArray[Any]]
) -> NDArray[Any]:
    """Returns samples as the network sees them, prepared in pieces, so that large raw ones are not there twice.

    Args:
        x: Raw samples, shape `(samples, ...)`.
        rows: Positions of the wanted ones, shape `(wanted,)`.
        prepare: Turns raw samples into what the network sees.
    """
    size = max(1, CHUNK_BYTES // max(1, x.nbytes // max(1, len(x))))
    if len(rows) <= size:
        return prepare(x[rows])
    first = prepare(x[rows[:size]])
    result = np.empty((len(rows), *first.shape[1:]), first.dtype)
    result[:size] = first
    for start in range(size, len(rows), size):
        result[start : start + size] = prepare(x[rows[start : start + size]])
    return result


def _read(source: NDArray[Any], wanted: NDArray[np.int64]) -> NDArray[Any]:
    """Returns some rows of a mapped array, in the order of the file, which is several times as fast on a disk."""
    order = np.argsort(wanted, kind="stable")
    found = np.empty((len(wanted), *source.shape[1:]), source.dtype)
    for start in range(0, len(order), ROWS_AT_ONCE):
        places = order[start : start + ROWS_AT_ONCE]
        found[places] = source[wanted[places]]
        _release(source)
    return found


def _release(array: Any) -> None:
    """Gives the pages of a mapped array back, which count as memory of this process; the system may keep them."""
    while isinstance(array, np.ndarray):
        array = array.base
    if isinstance(array, mmap.mmap):
        array.madvise(mmap.MADV_DONTNEED)


def is_mapped(array: Any) -> bool:
    """Whether an array lies in a file instead of in memory, also as a part of another one."""
    if isinstance(array, MappedRows):
        return True
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def chosen(inputs: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Returns some samples of raw inputs; of those in a file, nothing is read: `MappedRows` stand in for an array."""
    return cast(NDArray[Any], MappedRows(inputs, rows)) if is_mapped(inputs) else inputs[rows]


def chunks(inputs: Inputs) -> Iterator[tuple[int, int]]:
    """Yields the bounds of pieces of about `CHUNK_BYTES`, in order, that make up all samples."""
    size = max(1, CHUNK_BYTES // max(1, inputs.nbytes // max(1, len(inputs))))
    for start in range(0, len(inputs), size):
        yield start, min(start + size, len(inputs))
