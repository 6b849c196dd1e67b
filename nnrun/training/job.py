"""One training from a checked config to a finished run directory, however it ends.

This module does not import TensorFlow itself: the run directory exists, and the data is loaded and checked, before
the seconds that the import takes.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nnrun.check import compare
from nnrun.config.load import LoadedConfig
from nnrun.config.problems import ConfigError
from nnrun.config.requirements import parse_requirement
from nnrun.config.resolved import to_yaml
from nnrun.data.description import describe
from nnrun.data.loading import load_splits
from nnrun.data.progress import told_to
from nnrun.data.splits import facts_of_splits
from nnrun.errors import (
    DataError,
    Interrupted,
    NnrunError,
    RequirementError,
    StorageError,
    TrainingError,
)
from nnrun.events import (
    PHASES,
    Listener,
    Message,
    Phase,
    PhaseStarted,
    RunEnded,
    RunStarted,
    Status,
)
from nnrun.interrupts import Interrupts
from nnrun.rundir import atomic
from nnrun.rundir.lock import locked
from nnrun.rundir.recorder import Recorder
from nnrun.rundir.writing import RunDirectory
from nnrun.tracking.trackers import tracked
from nnrun.training.outcome import Outcome
from nnrun.training.resuming import Resumable
from nnrun.training.startup import import_tensorflow, output_to
from nnrun.training.xla import choose_compilation


@dataclass(frozen=True, slots=True)
class Request:
    """What one training asks for, beside the config.

    Args:
        runs_dir: Folder that holds the runs.
        command: The command line, for the record.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
        requirements: Expressions that must hold for the metrics of the best epoch, beside those of the config.
    """

    runs_dir: Path
    command: Sequence[str]
    device: str = "auto"
    requirements: Sequence[str] = ()


@dataclass(slots=True)
class _Clock:
    """Adds up seconds by phase."""

    emit: Listener
    timing: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def __call__(self, phase: Phase) -> Iterator[None]:
        self.emit(PhaseStarted(phase))
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timing[phase] = self.timing.get(phase, 0.0) + time.perf_counter() - started

    def merged(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Returns the seconds by phase, with those added that were measured elsewhere."""
        return {
            phase: self.timing.get(phase, 0.0) + measured.get(phase, 0.0)
            for phase in PHASES
            if phase in self.timing or phase in measured
        }


@dataclass(frozen=True, slots=True)
class Finished:
    """A complete training.

    Args:
        path: The run directory.
        ended: How it ended.
        monitor: The metric that decided which epoch is the best.
        unmet: One sentence for each requirement that does not hold.
    """

    path: Path
    ended: RunEnded
    monitor: str
    unmet: tuple[str, ...]


def train(loaded: LoadedConfig, request: Request, display: Listener, interrupts: Interrupts) -> Finished:
    """Trains what a checked config describes, and leaves a run directory that says how it ended.

    A config or data that cannot be used leaves no directory behind, as nothing was trained.

    Args:
        loaded: The checked config.
        request: What else was asked for.
        display: Receives the events, after the files of the run.
        interrupts: Tells of Ctrl-C and SIGTERM.

    Raises:
        NnrunError: Whatever ended it early, after that was recorded.
    """
    loaded = loaded.with_seed(secrets.randbits(32))
    experiment = loaded.experiment
    # A run directory that a signal left without its end would say `running` for ever.
    with interrupts.held():
        directory = RunDirectory.create(
            request.runs_dir,
            experiment.name,
            config=loaded.source,
            resolved=to_yaml(experiment),
            command=request.command,
            seed=loaded.seed,
            config_path=loaded.path,
        )
        with (
            locked(directory.path),
            Recorder(directory.path) as recorder,
            tracked(experiment, directory.path, recorder, display) as emit,
        ):
            job = _Job(directory, loaded, request.device, emit, interrupts)
            try:
                return job.run(request.requirements)
            except (ConfigError, DataError):
                if job.is_untouched:
                    directory.discard()
                raise


def resume(resumable: Resumable, request: Request, display: Listener, interrupts: Interrupts) -> Finished:
    """Continues a run in its own directory, as if it had never been interrupted.

    Args:
        resumable: What to go on with, from `nnrun.training.resuming`; its lock is held by the caller.
        request: What else was asked for; `runs_dir` does not matter.
        display: Receives the events, after the files of the run.
        interrupts: Tells of Ctrl-C and SIGTERM.

    Raises:
        NnrunError: Whatever ended it early, after that was recorded.
    """
    loaded, epoch = resumable.loaded, resumable.checkpoint.epoch
    path = resumable.run.path
    with (
        interrupts.held(),
        Recorder(path, epochs=epoch) as recorder,
        tracked(loaded.experiment, path, recorder, display) as emit,
    ):
        directory = RunDirectory.reopen(
            resumable.run, resolved=to_yaml(loaded.experiment), command=request.command, epoch=epoch
        )
        job = _Job(directory, loaded, request.device, emit, interrupts, resumable)
        try:
            return job.run(request.requirements)
        except (ConfigError, DataError):
            if job.is_untouched:
                kept = ("status", "reason", "exit_code", "ended", "process", "resumed")
                directory.update(**{key: resumable.run.record.get(key) for key in kept})
            raise


