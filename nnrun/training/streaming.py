"""A split that does not fit into memory: read piece by piece, the next one while the network trains on this one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nnrun.training.batches import DeviceData, Feed, resident

PIECE_BYTES = 1 << 25
"""A piece holds about so many bytes of inputs; at most three are in memory at a time."""


@dataclass(frozen=True)
class StreamedData:
    """A split that is read in pieces of whole batches; all pieces have one shape, so that one graph serves all.

    Args:
        arrays: `(x, y)` or `(x, y, sample_weight)`; `x` may lie in a file.
        samples: How many samples there are.
        batch_size: Samples per batch; the last batch of an epoch may hold fewer.
        piece_steps: Batches per piece.
    """

    arrays: tuple[Any, ...]
    samples: int
    batch_size: int
    piece_steps: int

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return -(-self.samples // self.batch_size)

    @property
    def _piece_rows(self) -> int:
        return self.piece_steps * self.batch_size

    def example(self) -> Feed:
        """Returns a feed of zeros."""
        shapes = [(self._piece_rows, *array.shape[1:]) for array in self.arrays]
        tensors = [np.zeros(shape, array.dtype) for shape, array in zip(shapes, self.arrays, strict=True)]
        return self._feed(tensors, 0, 0)

    def feeds(self, order: NDArray[np.int32]) -> Iterator[Feed]:
        """Yields the pieces of an epoch; the next one is read meanwhile."""
        size = self._piece_rows
        with ThreadPoolExecutor(1, thread_name_prefix="nnrun-data") as reader:
            waiting = reader.submit(self._read, order[:size])
            for start in range(0, self.samples, size):
                arrays = waiting.result()
                if start + size < self.samples:
                    waiting = reader.submit(self._read, order[start + size : start + 2 * size])
                yield self._feed(arrays, start, min(size, self.samples - start))

    def _read(self, chosen: NDArray[np.int32]) -> list[NDArray[Any]]:
        arrays = []
        missing = self._piece_rows - len(chosen)
        for array in self.arrays:
            read = array[chosen]
            if missing:
                read = np.concatenate([read, np.zeros((missing, *read.shape[1:]), read.dtype)])
            arrays.append(read)
        return arrays

    def _feed(self, arrays: list[NDArray[Any]], start: int, rows: int) -> Feed:
        positions = np.arange(self._piece_rows, dtype=np.int32)
        tensors = tuple(tf.convert_to_tensor(array) for array in arrays)
        steps = -(-rows // self.batch_size)
        return Feed(tensors, tf.convert_to_tensor(positions), rows, start // self.batch_size, steps)


def streamed(arrays: tuple[Any, ...], batch_size: int) -> StreamedData:
    """Returns a split that is read piece by piece; see `nnrun.training.batches.resident`."""
    batch_bytes = batch_size * max(1, arrays[0].nbytes // len(arrays[0]))
    steps = -(-len(arrays[0]) // batch_size)
    return StreamedData(arrays, len(arrays[0]), batch_size, max(1, min(steps, PIECE_BYTES // batch_bytes)))


def to_device(arrays: tuple[Any, ...], batch_size: int, allowed: int) -> DeviceData:
    """Moves a split to the device as a whole where it fits, else piece by piece.

    Args:
        arrays: From `nnrun.training.batches.arrays_of`.
        batch_size: Samples per batch.
        allowed: Bytes that the inputs may take.
    """
    fits = arrays[0].nbytes <= allowed
    return resident(arrays, batch_size) if fits else streamed(arrays, batch_size)
