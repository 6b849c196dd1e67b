"""The loop of `steps` on several devices at once: each one takes its part of every batch.

A batch has as many samples as with one device, and the weights become the same, except that floats are summed in
another order. Three things see to that:

- The parts of a batch differ by at most one sample. Keras divides the loss of each part by the number of replicas and
  sums the gradients, which is the gradient of the batch only where all parts are equal; so the loss of a part is
  multiplied by its share of the batch first.
- The gradients are summed before Keras's optimizer gets them, not by the optimizer: it clips, accumulates and checks
  for overflow before it sums, each replica for itself. It then works outside of the replicas, once for all of them.
- A replica without a sample, in a batch smaller than the number of replicas, takes part with a sample of another one;
  its share is 0, and its metrics forget it.

What depends on the other samples of a batch does differ: BatchNormalization sees a part (unless it is `synchronized`),
and dropout draws other numbers for each replica.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from nnrun.training.batches import DeviceData, Feed
from nnrun.training.replica_gradients import (
    KeptGradients,
    equally_long,
    looks_at_gradients,
    without_merge_calls,
)
from nnrun.training.snapshot import first_value
from nnrun.training.steps import ChunkResult, StepFunction, flat

_SEED_STEP = 1_000_000_007
"""What the seeds of two replicas differ by; Keras draws those of layers below a thousand million."""

_State = tuple[tf.Tensor, tf.Tensor]


def several_devices(strategy: tf.distribute.Strategy) -> dict[str, Any]:
    """Returns the arguments by which an `Engine` trains under a strategy."""
    return {"chunk": partial(ReplicatedChunk, strategy), "scope": strategy.scope}


class ReplicatedChunk:
    """Runs any stretch of the batches of one data set; with the first batch, the metrics start from zero.

    Args:
        strategy: What the model was built under.
        step: `model.train_step` or `model.test_step`.
        model: The compiled model.
        data: The data set; the function is traced for its shapes.
        jit_compile: Not supported.
        halt: Stop after the first batch that makes the running loss infinite or NaN.
        at_start: Traced into the graph, before the first batch of an epoch.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        step: StepFunction,
        model: keras.Model,
        data: DeviceData,
        *,
        jit_compile: bool,
        halt: bool,
        at_start: Callable[[], None] | None = None,
    ) -> None:
        if jit_compile:
            raise ValueError("XLA does not compile loops over several devices")
        self.data = data
        self._strategy = strategy
        self._spread: tuple[Any, Any] = (None, None)
        replicas = Replicas(strategy, step, model, data)
        size = data.batch_size

        def begin() -> tf.Operation:
            if at_start is not None:
                at_start()
            replicas.begin()
            return tf.no_op()

        def finish() -> tf.Operation:
            replicas.average_statistics()
            return tf.no_op()

        def run(
            tensors: Any,
            order: tf.Tensor,
            rows: tf.Tensor,
            start: tf.Tensor,
            stop: tf.Tensor,
            first: tf.Tensor,
            last: tf.Tensor,
        ) -> tuple[tf.Tensor, tf.Tensor, dict[str, tf.Tensor]]:
            def more(position: tf.Tensor, finite: tf.Tensor) -> tf.Tensor:
                return tf.logical_and(position < stop, finite) if halt else position < stop

            def one(position: tf.Tensor, finite: tf.Tensor) -> _State:
                del finite
                chosen = order[position * size : tf.minimum((position + 1) * size, rows)]
                return position + 1, replicas.batch(tensors, chosen)

            with strategy.scope():
                tf.cond(first, begin, tf.no_op)
                state: _State = tf.while_loop(more, one, [start, tf.constant(True)], parallel_iterations=1)
                if halt:
                    tf.cond(last, finish, tf.no_op)
                return *state, model.get_metrics_result()

        self._traced: Any = None
        self.function = tf.function(run, autograph=False)

    def prepare(self) -> None:
        """Traces and optimises the graph, so that its time can be told from training; trains nothing."""
        arguments = self._arguments(self.data.example(), 0, 0, first=False, last=False)
        self._traced = self.function.get_concrete_function(*arguments)
        self._traced(*arguments)

    def __call__(self, feed: Feed, start: int, stop: int) -> ChunkResult:
        """Runs the batches of a feed from `start` up to but without `stop`.

        Args:
            feed: Some batches on the device.
            start: Number of the first batch in the epoch, from 0.
            stop: One past the last batch; all of them are in the feed.
        """
        first, last = start == 0, stop == self.data.steps
        position, finite, metrics = self._traced(
            *self._arguments(feed, start - feed.first, stop - feed.first, first=first, last=last)
        )
        return ChunkResult(int(position) + feed.first, bool(finite), flat(metrics))

    def _arguments(self, feed: Feed, start: int, stop: int, *, first: bool, last: bool) -> tuple[Any, ...]:
        if self._spread[0] is not feed.tensors:
            self._spread = (feed.tensors, on_every_device(self._strategy, feed.tensors))
        return (self._spread[1], feed.order, *map(tf.constant, (feed.rows, start, stop, first, last)))


