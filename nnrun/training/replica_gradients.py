"""What becomes of gradients between Keras's `train_step` on the replicas of a strategy and Keras's optimizer."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf


class KeptGradients:
    """Stands in for the optimizer while Keras's `train_step` runs on the replicas, each in a thread of its own."""

    def __init__(self, optimizer: keras.optimizers.Optimizer) -> None:
        self._optimizer = optimizer
        self._local = threading.local()

    def begin(self, share: tf.Tensor) -> None:
        """Notes by what the loss of this replica is multiplied."""
        self._local.share = share
        self._local.gradients = []

    def scale_loss(self, loss: tf.Tensor) -> tf.Tensor:
        """Scales a loss that is already in the metrics, before its gradients are computed."""
        # Not the gradients afterwards: those of layers that look at all replicas mix their losses.
        scaled = self._optimizer.scale_loss(loss)
        return scaled * tf.cast(self._local.share, scaled.dtype)

    def apply_gradients(self, pairs: Any) -> None:
        """Keeps the gradients; the weights are known."""
        self._local.gradients = [gradient for gradient, _ in pairs]

    def take(self) -> list[Any]:
        """Returns the gradients of this replica; none after a `test_step`."""
        gradients: list[Any] = self._local.gradients
        return gradients


def equally_long(gradient: Any, samples: tf.Tensor, most: int) -> Any:
    """Fills up a gradient that lists rows of an embedding, as TensorFlow joins lists of one length only in a loop.

    Args:
        gradient: Of one replica.
        samples: How many samples it had.
        most: How many samples a replica has at most, in any batch.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    missing = tf.shape(gradient.indices)[0] // samples * (most - samples)
    # A row that is there anyway: optimizers may treat those that are not listed in another way.
    indices = tf.concat([gradient.indices, tf.repeat(gradient.indices[:1], missing)], axis=0)
    nothing = tf.zeros([missing, *gradient.values.shape[1:]], gradient.values.dtype)
    return tf.IndexedSlices(tf.concat([gradient.values, nothing], axis=0), indices, gradient.dense_shape)


def looks_at_gradients(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether an optimizer computes with the gradients before it updates each weight with its own."""
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer) or any(
        getattr(optimizer, name, None)
        for name in (
            "clipnorm",
            "global_clipnorm",
            "clipvalue",
            "gradient_accumulation_steps",
            "loss_scale_factor",
        )
    )


@contextlib.contextmanager
def without_merge_calls(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Within it, Keras's optimizers work outside of replicas.

    They ask for a `merge_call`, which leaves a replica. Here there is none to leave; and from within one it is not
    possible in a branch of the graph, where Keras accumulates gradients and skips those that overflow.
    """
    extended = strategy.extended
    extended._use_merge_call = lambda: False
    try:
        yield
    finally:
        del extended._use_merge_call
