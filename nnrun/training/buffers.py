"""Memory that NumPy writes and TensorFlow reads: between the two, nothing is copied on a processor."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

_ALIGNMENT = 64
"""Bytes; TensorFlow ends the process where a tensor over foreign memory begins anywhere else."""


class Buffer:
    """An array that is filled again and again.

    Args:
        shape: Shape of the array.
        dtype: Type of its values.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        memory = np.zeros(size + _ALIGNMENT, np.uint8)
        start = -memory.ctypes.data % _ALIGNMENT
        self.array: NDArray[Any] = memory[start : start + size].view(dtype).reshape(shape)
        self._tensor = tf.experimental.dlpack.from_dlpack(self.array.__dlpack__())

    def on_device(self) -> tf.Tensor:
        """Returns what is in the array as a tensor, on a processor over the same memory.

        Until the tensor has been used, nothing else may be written to the array.
        """
        return tf.identity(self._tensor)
