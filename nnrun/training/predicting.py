"""The outputs of a network for any number of samples, many batches in one call of a graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nnrun.data.rows import Inputs
from nnrun.errors import DataError, TrainingError
from nnrun.training.building import one_line

_BATCH_BYTES = 1 << 23
"""The widest layer may put out so much for one batch; what fits the caches of a processor is quicker."""

_MOST = 1024
"""Samples per batch, at most: more are not quicker."""

_LANES = 16
"""Samples per batch are a multiple of it: so many numbers fit the widest vectors of a processor."""

_CALL_BYTES = 1 << 26
"""Inputs and outputs of one call of the graph take about so much, at most."""


def fitting_batch_size(model: keras.Sequential, trained: int) -> int:
    """Returns how many samples a batch should have where the user does not say.

    It follows from the layers alone, so that a run predicts in the same way everywhere.

    Args:
        model: The built network.
        trained: The batch size of the training, which did fit the memory.
    """
    widest = max(_output_bytes(layer) for layer in model.layers)
    return _whole_lanes(max(trained, min(_MOST, _BATCH_BYTES // max(widest, 1))))


def _output_bytes(layer: keras.layers.Layer) -> int:
    size = 1
    for length in layer.output.shape[1:]:
        size *= length or 1
    return size * 4


class Predictor:
    """Runs a network over samples, without dropout and the like.

    What it says about a sample does not depend on the samples beside it, to the last bit. TensorFlow multiplies in
    another order where a batch has one sample, and computes functions such as `tanh` in another way for the numbers at
    the end that fill no vector of the processor. So every batch is filled up with repetitions of its last sample.

    Args:
        model: The network, built.
        batch_size: Samples per batch; rounded up to what fills vectors.
    """

    def __init__(self, model: keras.Sequential, batch_size: int) -> None:
        self._size = batch_size = _whole_lanes(batch_size)
        sample = 4 * int(np.prod(model.input_shape[1:]) + np.prod(_known(model.output_shape[1:])))
        self._rows = batch_size * max(1, _CALL_BYTES // max(1, sample * batch_size))

        def run(x: tf.Tensor) -> tf.Tensor:
            count = tf.shape(x)[0]
            steps = -(-count // batch_size)

            def one(step: tf.Tensor, outputs: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
                batch = x[step * batch_size : tf.minimum((step + 1) * batch_size, count)]
                return step + 1, outputs.write(step, model(batch, training=False))

            outputs = tf.TensorArray(
                model.outputs[0].dtype, size=steps, infer_shape=False, element_shape=model.output_shape
            )
            _, outputs = tf.while_loop(
                lambda step, outputs: step < steps,  # noqa: ARG005 - TensorFlow passes both
                one,
                [tf.constant(0), outputs],
                parallel_iterations=1,
            )
            return outputs.concat()

        signature = tf.TensorSpec(model.input_shape, model.inputs[0].dtype)
        self._function = tf.function(run, input_signature=[signature], autograph=False)

    @property
    def batch_size(self) -> int:
        """Samples per batch."""
        return self._size

    def __call__(self, x: Inputs) -> NDArray[np.float32]:
        """Returns the outputs for samples of shape `(samples, ...)`, in their order: shape `(samples, ...)`."""
        parts = list(self.parts(x))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def parts(self, x: Inputs) -> Iterator[NDArray[Any]]:
        """Yields the outputs piece by piece; what lies in a file is read piece by piece, too."""
        for start in range(0, max(len(x), 1), self._rows):
            piece = x[start : start + self._rows]
            yield self._outputs(piece)

    def _outputs(self, x: NDArray[Any]) -> NDArray[Any]:
        count = len(x)
        lacking = -count % _LANES
        if lacking:
            x = np.concatenate([x, np.repeat(x[-1:], lacking, axis=0)])
        try:
            outputs: NDArray[Any] = self._function(tf.convert_to_tensor(x)).numpy()
        except tf.errors.InvalidArgumentError as error:
            raise DataError(
                f"The network cannot take a value in the data: {one_line(error)}",
                "Token numbers must be below `input_dim` of Embedding.",
            ) from error
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise TrainingError(
                f"Memory ran out: {one_line(error)}", "Try fewer samples per step, with --batch-size."
            ) from error
        return outputs[:count]


def _whole_lanes(samples: int) -> int:
    return -(-samples // _LANES) * _LANES


def _known(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(length or 1 for length in shape)
