"""When the state of a training is saved, and what."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from nnrun.events import Listener, Phase, Saved
from nnrun.rundir.checkpoints import write_checkpoint
from nnrun.training.best import BestEpoch
from nnrun.training.engine import Engine, flat
from nnrun.training.hooks import CallbackState
from nnrun.training.outcome import Outcome
from nnrun.training.progress_state import TrainingState, to_checkpoint
from nnrun.training.saving import copy_model, save_model, save_state
from nnrun.training.snapshot import Snapshot, restore, take

PhaseTimer = Callable[[Phase], AbstractContextManager[None]]


@dataclass(slots=True)
class Saver:
    """Writes checkpoints, `model/last.keras` and `model/best.keras`.

    A checkpoint holds the state at the end of an epoch, before callbacks change the weights at the end of the
    training (EarlyStopping restores the best ones, say): a run that is extended goes on as if it had never ended.

    Args:
        path: The run directory.
        model: The model in training.
        engine: What trains it.
        best: The best epoch so far.
        outcome: How far the training came.
        emit: Receives the events.
        phase: Times a phase.
        every_seconds: Save at the end of an epoch when so many seconds have passed since the last time.
        callbacks: What the callbacks knew at the end of the last complete epoch.
    """

    path: Path
    model: keras.Sequential
    engine: Engine
    best: BestEpoch
    outcome: Outcome
    emit: Listener
    phase: PhaseTimer
    every_seconds: float
    callbacks: CallbackState = ()
    _saved_at: float = field(default_factory=time.monotonic)
    _best_saved: int | None = None

    def judge(self, epoch: int, logs: Mapping[str, Any]) -> bool:
        """Notes a complete epoch; returns whether it is the best so far."""
        is_best = self.best.offer(epoch, logs, self.model)
        self.outcome.epochs, self.outcome.final = epoch, flat(logs)
        if is_best:
            self.outcome.best_epoch, self.outcome.best = epoch, self.outcome.final
        # Now, as callbacks may count batches of an epoch that is then interrupted.
        self.callbacks = self.engine.hooks.state()
        return is_best

    def after_epoch(self, epoch: int) -> None:
        """Saves if it is time, and in any case after the last epoch."""
        last = epoch == self.engine.schedule.epochs or self.model.stop_training
        if last or time.monotonic() - self._saved_at >= self.every_seconds:
            with self.phase("save"):
                present = take(self.model)
                self._write_checkpoint(present, stopped=self.model.stop_training)
                if not last:
                    self._write_models(present)

    def save_end(self) -> None:
        """Writes the models after the training, as its callbacks left them."""
        with self.phase("save"):
            self._write_models(take(self.model))

    def save_what_is_good(self) -> None:
        """Writes the state at the end of the last complete epoch, whatever the model holds by now."""
        if not self.outcome.epochs:
            return
        with self.phase("save"):
            present = self.engine.epoch_start()
            self._write_checkpoint(present, stopped=False)
            restore(self.model, present)
            self._write_models(present)

    def _write_checkpoint(self, present: Snapshot, *, stopped: bool) -> None:
        outcome = self.outcome
        state = TrainingState(
            epoch=outcome.epochs,
            present=present,
            best=self.best.snapshot,
            best_epoch=self.best.epoch,
            best_logs=outcome.best,
            final_logs=outcome.final,
            callbacks=self.callbacks,
            stopped=stopped,
        )
        folder = write_checkpoint(self.path, to_checkpoint(state))
        self.emit(Saved(outcome.epochs, str(folder.relative_to(self.path))))
        self._saved_at = time.monotonic()

    def _write_models(self, present: Snapshot) -> None:
        folder = self.path / "model"
        save_model(self.model, folder / "last.keras")
        self.emit(Saved(self.outcome.epochs, "model/last.keras"))
        snapshot = self.best.snapshot
        if snapshot is None or self.best.epoch is None or self.best.epoch == self._best_saved:
            return
        if all(map(np.array_equal, present.arrays, snapshot.arrays)):
            copy_model(folder / "last.keras", folder / "best.keras")
        else:
            save_state(self.model, snapshot, folder / "best.keras")
        self._best_saved = self.best.epoch
        self.emit(Saved(self.best.epoch, "model/best.keras"))
