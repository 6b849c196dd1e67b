"""Many batches in one call of a graph: the reason why nnrun trains faster than `model.fit`.

`fit` returns to Python after every batch and converts its metrics. Here a loop inside one `tf.function` calls
Keras's own `train_step` or `test_step` over tensors that already are on the device. The batch dimension stays
unknown while tracing, as it is in `fit`, so one trace serves the last short batch too, and the bits are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from nnrun.training.batches import DeviceData

StepFunction = Callable[[tuple[tf.Tensor, ...]], dict[str, tf.Tensor]]


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What came out of some batches.

    Args:
        step: Batches done so far in this epoch; less than asked for where training halted.
        finite: Whether the running loss is finite.
        metrics: Running values since the start of the epoch, as Keras names them.
    """

    step: int
    finite: bool
    metrics: dict[str, Any]


class ChunkFunction:
    """Runs any stretch of the batches of one data set; with the first batch, the metrics start from zero.

    Args:
        step: `model.train_step` or `model.test_step`.
        model: The compiled model.
        data: The data set; the function is traced for its shapes.
        jit_compile: Compile each step with XLA.
        halt: Stop after the first batch that makes the running loss infinite or NaN.
        at_start: Traced into the graph, before the first batch of an epoch.
    """

    def __init__(
        self,
        step: StepFunction,
        model: keras.Model,
        data: DeviceData,
        *,
        jit_compile: bool,
        halt: bool,
        at_start: Callable[[], None] | None = None,
    ) -> None:
        self.model = model
        self.data = data
        if jit_compile:
            step = tf.function(step, jit_compile=True, autograph=False)
        size, samples = data.batch_size, data.samples

        def begin() -> tf.Operation:
            if at_start is not None:
                at_start()
            model.reset_metrics()
            return tf.no_op()

        def run(
            tensors: tuple[tf.Tensor, ...], order: tf.Tensor, start: tf.Tensor, stop: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, dict[str, tf.Tensor]]:
            def more(position: tf.Tensor, finite: tf.Tensor) -> tf.Tensor:
                return tf.logical_and(position < stop, finite) if halt else position < stop

            def one(position: tf.Tensor, finite: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                del finite
                chosen = order[position * size : tf.minimum((position + 1) * size, samples)]
                logs = step(tuple(tf.gather(tensor, chosen) for tensor in tensors))
                # The running mean of the loss stays non-finite from the first batch that was.
                return position + 1, tf.reduce_all(tf.math.is_finite(logs["loss"]))

            # Within the graph this costs nothing; variable by variable from Python it would be a tenth of a tiny epoch.
            tf.cond(tf.equal(start, 0), begin, tf.no_op)
            position, finite = tf.while_loop(more, one, [start, tf.constant(True)], parallel_iterations=1)
            return position, finite, model.get_metrics_result()

        self.function = tf.function(run, autograph=False)

    def trace(self) -> None:
        """Builds the graph without running it, so that its time can be told from training."""
        zero = tf.constant(0)
        order = tf.zeros([self.data.samples], tf.int32)
        self.function.get_concrete_function(self.data.tensors, order, zero, zero)

    def __call__(self, order: tf.Tensor, start: int, stop: int) -> ChunkResult:
        """Runs the batches from `start` up to but without `stop`.

        Args:
            order: Indices of all samples in the order of this epoch, shape `(samples,)`.
            start: First batch, from 0.
            stop: One past the last batch.
        """
        position, finite, metrics = self.function(
            self.data.tensors, order, tf.constant(start), tf.constant(stop)
        )
        values = {name: _to_python(value) for name, value in metrics.items()}
        return ChunkResult(int(position), bool(finite), values)


def _to_python(value: tf.Tensor) -> Any:
    array = value.numpy()
    return float(array) if array.ndim == 0 else array