class Replicas:
    """One batch on all replicas of a strategy; everything here is traced into the graph of a loop.

    Args:
        strategy: What the model was built under.
        step: `model.train_step` or `model.test_step`.
        model: The compiled model.
        data: Says how large the batches are.
    """

    def __init__(
        self, strategy: tf.distribute.Strategy, step: StepFunction, model: keras.Model, data: DeviceData
    ) -> None:
        self._strategy = strategy
        self._step = step
        self._model = model
        self._count = strategy.num_replicas_in_sync
        self._largest_part = -(-min(data.batch_size, data.samples) // self._count)
        self._some_are_empty = (data.samples % data.batch_size or data.batch_size) < self._count
        layers = model._flatten_layers()
        self._statistics = [variable for layer in layers for variable in _statistics(layer)]
        self._seeds = [
            (generator.state, int(generator.state.numpy()[0]))
            for layer in layers
            for generator in getattr(layer, "_seed_generators", ())
        ]

    def begin(self) -> None:
        """Sets the metrics to zero, and gives each replica random numbers of its own."""

        def replica() -> None:
            # Here and not outside, where each variable would be reduced over all workers only to be overwritten.
            self._model.reset_metrics()
            number = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.int64)
            for state, seed in self._seeds:
                # All replicas have drawn equally often. A state that was restored is that of the first one.
                mine = tf.cast(seed + number * _SEED_STEP, state.value.dtype)
                state.assign(tf.stack([mine, state.value[1]]))

        self._strategy.run(replica)

    def batch(self, tensors: Any, chosen: tf.Tensor) -> tf.Tensor:
        """Trains or tests on one batch; returns whether the running loss is finite everywhere.

        Args:
            tensors: `(x, y)` or `(x, y, sample_weight)`, on every device.
            chosen: Positions of the samples of the batch, shape `(samples,)`.
        """
        model, optimizer = self._model, self._model.optimizer
        kept = KeptGradients(optimizer)
        present: list[int] = []

        def replica(mine: tuple[tf.Tensor, ...]) -> tuple[list[Any], tf.Tensor]:
            rows, share, is_empty = self._part(chosen)
            kept.begin(share)
            before = [tf.identity(variable) for variable in model.metrics_variables]
            logs = self._step(tuple(tf.gather(tensor, rows) for tensor in mine))
            if self._some_are_empty:
                for variable, value in zip(model.metrics_variables, before, strict=True):
                    variable.assign(tf.where(is_empty, value, variable))
            gradients = kept.take()
            present[:] = [index for index, gradient in enumerate(gradients) if gradient is not None]
            infinite = tf.cast(tf.math.logical_not(tf.math.is_finite(logs["loss"])), tf.float32)
            ready = [
                equally_long(gradients[index], tf.shape(rows)[0], self._largest_part) for index in present
            ]
            return ready, infinite

        model.optimizer = kept
        try:
            gradients, infinite = self._strategy.run(replica, args=(tensors,))
        finally:
            model.optimizer = optimizer
        weights = [model.trainable_weights[index] for index in present]
        if not weights:
            return tf.constant(True)
        # Together with the gradients, as a message of its own would cost as much as they do.
        pairs = [
            *zip(gradients, (weight.value for weight in weights), strict=True),
            (infinite, weights[0].value),
        ]
        *gradients, infinite = self._strategy.extended.batch_reduce_to(tf.distribute.ReduceOp.SUM, pairs)
        self._apply(gradients, weights)
        return tf.equal(first_value(infinite), 0.0)

    def average_statistics(self) -> None:
        """Makes the moving averages of BatchNormalization those of all replicas.

        Once an epoch is enough: they are linear in what each replica saw, so the mean of the averages is the average
        of the means.
        """
        if not self._statistics:
            return
        values = self._strategy.run(lambda: [tf.identity(variable) for variable in self._statistics])
        pairs = [(value, variable.value) for value, variable in zip(values, self._statistics, strict=True)]
        means = self._strategy.extended.batch_reduce_to(tf.distribute.ReduceOp.MEAN, pairs)
        for (_, variable), mean in zip(pairs, means, strict=True):
            self._strategy.extended.update(variable, lambda mine, value: mine.assign(value), args=(mean,))

    def _part(self, chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns the samples of a replica, by what its loss is multiplied, and whether it has no sample."""
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        samples = tf.shape(chosen)[0]
        low, high = samples * number // self._count, samples * (number + 1) // self._count
        share = tf.cast((high - low) * self._count, tf.float64) / tf.cast(samples, tf.float64)
        is_empty = tf.equal(high, low)
        return chosen[tf.where(is_empty, 0, low) : tf.where(is_empty, 1, high)], share, is_empty

    def _apply(self, gradients: list[Any], weights: list[keras.Variable]) -> None:
        """Changes the weights, outside of the replicas.

        Args:
            gradients: Of the whole batch, on every device.
            weights: What they belong to.
        """
        optimizer = self._model.optimizer
        if looks_at_gradients(optimizer):
            gradients = [first_value(gradient) for gradient in gradients]
        with without_merge_calls(self._strategy):
            if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
                # Its `apply` insists on a replica, as Keras's optimizers sum gradients there.
                optimizer._common_apply(gradients, weights)
            else:
                optimizer.apply(gradients, weights)


def on_every_device(strategy: tf.distribute.Strategy, tensors: tuple[tf.Tensor, ...]) -> Any:
    """Returns tensors as they are for a single device, else a copy on each.

    Otherwise every batch would bring all samples from the device that has them.
    """
    devices = strategy.extended.worker_devices
    if len(devices) == 1:
        return tensors
    waiting = iter(devices)

    def copy(context: tf.distribute.experimental.ValueContext) -> tuple[tf.Tensor, ...]:
        del context
        with tf.device(next(waiting)):
            return tuple(map(tf.identity, tensors))

    return strategy.experimental_distribute_values_from_function(copy)


def _statistics(layer: keras.Layer) -> list[keras.Variable]:
    """Returns the moving averages of a layer that differ from replica to replica."""
    if not isinstance(layer, keras.layers.BatchNormalization) or layer.synchronized or not layer.trainable:
        return []
    return list(layer.non_trainable_variables)
