"""One training with TensorFlow loaded: build, trace, train, and save what came out."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import keras
import tensorflow as tf

from nnrun.config.load import LoadedConfig
from nnrun.data.balance import weights_note
from nnrun.data.splits import Split, Splits
from nnrun.errors import Interrupted, TrainingError
from nnrun.events import Listener, Message, TrainingStarted
from nnrun.interrupts import Interrupts
from nnrun.rundir import atomic
from nnrun.training.batches import DeviceData, ResidentData, arrays_of
from nnrun.training.best import BestEpoch
from nnrun.training.building import build_model, compile_model, layer_table, one_line
from nnrun.training.callbacks import build_callbacks
from nnrun.training.class_weights import class_weights
from nnrun.training.distribution import Distribution
from nnrun.training.engine import Engine, Schedule
from nnrun.training.failures import callback_failed, cannot_train, out_of_memory, value_refused
from nnrun.training.hooks import CallbackError, Hooks
from nnrun.training.memory import data_memory
from nnrun.training.outcome import Outcome
from nnrun.training.progress_state import TrainingState
from nnrun.training.replicas import several_devices
from nnrun.training.saver import PhaseTimer, Saver
from nnrun.training.shared import Shared
from nnrun.training.streaming import to_device
from nnrun.training.team import FAILED, Team
from nnrun.training.xla import Compilation


@dataclass(slots=True)
class Session:
    """Trains what a config describes.

    Args:
        loaded: The checked config.
        splits: The data.
        seed: Seed of weights, dropout and the order of the samples.
        path: The run directory; nothing is written to it where another worker is the chief.
        device: What it trains on, for the record.
        emit: Receives the events.
        interrupts: Tells of Ctrl-C and SIGTERM.
        phase: Times a phase.
        outcome: Is filled while training goes on.
        compilation: Whether XLA compiles the loops.
        resumed: The state to go on from; None for a new training.
        distribution: The strategy under which several devices train; None for a single one.
        team: The workers, where there are several.
        shared: What this training has in common with others of this process; None where it is the only one.
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
    compilation: Compilation
    resumed: TrainingState | None = None
    distribution: Distribution | None = None
    team: Team | None = None
    shared: Shared | None = None

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
            self._run()
            if self.team is not None:
                self.team.wait()  # until the chief has saved everything
        except tf.errors.OpError as error:
            lost = None if self.team is None else self.team.lost(error)
            if lost is None:
                raise
            raise lost from error

    def _run(self) -> None:
        try:
            with self.phase("build"):
                model, engine, best = self._build()
            with self.phase("trace"):
                if self.shared is None or not self.shared.give_graphs(engine):
                    self._prepare(engine)
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise out_of_memory("while the network was built", error) from error
        self._warn_of_masks(model)
        if self.shared is not None:
            self.shared.keep(engine)
        self.interrupts.raise_if_requested()
        saver = Saver(
            path=self.path,
            loaded=self.loaded,
            model=model,
            engine=engine,
            best=best,
            outcome=self.outcome,
            emit=self.emit,
            phase=self.phase,
            callbacks=() if self.resumed is None else self.resumed.callbacks,
            writes=self._writes,
        )
        if self.team is None:
            engine.stop_requested = lambda: self.interrupts.requested is not None or saver.failed
        else:
            team, team.failed = self.team, lambda: saver.failed
            engine.agree, engine.stop_requested = team.agree, lambda: team.stop != 0
        try:
            with self.interrupts.deferred():
                self._train(engine, saver)
        finally:
            self.outcome.timing = asdict(engine.timing)

    @property
    def _writes(self) -> bool:
        return self.distribution is None or self.distribution.is_chief

    def _warn_of_masks(self, model: keras.Sequential) -> None:
        """Says where a batch is not only the sum of its parts."""
        if self.distribution is not None and getattr(model.outputs[0], "_keras_mask", None) is not None:
            self.emit(
                Message(
                    "warning",
                    "The loss leaves out masked steps: each device takes the mean of its own, so that the result is"
                    " not that of a single device.",
                )
            )

    def _build(self) -> tuple[keras.Sequential, Engine, BestEpoch]:
        experiment = self.loaded.experiment
        fit = experiment.fit
        strategy = None if self.distribution is None else self.distribution.strategy
        validation = self._validation_split()
        train_data, validation_data = self._to_device(validation)
        model = self._model(train_data, validation_data)
        if self._writes:
            atomic.write_text(self.path / "model.txt", layer_table(model))
        hooks = Hooks(
            build_callbacks(self.loaded, self.path, writes=self._writes), model, fit.epochs, train_data.steps
        )
        engine = Engine(
            model=model,
            train=train_data,
            validation=validation_data,
            schedule=Schedule(
                epochs=fit.epochs,
                seed=self.seed,
                shuffle=fit.shuffle,
                validation_freq=fit.validation_freq,
                first_epoch=self._first_epoch(),
            ),
            hooks=hooks,
            emit=self.emit,
            jit_compile=self.compilation.jit_compile,
            restored=None if self.resumed is None else self.resumed.present,
            **({} if strategy is None else several_devices(strategy)),
        )
        validates = validation is not None and fit.validation_freq <= fit.epochs
        monitor = experiment.checkpoint.monitor or ("val_loss" if validates else "loss")
        self.outcome.monitor = monitor
        samples = {name: len(split) for name, split in self.splits.present().items()}
        self.emit(
            TrainingStarted(
                epochs=fit.epochs,
                first_epoch=engine.schedule.first_epoch,
                steps=train_data.steps,
                samples=samples,
                parameters=model.count_params(),
                device=f"{self.device}, XLA" if self.compilation.jit_compile else self.device,
                seed=self.seed,
                monitor=monitor,
            )
        )
        best = BestEpoch(monitor, experiment.checkpoint.mode)
        if self.resumed is not None:
            self._go_on(hooks, best, self.resumed)
        return model, engine, best

    def _model(self, *data: DeviceData | None) -> keras.Sequential:
        """Returns the compiled network with its first weights: that of the training before, where it fits the data."""
        model = None if self.shared is None else self.shared.model_for(self.compilation.jit_compile, *data)
        if model is None:
            train = self.splits.train
            scope = nullcontext if self.distribution is None else self.distribution.strategy.scope
            model = build_model(self.loaded, train.x.shape[1:], str(train.x.dtype), self.seed, scope)
            with scope():
                compile_model(self.loaded, model, jit_compile=self.compilation.jit_compile)
        return model

    def _to_device(self, validation: Split | None) -> tuple[DeviceData, DeviceData | None]:
        fit = self.loaded.experiment.fit
        allowed = data_memory(self.device)
        arrays = arrays_of(self.splits.train, self._class_weights())
        train = to_device(arrays, fit.batch_size, allowed)
        if validation is None:
            return train, None
        left = allowed - arrays[0].nbytes if isinstance(train, ResidentData) else allowed
        size = fit.validation_batch_size or fit.batch_size
        return train, to_device(arrays_of(validation), size, left)

    def _first_epoch(self) -> int:
        if self.resumed is None:
            return 1
        # What a callback stopped needs only its end: the models were not saved any more.
        return self.loaded.experiment.fit.epochs + 1 if self.resumed.stopped else self.resumed.epoch + 1

    def _go_on(self, hooks: Hooks, best: BestEpoch, state: TrainingState) -> None:
        """Gives everything but the model what it knew at the end of the checkpoint's epoch."""
        hooks.restore(state.callbacks)
        best.epoch, best.snapshot = state.best_epoch, state.best
        best.value = state.best_logs.get(best.monitor, math.nan)
        outcome = self.outcome
        outcome.epochs, outcome.final = state.epoch, dict(state.final_logs)
        outcome.best_epoch, outcome.best = state.best_epoch, dict(state.best_logs)

    def _prepare(self, engine: Engine) -> None:
        try:
            self._trace(engine)
        except (
            ValueError, TypeError, AssertionError, NotImplementedError, RuntimeError,
            tf.errors.InvalidArgumentError,
        ) as error:  # fmt: skip
            raise cannot_train(self.loaded, engine.model, error) from error

    def _trace(self, engine: Engine) -> None:
        try:
            engine.prepare()
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            # XLA lacks some operations, which a loss or a metric may need; what the rule chose is not what was asked.
            if not self.compilation.jit_compile or self.loaded.experiment.compile.jit_compile is True:
                raise
            self.emit(Message("info", f"XLA is not used: it cannot compile this network ({one_line(error)})"))
            engine.jit_compile = engine.model.jit_compile = False
            engine.prepare()

    def _train(self, engine: Engine, saver: Saver) -> None:
        try:
            complete = engine.run(saver.judge, partial(self._after_epoch, engine, saver))
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            saver.save_what_is_good()
            raise out_of_memory(f"in epoch {self.outcome.epochs + 1}", error) from error
        except tf.errors.InvalidArgumentError as error:
            raise value_refused(error) from error
        except tf.errors.OpError as error:
            saver.save_what_is_good()
            lost = None if self.team is None else self.team.lost(error)
            raise lost or TrainingError(f"TensorFlow failed: {one_line(error)}") from error
        except CallbackError as error:
            saver.save_what_is_good()
            raise callback_failed(self.loaded, error, self.outcome.epochs) from error
        except TrainingError:
            saver.save_what_is_good()
            raise
        if not complete:
            saver.collect()
        if not complete and self.interrupts.requested is not None:
            self.outcome.reason = f"interrupted in epoch {self.outcome.epochs + 1}"
            saver.save_what_is_good()
            # What they do to the model is not saved any more; but they close their files.
            engine.hooks.on_train_end()
            raise Interrupted(self.interrupts.requested)
        if not complete and self.team is not None and self.team.stop == FAILED:
            raise TrainingError("The chief had to stop.", "Its own output says why.")
        self.outcome.reason = _reason(engine, self.outcome.epochs)
        saver.save_end()

    def _after_epoch(self, engine: Engine, saver: Saver, epoch: int) -> None:
        if self.team is not None:
            engine.model.stop_training = self.team.any(bool(engine.model.stop_training))
        saver.after_epoch(epoch)

    def _class_weights(self) -> dict[int, float] | None:
        weights = class_weights(self.loaded, self.splits)
        if weights is not None and self.loaded.experiment.fit.class_weight == "auto":
            self.emit(Message("info", weights_note(weights, self.splits.class_names or ())))
        return weights

    def _validation_split(self) -> Split | None:
        return self.splits.get(self.loaded.experiment.fit.validation_data or "validation")


def _reason(engine: Engine, epochs: int) -> str:
    stoppers = engine.hooks.stoppers()
    if not engine.model.stop_training and not stoppers:
        return f"all {epochs} epochs trained"
    by = f" by {', '.join(stoppers)}" if stoppers else ""
    return f"stopped early{by} after epoch {epochs} of {engine.schedule.epochs}"
