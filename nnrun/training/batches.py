"""The arrays of a split as tensors on the device, from which the graph gathers its batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nnrun.data.splits import Split


@dataclass(frozen=True, slots=True)
class DeviceData:
    """A split on the device.

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


def to_device(split: Split, batch_size: int, class_weight: Mapping[int, float] | None = None) -> DeviceData:
    """Moves a split to the device.

    Args:
        split: The arrays.
        batch_size: Samples per batch.
        class_weight: Weight of each class number in the loss, 1 where one is missing; becomes a weight per
            sample, as in `keras.Model.fit`.
    """
    arrays: list[NDArray[Any]] = [np.asarray(split.x), split.y]
    weights = sample_weights(split, class_weight)
    if weights is not None:
        arrays.append(weights)
    return DeviceData(tuple(tf.convert_to_tensor(array) for array in arrays), len(split), batch_size)


def sample_weights(split: Split, class_weight: Mapping[int, float] | None) -> NDArray[np.float32] | None:
    """Returns how much each sample counts in the loss, shape `(samples,)`; None where all count the same.

    Args:
        split: The samples, with weights of their own or without.
        class_weight: Weight of each class number, 1 where one is missing; multiplies that of the sample.
    """
    if class_weight is None or split.class_index is None:
        return split.weights
    table = np.ones(int(split.class_index.max()) + 1, dtype=np.float32)
    for index, weight in class_weight.items():
        if index < len(table):
            table[index] = weight
    by_class: NDArray[np.float32] = table[split.class_index]
    return by_class if split.weights is None else by_class * split.weights
