"""The arrays of a split as tensors on the device, from which the graph gathers its batches.

What fits lies on the device whole, as `ResidentData`; what does not is read piece by piece, as `StreamedData`. Both
hand out the same batches, so the results are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nnrun.data.splits import Split


@dataclass(frozen=True, slots=True)
class Feed:
    """Consecutive batches of an epoch, on the device.

    Args:
        tensors: `(x, y)` or `(x, y, sample_weight)`, each of shape `(samples, ...)`.
        order: Positions in the tensors, batch by batch, shape `(samples,)`.
        rows: How many of `order` are used; the others fill a piece up to its size.
        first: Number of the first batch in the epoch, from 0.
        steps: How many batches these are.
    """

    tensors: tuple[tf.Tensor, ...]
    order: tf.Tensor
    rows: int
    first: int
    steps: int


class DeviceData(Protocol):
    """A split on its way to the device."""

    @property
    def samples(self) -> int:
        """How many samples there are."""

    @property
    def batch_size(self) -> int:
        """Samples per batch; the last batch of an epoch may hold fewer."""

    @property
    def steps(self) -> int:
        """Batches per epoch."""

    def example(self) -> Feed:
        """Returns a feed of the shapes and types that all others have."""

    def feeds(self, order: NDArray[np.int32]) -> Iterator[Feed]:
        """Yields all batches of an epoch, in the order of their numbers; a feed lasts until the next is asked for.

        Args:
            order: Indices of all samples in the order of this epoch, shape `(samples,)`.
        """


@dataclass(frozen=True)
class ResidentData:
    """A split that lies on the device whole.

    Args:
        tensors: `(x, y)` or `(x, y, sample_weight)`, each of shape `(samples, ...)`.
        samples: How many samples there are.
        batch_size: Samples per batch; the last batch of an epoch may hold fewer.
    """

    tensors: tuple[tf.Tensor, ...]
    samples: int
    batch_size: int

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return -(-self.samples // self.batch_size)

    def example(self) -> Feed:
        """Returns the only feed, in the order of the samples."""
        return self._feed(np.arange(self.samples, dtype=np.int32))

    def feeds(self, order: NDArray[np.int32]) -> Iterator[Feed]:
        """Yields one feed with all batches of an epoch."""
        yield self._feed(order)

    def _feed(self, order: NDArray[np.int32]) -> Feed:
        return Feed(self.tensors, tf.convert_to_tensor(order), self.samples, 0, self.steps)


def arrays_of(split: Split, class_weight: Mapping[int, float] | None = None) -> tuple[Any, ...]:
    """Returns what `fit` would be given: `(x, y)` or `(x, y, sample_weight)`; `x` may lie in a file.

    Args:
        split: Samples and labels.
        class_weight: Weight of each class number in the loss, 1 where one is missing; becomes a weight per
            sample, as in `keras.Model.fit`, and multiplies the one that a sample has.
    """
    weights = _sample_weights(split, class_weight)
    return (split.x, split.y) if weights is None else (split.x, split.y, weights)


def _sample_weights(split: Split, class_weight: Mapping[int, float] | None) -> NDArray[np.float32] | None:
    if class_weight is None or split.class_index is None:
        return split.weights
    table = np.ones(int(split.class_index.max()) + 1, dtype=np.float32)
    for index, weight in class_weight.items():
        if index < len(table):
            table[index] = weight
    by_class: NDArray[np.float32] = table[split.class_index]
    return by_class if split.weights is None else by_class * split.weights


def resident(arrays: tuple[Any, ...], batch_size: int) -> ResidentData:
    """Moves a split to the device.

    Args:
        arrays: From `arrays_of`.
        batch_size: Samples per batch.
    """
    tensors = tuple(tf.convert_to_tensor(np.asarray(array)) for array in arrays)
    return ResidentData(tensors, len(arrays[0]), batch_size)
