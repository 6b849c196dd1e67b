"""Many batches in one call of a graph: the reason why nnrun trains faster than `model.fit`.

`fit` returns to Python after every batch and converts its metrics. Here a loop inside one `tf.function` calls
Keras's own `train_step` or `test_step` over tensors that already are on the device.

The bits are those of `fit` with the same `jit_compile`, which takes two things. TensorFlow folds more constants where
it knows the size of a batch, and `fit` lets it know only where all batches have the same size: so does the loop. And
XLA compiles each size of a batch for itself; here it compiles the whole loop, with the short last batch behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.training.batches import DeviceData, Feed

StepFunction = Callable[[tuple[tf.Tensor, ...]], dict[str, tf.Tensor]]

_State = tuple[tf.Tensor, tf.Tensor]
"""Position of the next batch, and whether the running loss is finite."""


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What came out of some batches.

    Args:
        step: Batches done so far in this epoch; less than asked for where training halted.
        finite: Whether the running loss is finite.
        metrics: Running values since the start of the epoch, as Keras names them, see `flat`.
    """

    step: int
    finite: bool
    metrics: dict[str, float]


class ChunkFunction:
    """Runs any stretch of the batches of one data set; with the first batch, the metrics start from zero.

    Args:
        step: `model.train_step` or `model.test_step`.
        model: The compiled model.
        data: The data set; the function is traced for its shapes.
        jit_compile: Compile the loop with XLA.
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
        self.data = data
        # In `fit`, a short last batch makes the size of all of them unknown, except to XLA.
        size = min(data.batch_size, data.samples) if jit_compile else data.batch_size
        rest = data.samples % size
        known_size = jit_compile or not rest

        def begin() -> tf.Operation:
            if at_start is not None:
                at_start()
            model.reset_metrics()
            return tf.no_op()

        def run(
            tensors: tuple[tf.Tensor, ...],
            order: tf.Tensor,
            rows: tf.Tensor,
            start: tf.Tensor,
            stop: tf.Tensor,
            first: tf.Tensor,
        ) -> tuple[tf.Tensor, tf.Tensor, dict[str, tf.Tensor]]:
            def batch(position: tf.Tensor, chosen: tf.Tensor) -> _State:
                samples = tuple(tf.gather(tensor, chosen) for tensor in tensors)
                if not known_size:
                    samples = tuple(map(_of_unknown_size, samples))
                logs = step(samples)
                # The running mean of the loss stays non-finite from the first batch that was.
                return position + 1, tf.reduce_all(tf.math.is_finite(logs["loss"]))

            def more(position: tf.Tensor, finite: tf.Tensor) -> tf.Tensor:
                return tf.logical_and(position < whole, finite) if halt else position < whole

            def one(position: tf.Tensor, finite: tf.Tensor) -> _State:
                del finite
                if known_size:
                    return batch(position, tf.slice(order, [position * size], [size]))
                return batch(position, order[position * size : tf.minimum((position + 1) * size, rows)])

            # Within the graph this costs nothing; variable by variable from Python it would be a tenth of a tiny epoch.
            tf.cond(first, begin, tf.no_op)
            short = known_size and rest > 0
            whole = tf.minimum(stop, rows // size) if short else stop
            state: _State = tf.while_loop(more, one, [start, tf.constant(True)], parallel_iterations=1)
            if short:
                position, finite = state
                state = tf.cond(
                    tf.logical_and(position < stop, finite) if halt else position < stop,
                    # A slice in a branch makes `position` a constant for XLA, which then compiles anew for every call.
                    lambda: batch(position, tf.gather(order, position * size + tf.range(rest))),
                    lambda: (position, finite),
                )
            return *state, model.get_metrics_result()

        self._traced: Any = None
        self.function = tf.function(run, autograph=False, jit_compile=jit_compile or None)

    def prepare(self) -> None:
        """Traces, optimises and compiles the graph, so that its time can be told from training; trains nothing."""
        feed = self.data.example()
        arguments = _arguments(feed, 0, 0, first=False)
        # Called without looking for the right one among several traces, which takes longer than a tiny epoch.
        self._traced = self.function.get_concrete_function(*arguments)
        self._traced(*arguments)

    def __call__(self, feed: Feed, start: int, stop: int) -> ChunkResult:
        """Runs the batches of a feed from `start` up to but without `stop`.

        Args:
            feed: Some batches on the device.
            start: Number of the first batch in the epoch, from 0.
            stop: One past the last batch; all of them are in the feed.
        """
        position, finite, metrics = self._traced(
            *_arguments(feed, start - feed.first, stop - feed.first, first=start == 0)
        )
        return ChunkResult(int(position) + feed.first, bool(finite), flat(metrics))


def _arguments(feed: Feed, start: int, stop: int, *, first: bool) -> tuple[Any, ...]:
    return (feed.tensors, feed.order, *map(tf.constant, (feed.rows, start, stop, first)))


def _of_unknown_size(batch: tf.Tensor) -> tf.Tensor:
    """Hides where a batch comes from.

    Otherwise TensorFlow finds out that inputs and labels have equally many rows, reorders products of the two by it,
    and rounds in another way than in `fit`, whose batches come out of an iterator.
    """
    return tf.compat.v1.placeholder_with_default(batch, [None, *batch.shape[1:]])


def flat(logs: Mapping[str, Any]) -> dict[str, float]:
    """Returns logs as numbers: a metric with a value per class becomes `name_0`, `name_1` and so on.

    What watches epochs takes no arrays: files, displays, and most callbacks of Keras.

    Args:
        logs: Tensors, arrays or numbers by name.
    """
    values: dict[str, float] = {}
    for name, value in logs.items():
        array = np.asarray(value)
        if array.ndim == 0:
            values[name] = float(array)
        else:
            values |= {f"{name}_{index}": float(item) for index, item in enumerate(array.ravel())}
    return values
