"""A split that does not fit into memory: read piece by piece, the next one while the network trains on this one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nnrun.data.rows import MappedRows
from nnrun.training.batches import DeviceData, Feed, resident
from nnrun.training.buffers import Buffer

PIECE_BYTES = 1 << 24
"""A piece holds about so many bytes of inputs; two are in memory at a time."""

_FIRST = 8
"""The first piece of an epoch is so many times shorter."""


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
        """Returns a feed of the shapes and types that all others have; what is in it is used for nothing."""
        return self._feed(self._buffers[0], np.arange(self._piece_rows, dtype=np.int32), 0, 0)

    def feeds(self, order: NDArray[np.int32]) -> Iterator[Feed]:
        """Yields the pieces of an epoch, each of which is gone when the next one is asked for."""
        # Nothing can be trained while the first one is read, so it is a short one.
        first = max(1, self.piece_steps // _FIRST) * self.batch_size
        starts = [0, *range(first, self.samples, self._piece_rows), self.samples]
        with ThreadPoolExecutor(1, thread_name_prefix="nnrun-data") as reader:
            waiting = None
            for number, (start, stop) in enumerate(pairwise(starts)):
                # Whoever asks for a piece is done with the one before, whose place the next one takes.
                following = reader.submit(self._read, order[start:stop], start, self._buffers[number % 2])
                if waiting is not None:
                    yield waiting.result()
                waiting = following
            if waiting is not None:
                yield waiting.result()

    @cached_property
    def _buffers(self) -> tuple[list[Buffer], list[Buffer]]:
        def buffers() -> list[Buffer]:
            return [Buffer((self._piece_rows, *array.shape[1:]), array.dtype) for array in self.arrays]

        return buffers(), buffers()

    def _read(self, chosen: NDArray[np.int32], start: int, buffers: list[Buffer]) -> Feed:
        positions = np.arange(self._piece_rows, dtype=np.int32)
        if isinstance(self.arrays[0], MappedRows):
            # The samples stay as they lie in the file; the graph takes them in the order of the epoch.
            in_file = self.arrays[0].file_order(chosen)
            positions[in_file] = positions[: len(chosen)].copy()
            chosen = chosen[in_file]
        for array, buffer in zip(self.arrays, buffers, strict=True):
            rows = buffer.array[: len(chosen)]
            if isinstance(array, MappedRows):
                array.read_into(rows, chosen)
            else:
                # Nothing is outside; `clip` spares a copy.
                np.take(array, chosen, axis=0, out=rows, mode="clip")
        return self._feed(buffers, positions, start, len(chosen))

    def _feed(self, buffers: list[Buffer], positions: NDArray[np.int32], start: int, rows: int) -> Feed:
        tensors = tuple(buffer.on_device() for buffer in buffers)
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
