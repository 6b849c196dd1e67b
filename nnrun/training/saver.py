"""When the state of a training is saved, and what."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from nnrun.config.load import LoadedConfig
from nnrun.events import Listener, Phase, Saved
from nnrun.rundir.checkpoints import write_checkpoint
from nnrun.training.background import Background
from nnrun.training.best import BestEpoch
from nnrun.training.engine import Engine
from nnrun.training.hooks import CallbackState
from nnrun.training.outcome import Outcome
from nnrun.training.progress_state import TrainingState, to_checkpoint
from nnrun.training.saving import BEST, LAST, write_models
from nnrun.training.shadow import shadow_of
from nnrun.training.snapshot import Snapshot, take

PhaseTimer = Callable[[Phase], AbstractContextManager[None]]


@dataclass(slots=True)
class Saver:
    """Writes checkpoints, `model/last.keras` and `model/best.keras`.

    While the network trains, another thread writes what was copied at the end of an epoch; at its end, and when it is
    interrupted, this one does.

    A checkpoint holds the state at the end of an epoch, before callbacks change the weights at the end of the
    training (EarlyStopping restores the best ones, say): a run that is extended goes on as if it had never ended.

    Args:
        path: The run directory.
        loaded: The config.
        model: The model in training.
        engine: What trains it.
        best: The best epoch so far.
        outcome: How far the training came.
        emit: Receives the events.
        phase: Times a phase.
        callbacks: What the callbacks knew at the end of the last complete epoch.
        writes: Whether this process saves at all; of several workers, only the chief does.
    """

    path: Path
    loaded: LoadedConfig
    model: keras.Sequential
    engine: Engine
    best: BestEpoch
    outcome: Outcome
    emit: Listener
    phase: PhaseTimer
    callbacks: CallbackState = ()
    writes: bool = True
    _background: Background[list[Saved]] = field(default_factory=Background)
    _shadow: keras.Sequential | None = None
    _saved_at: float = field(default_factory=time.monotonic)
    _best_saved: int | None = None

    @property
    def failed(self) -> bool:
        """Whether a save in the background failed, which `collect` raises."""
        return self._background.failed

    def judge(self, epoch: int, logs: Mapping[str, Any]) -> bool:
        """Notes a complete epoch; returns whether it is the best so far."""
        is_best = self.best.offer(epoch, logs, self.model)
        self.outcome.epochs, self.outcome.final = epoch, dict(logs)
        if is_best:
            self.outcome.best_epoch, self.outcome.best = epoch, self.outcome.final
        # Now, as callbacks may count batches of an epoch that is then interrupted.
        self.callbacks = self.engine.hooks.state()
        return is_best

    def after_epoch(self, epoch: int) -> None:
        """Saves if it is time, and in any case after the last epoch.

        Raises:
            StorageError: This save, or the one before, failed.
        """
        if not self.writes:
            return
        self.collect()
        if epoch == self.engine.schedule.epochs or self.model.stop_training:
            with self.phase("save"):
                self.collect(wait=True)
                self._tell(
                    [self._write_checkpoint(self._state(take(self.model), stopped=self.model.stop_training))]
                )
        elif self._is_time(epoch):
            with self.phase("save"):
                self.collect(wait=True)
                self._save_in_background()

    def save_end(self) -> None:
        """Writes the models after the training, as its callbacks left them.

        Raises:
            StorageError: One could not be written.
        """
        if not self.writes:
            return
        with self.phase("save"):
            self._tell(self._write_models(self.model, take(self.model), self._best_to_save()))

    def save_what_is_good(self) -> None:
        """Writes the state at the end of the last complete epoch, whatever the model holds by now.

        Raises:
            StorageError: It could not be written, or a save before could not.
        """
        if not self.writes:
            return
        with self.phase("save"):
            self.collect(wait=True)
            if self.outcome.epochs:
                state = self._state(self.engine.last_good(), stopped=False)
                self._tell([self._write_checkpoint(state)])
                self._tell(self._write_models(self.model, state.present, self._best_to_save()))

    def collect(self, *, wait: bool = False) -> None:
        """Tells what was saved in the background.

        Args:
            wait: Wait until it is saved.

        Raises:
            StorageError: It could not be saved.
        """
        self._tell(self._background.collect(wait=wait) or [])

    def _is_time(self, epoch: int) -> bool:
        """Whether to save now; a save that still goes on is waited for only where the epoch was asked for."""
        section = self.loaded.experiment.checkpoint
        if section.every_epochs is not None and epoch % section.every_epochs == 0:
            return True
        return not self._background.busy and time.monotonic() - self._saved_at >= section.every_seconds

    def _save_in_background(self) -> None:
        shadow = self._shadow = self._shadow or shadow_of(self.loaded, self.model)
        state, best = self._state(take(self.model), stopped=False), self._best_to_save()
        self._saved_at = time.monotonic()

        def job() -> list[Saved]:
            saved = self._write_checkpoint(state)
            return [saved, *self._write_models(shadow, state.present, best, state.epoch)]

        self._background.start(job)

    def _state(self, present: Snapshot, *, stopped: bool) -> TrainingState:
        outcome = self.outcome
        return TrainingState(
            epoch=outcome.epochs,
            present=present,
            best=self.best.snapshot,
            best_epoch=self.best.epoch,
            best_logs=outcome.best,
            final_logs=outcome.final,
            callbacks=self.callbacks,
            stopped=stopped,
        )

    def _best_to_save(self) -> tuple[int, Snapshot] | None:
        """Returns number and state of the best epoch, unless they are in the file."""
        best = self.best
        if best.epoch is None or best.snapshot is None or best.epoch == self._best_saved:
            return None
        return best.epoch, best.snapshot

    def _write_checkpoint(self, state: TrainingState) -> Saved:
        folder = write_checkpoint(self.path, to_checkpoint(state))
        return Saved(state.epoch, str(folder.relative_to(self.path)))

    def _write_models(
        self,
        model: keras.Sequential,
        last: Snapshot,
        best: tuple[int, Snapshot] | None,
        epoch: int | None = None,
    ) -> list[Saved]:
        write_models(self.path, model, last, None if best is None else best[1])
        saved = [Saved(self.outcome.epochs if epoch is None else epoch, LAST)]
        if best is not None:
            self._best_saved = best[0]
            saved.append(Saved(best[0], BEST))
        return saved

    def _tell(self, saved: list[Saved]) -> None:
        for event in saved:
            self.emit(event)
