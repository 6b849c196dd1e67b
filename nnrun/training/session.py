"""One training with TensorFlow loaded: build, trace, train, and save what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.config.load import LoadedConfig
from nnrun.data.splits import Split, Splits
from nnrun.errors import DataError, NnrunError, StorageError, TrainingError
from nnrun.events import Listener, Phase, Saved, TrainingStarted
from nnrun.interrupts import Interrupts
from nnrun.rundir import atomic
from nnrun.training.batches import to_device
from nnrun.training.best import BestEpoch
from nnrun.training.building import build_model, compile_model, layer_table, locate, one_line, refused
from nnrun.training.callbacks import build_callbacks
from nnrun.training.engine import Engine, Schedule, flat
from nnrun.training.hooks import CallbackError, Hooks
from nnrun.training.outcome import Outcome
from nnrun.training.saving import copy_model, save_model, save_state
from nnrun.training.snapshot import take

PhaseTimer = Callable[[Phase], AbstractContextManager[None]]


@dataclass(slots=True)
class Session:
    """Trains what a config describes.

    Args:
        loaded: The checked config.
        splits: The data.
        seed: Seed of weights, dropout and the order of the samples.
        path: The run directory.
        device: What it trains on, for the record.
        emit: Receives the events.
        interrupts: Tells of Ctrl-C and SIGTERM.
        phase: Times a phase.
        outcome: Is filled while training goes on.
    """

    loaded: LoadedConfig
    splits: Splits
    seed: int
    path: Path
    device: str
    emit: Listener
    interrupts: Interrupts
    phase: PhaseTimer
    outcome: Outcome

    def run(self) -> None:
        """Builds, trains and saves.

        Raises:
            ConfigError: Keras refuses a part of the config.
            DataError: A value in the data is outside what the network can take.
            TrainingError: The loss stopped being finite, or memory ran out.
            StorageError: A model could not be written.
            Interrupted: A signal came; the state is saved.
        """
        try:
            with self.phase("build"):
                model, engine, best = self._build()
            with self.phase("trace"):
                self._prepare(engine)
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise _out_of_memory("while the network was built", error) from error
        self.interrupts.raise_if_requested()
        saver = _Saver(self, model, best)
        try:
            with self.interrupts.deferred():
                self._train(engine, saver)
        finally:
            self.outcome.timing = asdict(engine.timing)

    def _build(self) -> tuple[keras.Sequential, Engine, BestEpoch]:
        experiment = self.loaded.experiment
        fit = experiment.fit
        train = self.splits.train
        model = build_model(self.loaded, train.x.shape[1:], str(train.x.dtype), self.seed)
        jit_compile = experiment.compile.jit_compile is True
        compile_model(self.loaded, model, jit_compile=jit_compile)
        atomic.write_text(self.path / "model.txt", layer_table(model))
        validation = self._validation_split()
        train_data = to_device(train, fit.batch_size, self._class_weight())
        hooks = Hooks(build_callbacks(self.loaded, self.path), model, fit.epochs, train_data.steps)
        engine = Engine(
            model=model,
            train=train_data,
            validation=None
            if validation is None
            else to_device(validation, fit.validation_batch_size or fit.batch_size),
            schedule=Schedule(
                epochs=fit.epochs,
                seed=self.seed,
                shuffle=fit.shuffle,
                validation_freq=fit.validation_freq,
            ),
            hooks=hooks,
            emit=self.emit,
            stop_requested=lambda: self.interrupts.requested is not None,
            jit_compile=jit_compile,
        )
        validates = validation is not None and fit.validation_freq <= fit.epochs
        monitor = experiment.checkpoint.monitor or ("val_loss" if validates else "loss")
        self.outcome.monitor = monitor
        samples = {name: len(split) for name, split in self._splits().items()}
        self.emit(
            TrainingStarted(
                epochs=fit.epochs,
                first_epoch=1,
                steps=train_data.steps,
                samples=samples,
                parameters=model.count_params(),
                device=self.device,
                seed=self.seed,
                monitor=monitor,
            )
        )
        return model, engine, BestEpoch(monitor, experiment.checkpoint.mode)

    def _prepare(self, engine: Engine) -> None:
        try:
            engine.prepare()
        except (
            ValueError, TypeError, AssertionError, NotImplementedError, RuntimeError,
            tf.errors.InvalidArgumentError,
        ) as error:  # fmt: skip
            raise locate(self.loaded, engine.model, error) or refused(
                self.loaded,
                ("compile", "loss"),
                f"Keras cannot train this network: {one_line(error)}",
                "Loss and metrics must fit the shape of the last layer's output and of the labels.",
            ) from error

    def _train(self, engine: Engine, saver: _Saver) -> None:
        try:
            engine.run(saver.at_epoch_end)
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            saver.save_best()
            raise _out_of_memory(f"in epoch {self.outcome.epochs + 1}", error) from error
        except tf.errors.InvalidArgumentError as error:
            raise DataError(
                f"The network cannot take a value in the data: {one_line(error)}",
                "Token numbers must be below `input_dim` of Embedding, class numbers below the number of outputs.",
            ) from error
        except tf.errors.OpError as error:
            saver.save_best()
            raise TrainingError(f"TensorFlow failed: {one_line(error)}") from error
        except CallbackError as error:
            saver.save_best()
            raise self._callback_failed(error) from error
        except TrainingError:
            saver.save_best()
            raise
        self.outcome.reason = _reason(engine, self.outcome.epochs)
        saver.save_all()
        if self.interrupts.requested is not None and not self.outcome.reason.startswith("interrupted"):
            self.outcome.reason += ", interrupted while saving"
        self.interrupts.raise_if_requested()

    def _callback_failed(self, failed: CallbackError) -> NnrunError:
        """Says which callback failed: part of the config before the first epoch is complete, else of the run."""
        callback = self.loaded.experiment.fit.callbacks[failed.index]
        message = f"{callback.name} failed: {one_line(failed.error)}"
        if isinstance(failed.error, OSError):
            return StorageError(f"The callback {message}")
        if self.outcome.epochs == 0:
            return refused(self.loaded, ("fit", "callbacks", failed.index), message)
        return TrainingError(f"The callback {message}", f"{self.outcome.epochs} epochs were complete.")

    def _splits(self) -> dict[str, Split]:
        named = {"train": self.splits.train, "validation": self.splits.validation, "test": self.splits.test}
        return {name: split for name, split in named.items() if split is not None}

    def _validation_split(self) -> Split | None:
        return self.splits.get(self.loaded.experiment.fit.validation_data or "validation")

    def _class_weight(self) -> dict[int, float] | None:
        """Returns the weights by class number; the config may write names."""
        given = self.loaded.experiment.fit.class_weight
        if given is None:
            return None
        names = self.splits.class_names or ()
        weights: dict[int, float] = {}
        for key, weight in given.items():
            if key in names:
                weights[names.index(key)] = weight
            elif key.isdigit() and int(key) < len(names):
                weights[int(key)] = weight
            else:
                raise refused(
                    self.loaded,
                    ("fit", "class_weight", key),
                    f"there is no class '{key}'.",
                    f"The classes are {', '.join(names[:20])}." if names else "The target is no class.",
                )
        return weights


@dataclass(slots=True)
class _Saver:
    """Decides when to write `model/last.keras` and `model/best.keras`, and does it."""

    session: Session
    model: keras.Sequential
    best: BestEpoch
    saved_at: float = field(default_factory=time.monotonic)
    best_saved: int | None = None

    def at_epoch_end(self, epoch: int, logs: Mapping[str, Any]) -> bool:
        """Notes a complete epoch; returns whether it is the best so far."""
        outcome = self.session.outcome
        is_best = self.best.offer(epoch, logs, self.model)
        outcome.epochs, outcome.final = epoch, flat(logs)
        if is_best:
            outcome.best_epoch, outcome.best = epoch, outcome.final
        settings = self.session.loaded.experiment
        if (
            epoch < settings.fit.epochs
            and time.monotonic() - self.saved_at >= settings.checkpoint.every_seconds
        ):
            self.save_all()
        return is_best

    def save_all(self) -> None:
        """Writes the present state and the best one."""
        with self.session.phase("save"):
            folder = self.session.path / "model"
            save_model(self.model, folder / "last.keras")
            self.session.emit(Saved(self.session.outcome.epochs, "model/last.keras"))
            snapshot = self.best.snapshot
            if snapshot is not None and self.best.epoch != self.best_saved:
                present = take(self.model).arrays
                if all(map(np.array_equal, present, snapshot.arrays)):
                    copy_model(folder / "last.keras", folder / "best.keras")
                    self._note_best()
                else:
                    self.save_best()
            self.saved_at = time.monotonic()

    def save_best(self) -> None:
        """Writes the best state, unless that was done."""
        if self.best.snapshot is None or self.best.epoch == self.best_saved:
            return
        save_state(self.model, self.best.snapshot, self.session.path / "model" / "best.keras")
        self._note_best()

    def _note_best(self) -> None:
        assert self.best.epoch is not None  # noqa: S101  (there is a snapshot)
        self.best_saved = self.best.epoch
        self.session.emit(Saved(self.best.epoch, "model/best.keras"))


def _out_of_memory(moment: str, error: BaseException) -> TrainingError:
    return TrainingError(
        f"Memory ran out {moment}: {one_line(error)}", "Try a smaller `fit.batch_size`, or a smaller network."
    )


def _reason(engine: Engine, epochs: int) -> str:
    planned = engine.schedule.epochs
    if not engine.model.stop_training:
        return f"all {epochs} epochs trained" if epochs == planned else f"interrupted in epoch {epochs + 1}"
    stoppers = engine.hooks.stoppers()
    by = f" by {', '.join(stoppers)}" if stoppers else ""
    return f"stopped early{by} after epoch {epochs} of {planned}"
