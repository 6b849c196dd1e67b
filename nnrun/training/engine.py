"""The training loop: epochs of chunks of batches, with validation, callbacks and events.

It knows nothing of files, displays or configs: events go to a listener, and what should happen at the end of an
epoch (saving, above all) is the job of `at_epoch_end`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from nnrun.errors import TrainingError
from nnrun.events import EpochEnded, EpochStarted, Listener, Progress
from nnrun.training.batches import DeviceData, Feed
from nnrun.training.epoch_start import EpochStart
from nnrun.training.hooks import Hooks
from nnrun.training.ordering import epoch_order
from nnrun.training.snapshot import Snapshot, first_value, restore
from nnrun.training.steps import ChunkFunction, ChunkResult


class Chunk(Protocol):
    """Runs a stretch of the batches of a data set: a `ChunkFunction`, or what takes its place on several devices."""

    data: DeviceData
    function: Any

    def prepare(self) -> None:
        """Traces the graph; trains nothing."""

    def __call__(self, feed: Feed, start: int, stop: int) -> ChunkResult:
        """Runs the batches of a feed from `start` up to but without `stop`."""


CHUNK_SECONDS = 0.1
"""A chunk of batches takes about this long: the bar moves ten times a second, and Ctrl-C is heard as often."""


@dataclass(slots=True)
class Timing:
    """Seconds by phase; `trace` is what the first batches took, which fill caches and choose kernels."""

    trace: float = 0.0
    train: float = 0.0
    validate: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """What to train, in numbers.

    Args:
        epochs: Number of the last epoch, from 1.
        first_epoch: Number of the first epoch, from 1.
        seed: Seed of the order of the samples.
        shuffle: Whether every epoch has an order of its own.
        validation_freq: Validate after every so many epochs.
    """

    epochs: int
    seed: int
    first_epoch: int = 1
    shuffle: bool = True
    validation_freq: int = 1


@dataclass(slots=True)
class Engine:
    """Trains one compiled model on one data set.

    Args:
        model: A built and compiled model.
        train: Training data on the device.
        validation: Validation data on the device, or None.
        schedule: Epochs, seed and the like.
        hooks: Keras callbacks.
        emit: Receives the events.
        stop_requested: Says between chunks whether to stop at once.
        jit_compile: Compile the loops over the batches with XLA.
        restored: The state to go on from; None to begin with the model as it is.
        chunk: Makes what runs the batches, with the arguments of `ChunkFunction`.
        scope: What variables have to be made under.
        agree: Called before each chunk with its number of batches; returns how many to run.
    """

    model: keras.Model
    train: DeviceData
    validation: DeviceData | None
    schedule: Schedule
    hooks: Hooks
    emit: Listener
    stop_requested: Callable[[], bool] = lambda: False
    jit_compile: bool = False
    restored: Snapshot | None = None
    chunk: Callable[..., Chunk] = ChunkFunction
    scope: Callable[[], AbstractContextManager[Any]] = nullcontext
    agree: Callable[[int], int] = lambda size: size
    timing: Timing = field(default_factory=Timing)
    _epoch_start: EpochStart = field(init=False)
    _train_chunk: Chunk = field(init=False)
    _test_chunk: Chunk | None = field(init=False, default=None)
    _seconds_per_step: dict[str, float] = field(init=False, default_factory=dict)

    def prepare(self) -> None:
        """Builds the optimizer and the metrics and traces the graphs.

        Raises:
            ValueError: Keras finds that loss, metrics, labels and outputs do not fit each other.
        """
        size = min(self.train.batch_size, self.train.samples)
        with self.scope():
            self.model._symbolic_build(data_batch=tuple(one[:size] for one in self.train.example().tensors))
        self._epoch_start = EpochStart(self.model)
        self._train_chunk = self.chunk(
            self.model.train_step,
            self.model,
            self.train,
            jit_compile=self.jit_compile,
            halt=True,
            at_start=self._epoch_start.record,
        )
        self._train_chunk.prepare()
        self.model.train_function = self._train_chunk.function  # for the graph that TensorBoard writes
        if self.validation is not None:
            self._test_chunk = self.chunk(
                self.model.test_step, self.model, self.validation, jit_compile=self.jit_compile, halt=False
            )
            self._test_chunk.prepare()

    def take_over(self, other: Engine) -> None:
        """Takes the graphs of another engine instead of preparing its own.

        Args:
            other: One that trained the same model on data of the same shapes, with the same `jit_compile`.
        """
        self._epoch_start = other._epoch_start
        self._epoch_start.begin_anew()
        self._train_chunk, self._test_chunk = other._train_chunk, other._test_chunk
        self._train_chunk.data = self.train
        if self._test_chunk is not None and self.validation is not None:
            self._test_chunk.data = self.validation
        self.jit_compile = other.jit_compile
        self.model.train_function = self._train_chunk.function

    def last_good(self) -> Snapshot:
        """Returns the state at the end of the last complete epoch, or at the beginning."""
        return self._epoch_start.snapshot()

    def run(
        self,
        judge: Callable[[int, Mapping[str, Any]], bool],
        after_epoch: Callable[[int], None] | None = None,
    ) -> bool:
        """Trains until the last epoch, or until a callback stops it or a stop is requested.

        Args:
            judge: Called with the number of an epoch and its logs after the callbacks; returns whether this is the
                best epoch so far.
            after_epoch: Called with its number when the listeners know of it: the place to save.

        Returns:
            Whether it came to its end; False if a stop was requested in the middle of an epoch.

        Raises:
            TrainingError: The loss is not finite any more.
        """
        schedule = self.schedule
        self.model.stop_training = False
        self.hooks.on_train_begin()
        if self.restored is not None:
            # After the callbacks: BackupAndRestore brings weights of its own.
            restore(self.model, self.restored)
        logs: dict[str, Any] | None = None
        for epoch in range(schedule.first_epoch, schedule.epochs + 1):
            started = time.perf_counter()
            self.hooks.on_epoch_begin(epoch - 1)
            self.emit(EpochStarted(epoch, schedule.epochs, self.train.steps))
            result, train_seconds = self._train_epoch(epoch)
            if self.stop_requested():
                return False
            epoch_logs = dict(result.metrics)
            if self.validation is not None and epoch % schedule.validation_freq == 0:
                epoch_logs |= {f"val_{name}": value for name, value in self._validate(epoch).items()}
                if self.stop_requested():
                    return False
            self.hooks.on_epoch_end(epoch - 1, epoch_logs)
            logs = epoch_logs
            best = judge(epoch, epoch_logs)
            self._epoch_start.complete()
            self.emit(
                EpochEnded(
                    epoch=epoch,
                    epochs=schedule.epochs,
                    steps=self.train.steps,
                    seconds=time.perf_counter() - started,
                    train_seconds=train_seconds,
                    learning_rate=learning_rate(self.model),
                    metrics=dict(epoch_logs),
                    best=best,
                )
            )
            if after_epoch is not None:
                after_epoch(epoch)
            if self.model.stop_training:
                break
        # What follows may change the weights, and fail.
        self._epoch_start.record()
        self.model.optimizer.finalize_variable_values(self.model.trainable_weights)
        self.hooks.on_train_end(logs)
        return True

    def _train_epoch(self, epoch: int) -> tuple[ChunkResult, float]:
        schedule = self.schedule
        order = epoch_order(self.train.samples, schedule.seed, epoch, shuffle=schedule.shuffle)
        result, seconds = self._stage(
            "train",
            epoch,
            self._train_chunk,
            order,
            every_batch=self.hooks.every_train_batch,
            begin=self.hooks.on_train_batch_begin if self.hooks.on_train else None,
            end=self.hooks.on_train_batch_end if self.hooks.on_train else None,
        )
        if not result.finite:
            raise TrainingError(
                f"The loss is {result.metrics['loss']} in epoch {epoch}, batch {result.step} of {self.train.steps}.",
                "Training diverged: try a smaller learning rate, `clipnorm: 1.0` in the optimizer, or scaled inputs.",
            )
        self.timing.train += seconds
        return result, seconds

    def _validate(self, epoch: int) -> dict[str, Any]:
        assert self._test_chunk is not None  # noqa: S101  (only called where there is validation data)
        order = np.arange(self._test_chunk.data.samples, dtype=np.int32)
        self.hooks.on_test_begin()
        result, seconds = self._stage(
            "validate",
            epoch,
            self._test_chunk,
            order,
            every_batch=self.hooks.every_test_batch,
            begin=self.hooks.on_test_batch_begin if self.hooks.on_test else None,
            end=self.hooks.on_test_batch_end if self.hooks.on_test else None,
        )
        self.hooks.on_test_end(result.metrics)
        self.timing.validate += seconds
        return result.metrics

    def _stage(
        self,
        stage: Literal["train", "validate"],
        epoch: int,
        chunk: Chunk,
        order: NDArray[np.int32],
        *,
        every_batch: bool,
        begin: Callable[[int], None] | None,
        end: Callable[[int, dict[str, Any]], None] | None,
    ) -> tuple[ChunkResult, float]:
        """Runs all batches of one stage of an epoch, in chunks.

        Returns:
            The result after the last batch, and the seconds that the batches took. The very first batch is not
            timed, as much happens in it that never happens again; the others stand for it.
        """
        steps = chunk.data.steps
        started = time.perf_counter()
        position = untimed = 0
        for feed in chunk.data.feeds(order):
            while position < feed.first + feed.steps:
                wanted = 1 if every_batch else self._chunk_size(stage, feed.first + feed.steps - position)
                size = self.agree(wanted)
                chunk_started = time.perf_counter()
                if begin is not None:
                    begin(position)
                result = chunk(feed, position, position + size)
                if end is not None:
                    end(result.step - 1, result.metrics)
                now = time.perf_counter()
                position = result.step
                if stage in self._seconds_per_step:
                    self._seconds_per_step[stage] = (now - chunk_started) / size
                else:
                    self._seconds_per_step[stage] = math.inf
                    if steps > 1:
                        self.timing.trace += now - started
                        untimed, started = 1, now
                seconds = (now - started) * (position / max(position - untimed, 1))
                stopped = self.model.stop_training or self.stop_requested()
                if position >= steps or not result.finite or stopped:
                    return result, seconds
                self.emit(Progress(stage, epoch, position, steps, seconds, result.metrics))
        raise AssertionError("the feeds end before the epoch")

    def _chunk_size(self, stage: str, remaining: int) -> int:
        """Returns how many batches to run next: one to begin with, then what fits into a chunk's time."""
        per_step = self._seconds_per_step.get(stage)
        if per_step is None:
            return 1
        if math.isinf(per_step):
            # Nothing is known but the first batch: try a few.
            return min(remaining, 4)
        size = max(1, int(CHUNK_SECONDS / per_step))
        # A short rest is not worth a call of its own.
        return remaining if remaining < size * 1.5 else size


def learning_rate(model: keras.Model) -> float | None:
    """Returns the present learning rate of a compiled model; None where its optimizer has none."""
    rate = getattr(model.optimizer, "learning_rate", None)
    return None if rate is None else float(first_value(getattr(rate, "value", rate)))