class _Job:
    """One training in an open run directory.

    Args:
        directory: The run directory.
        loaded: The checked config, with a seed.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
        emit: Receives the events.
        interrupts: Tells of Ctrl-C and SIGTERM.
        resumable: What to go on with; None for a new training.
    """

    def __init__(
        self,
        directory: RunDirectory,
        loaded: LoadedConfig,
        device: str,
        emit: Listener,
        interrupts: Interrupts,
        resumable: Resumable | None = None,
    ) -> None:
        self._directory = directory
        self._loaded = loaded
        self._device = device
        self._emit = emit
        self._interrupts = interrupts
        self._resumable = resumable
        self._clock = _Clock(emit)
        self._started = time.perf_counter()
        self.outcome = Outcome()

    @property
    def is_untouched(self) -> bool:
        """Whether no epoch was completed by this job."""
        before = 0 if self._resumable is None else self._resumable.checkpoint.epoch
        return self.outcome.epochs in (0, before)

    def run(self, requirements: Sequence[str]) -> Finished:
        """Trains, and records how it ended."""
        directory, experiment = self._directory, self._loaded.experiment
        self._emit(RunStarted(directory.id, experiment.name, str(directory.path), experiment.fit.epochs))
        try:
            with self._interrupts.immediate(), output_to(directory.path / "train.log"):
                self._load_and_train()
        except BaseException as error:
            requested = self._interrupts.requested
            if requested is not None and not isinstance(error, (StorageError, TrainingError)):
                # Also where the import or the library that it hit made another error of it.
                stopped = Interrupted(requested)
                self._end("interrupted", self.outcome.reason or stopped.message, stopped.exit_code)
                raise Interrupted(requested, f"the run is kept: {directory.path}") from error
            if self.is_untouched and isinstance(error, (ConfigError, DataError)):
                raise  # nothing was trained, and nothing is recorded
            if isinstance(error, NnrunError):
                self._end("failed", error.message, error.exit_code)
            else:
                self._end("failed", f"{type(error).__name__}: {error}", 1)
            raise
        best = self.outcome.best
        unmet = tuple(
            required.shortfall(best, "the best epoch")
            for required in map(parse_requirement, [*experiment.require, *requirements])
            if not required.holds(best)
        )
        ended = self._end("completed", self.outcome.reason, RequirementError.exit_code if unmet else 0)
        return Finished(directory.path, ended, self.outcome.monitor, unmet)

    def _end(self, status: Status, reason: str, exit_code: int) -> RunEnded:
        outcome = self.outcome
        timing = {name: round(value, 4) for name, value in self._clock.merged(outcome.timing).items()}
        seconds = time.perf_counter() - self._started
        ended = RunEnded(
            status, reason, outcome.epochs, seconds, outcome.best_epoch, outcome.best, outcome.final, timing
        )
        self._emit(ended)
        # Last: a run that says how it ended has everything else. Its seconds are those of all its processes.
        before = self._directory.record.get("timing") or {}
        total = {
            name: round(before.get(name, 0.0) + timing.get(name, 0.0), 4) for name in {**before, **timing}
        }
        self._directory.finish(status, exit_code, reason, timing=total)
        return ended

    def _load_and_train(self) -> None:
        directory, loaded, clock, resumable = self._directory, self._loaded, self._clock, self._resumable
        experiment = loaded.experiment
        with clock("data"), told_to(self._emit):
            splits = load_splits(
                experiment.dataset,
                experiment.compile.loss,
                loaded.seed,
                None if resumable is None else resumable.preprocessing,
            )
            # Some facts, such as the classes of a large table, are known only now.
            compare(loaded, facts_of_splits(splits))
            described = describe(experiment.dataset, splits)
            if resumable is not None:
                resumable.check_data(described)
        for note in splits.notes:
            self._emit(Message("info", note))
        if resumable is None:
            atomic.make_folder(directory.path / "model")
            preprocessing = splits.preprocessing.to_json()
            atomic.write_json(directory.path / "model" / "preprocessing.json", preprocessing)
        with clock("import"):
            device = import_tensorflow(self._device)
            from nnrun.training.progress_state import from_checkpoint
            from nnrun.training.session import Session

            # A signal during an import can be swallowed by what is being imported.
            self._interrupts.raise_if_requested()
        steps = -(-len(splits.train) // experiment.fit.batch_size)
        compilation = choose_compilation(experiment.compile, experiment.model.layers, steps, device)
        directory.update(
            device=device,
            xla={"used": compilation.jit_compile, "reason": compilation.reason},
            data=described,
            class_names=splits.class_names,
        )
        Session(
            loaded=loaded,
            splits=splits,
            seed=loaded.seed,
            path=directory.path,
            device=device,
            emit=self._emit,
            interrupts=self._interrupts,
            phase=clock,
            outcome=self.outcome,
            compilation=compilation,
            resumed=None if resumable is None else from_checkpoint(resumable.checkpoint),
        ).run()
