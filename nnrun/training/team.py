"""What the workers of a training have to agree on, so that none waits for a message that never comes.

They train the same chunks of batches, or one would sum gradients with nobody, and they stop at the same batch.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nnrun.errors import TrainingError
from nnrun.interrupts import Interrupts
from nnrun.training.cluster import Cluster
from nnrun.training.distribution import Distribution

FAILED = 1000
"""In the place of a signal: a worker has to stop for a reason of its own."""

_TASK = re.compile(r"/job:(chief|worker)/(?:replica:\d+/)?task:(\d+)")

_GONE = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)
"""What TensorFlow raises in the others when a worker ends; an `InternalError` that says so as well."""


class Team:
    """The workers of a training, seen from one of them.

    Args:
        distribution: The strategy, with a cluster.
        interrupts: Tells of Ctrl-C and SIGTERM, and is told where another worker got one.

    Attributes:
        failed: Says whether this worker has to stop for a reason of its own.
        stop: The signal by which any worker was asked to stop, `FAILED`, or 0; all know it at the same batch.
    """

    def __init__(self, distribution: Distribution, interrupts: Interrupts) -> None:
        if distribution.cluster is None:
            raise ValueError("a team has a cluster")
        self._cluster: Cluster = distribution.cluster
        self._interrupts = interrupts
        self.failed: Callable[[], bool] = lambda: False
        self.stop = 0
        strategy = distribution.strategy
        reduce = tf.function(
            lambda values: strategy.reduce(tf.distribute.ReduceOp.SUM, values, axis=None), autograph=False
        )
        # One worker has nothing to sum, and TensorFlow would count its devices instead.
        self._sum: Callable[[Any], Any] = reduce if self._cluster.workers > 1 else lambda values: values

    def agree(self, size: int) -> int:
        """Returns how many batches to run next, which the chief decides; `stop` is known afterwards.

        Args:
            size: What this worker would do.
        """
        sizes, stops = self._gathered([size, self._own_stop()]).T
        signals = [int(stop) for stop in stops if 0 < stop < FAILED]
        self.stop = max(signals, default=FAILED if any(stops) else 0)
        if signals and self._interrupts.requested is None:
            self._interrupts.requested = self.stop
        return int(sizes[0])

    def any(self, mine: bool) -> bool:
        """Returns whether it is true for any of the workers."""
        return bool(self._gathered([mine]).any())

    def wait(self) -> None:
        """Returns when all workers have come here."""
        self._gathered([0])

    def lost(self, error: BaseException) -> TrainingError | None:
        """Returns what to tell if an error of TensorFlow means that a worker is gone; None where it does not."""
        text = str(error)
        if not isinstance(error, _GONE) and not (
            isinstance(error, tf.errors.InternalError) and "Collective ops is aborted" in text
        ):
            return None
        chiefs = len(json.loads(self._cluster.tf_config)["cluster"].get("chief", ()))
        numbers = {int(task) + (chiefs if job == "worker" else 0) for job, task in _TASK.findall(text)}
        gone = sorted(numbers - {self._cluster.index})
        who = self._cluster.name(gone[0]).capitalize() if len(gone) == 1 else "Another worker"
        return TrainingError(
            f"{who} is gone, and nothing can be trained without it.",
            "Its own output says why. Continue with `nnrun resume` when all workers are there again.",
        )

    def _own_stop(self) -> int:
        if self._cluster.is_orphan:
            return signal.SIGTERM
        return self._interrupts.requested or (FAILED if self.failed() else 0)

    def _gathered(self, mine: Sequence[float]) -> NDArray[np.float64]:
        """Returns the numbers of all workers, shape `(workers, numbers)`."""
        table = np.zeros((self._cluster.workers, len(mine)))
        table[self._cluster.index] = mine
        return np.asarray(self._sum(tf.constant(table)))
