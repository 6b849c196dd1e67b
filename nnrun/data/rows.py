"""Samples that are read from a memory-mapped array, and prepared for the network, when they are asked for."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

REGION_BYTES = 1 << 21
"""Linux may bring so much of a file into the memory of a process for a single row that is read."""

REGIONS_AT_ONCE = 64
"""So many of these regions are touched before all of them are given back."""

BYTES_AT_ONCE = 1 << 21
"""So many bytes of rows are prepared while they are in the cache of the processor."""

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
        prepare_into: The same, written to an array, where that can be done without a copy.
    """

    source: NDArray[Any]
    rows: NDArray[np.int64]
    prepare: Callable[[NDArray[Any]], NDArray[Any]] = np.asarray
    prepare_into: Callable[[NDArray[Any], NDArray[Any]], object] | None = None
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
        wanted = self.rows[chosen]
        result = np.empty((len(wanted), *self.sample_shape), self.dtype)
        self.read_into(result, chosen)
        return result

    def read_into(self, result: NDArray[Any], chosen: slice | NDArray[np.integer[Any]]) -> None:
        """Reads and prepares some samples, in the order of the file, which is several times as fast on a disk.

        Args:
            result: Gets the samples, shape `(chosen, ...)`.
            chosen: A slice, or an array of positions.
        """
        wanted = self.rows[chosen]
        order = self.file_order(chosen)
        in_order = bool(np.array_equal(order, np.arange(len(order))))
        size = max(1, BYTES_AT_ONCE // max(1, result[:1].nbytes))
        for first, last in self._stretches(wanted[order]):
            for start in range(first, last, size):
                stop = min(start + size, last)
                places = slice(start, stop) if in_order else order[start:stop]
                raw = self.source[wanted[places]]
                if in_order and self.prepare_into is not None:
                    self.prepare_into(raw, result[places])
                else:
                    result[places] = self.prepare(raw)
            _release(self.source)

    def _stretches(self, wanted: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Divides rows in the order of the file where `REGIONS_AT_ONCE` are full."""
        if not len(wanted) or not is_mapped(self.source):
            yield 0, len(wanted)
            return
        row_bytes = self.source.nbytes // max(1, len(self.source))
        regions = wanted * row_bytes // REGION_BYTES
        touched = np.cumsum(np.diff(regions, prepend=regions[0]) != 0)
        ends = np.flatnonzero(np.diff(touched // REGIONS_AT_ONCE)) + 1
        yield from pairwise([0, *ends.tolist(), len(wanted)])

    def file_order(self, chosen: slice | NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Returns in which order some samples lie in the file, as positions among them; in memory any order is good.

        Args:
            chosen: A slice, or an array of positions.
        """
        wanted = self.rows[chosen]
        return np.argsort(wanted, kind="stable") if is_mapped(self.source) else np.arange(len(wanted))

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
