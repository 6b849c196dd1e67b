"""The arrays of a split as tensors on the device, from which the graph gathers its batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    arrays: list[NDArray[np.generic]] = [split.x, split.y]
    if class_weight is not None and split.class_index is not None:
        table = np.ones(int(split.class_index.max()) + 1, dtype=np.float32)
        for index, weight in class_weight.items():
            if index < len(table):
                table[index] = weight
        arrays.append(table[split.class_index])
    return DeviceData(tuple(tf.convert_to_tensor(array) for array in arrays), len(split), batch_size)
