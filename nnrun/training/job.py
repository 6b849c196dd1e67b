"""One training from a checked config to a finished run directory, however it ends.

This module does not import TensorFlow itself: the run directory exists, and the data is loaded and checked, before
the seconds that the import takes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from nnrun.config.load import LoadedConfig
from nnrun.config.problems import ConfigError
from nnrun.config.resolved import to_yaml
from nnrun.data.description import describe
from nnrun.errors import (
    DataError,
    Interrupted,
    NnrunError,
    RequirementError,
    StorageError,
    TrainingError,
)
from nnrun.events import Listener, Message, RunEnded, RunStarted, Status
from nnrun.interrupts import Interrupts
from nnrun.rundir import atomic
from nnrun.rundir.lock import locked
from nnrun.rundir.recorder import Recorder
from nnrun.rundir.writing import RunDirectory
from nnrun.tracking.trackers import tracked
from nnrun.training.cluster import announce
from nnrun.training.part import Part, Request, with_shared_seed
from nnrun.training.resuming import Resumable
from nnrun.training.startup import output_to

__all__ = ["Finished", "Request", "resume", "train"]


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
    loaded = with_shared_seed(loaded, request.cluster)
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
            job = _Job(directory, Part(loaded, request, emit, interrupts))
            try:
                return job.run()
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
        job = _Job(directory, Part(loaded, request, emit, interrupts, resumable))
        try:
            return job.run()
        except (ConfigError, DataError):
            if job.is_untouched:
                kept = ("status", "reason", "exit_code", "ended", "process", "resumed")
                directory.update(**{key: resumable.run.record.get(key) for key in kept})
            raise


class _Job:
    """One training in an open run directory.

    Args:
        directory: The run directory.
        part: What this process does for it.
    """

    def __init__(self, directory: RunDirectory, part: Part) -> None:
        self._directory = directory
        self._part = part
        self._started = time.perf_counter()

    @property
    def is_untouched(self) -> bool:
        """Whether no epoch was completed by this job."""
        resumable = self._part.resumable
        before = 0 if resumable is None else resumable.checkpoint.epoch
        return self._part.outcome.epochs in (0, before)

    def run(self) -> Finished:
        """Trains, and records how it ended."""
        directory, part = self._directory, self._part
        experiment, cluster = part.loaded.experiment, part.request.cluster
        if cluster is not None:
            announce(cluster, directory.path)
        part.emit(RunStarted(directory.id, experiment.name, str(directory.path), experiment.fit.epochs))
        try:
            with part.interrupts.immediate(), output_to(directory.path / "train.log"):
                self._load_and_train()
        except BaseException as error:
            requested = part.interrupts.requested
            if requested is not None and not isinstance(error, (StorageError, TrainingError)):
                # Also where the import or the library that it hit made another error of it.
                stopped = Interrupted(requested)
                self._end("interrupted", part.outcome.reason or stopped.message, stopped.exit_code)
                raise Interrupted(requested, f"the run is kept: {directory.path}") from error
            if self.is_untouched and isinstance(error, (ConfigError, DataError)):
                raise  # nothing was trained, and nothing is recorded
            if isinstance(error, NnrunError):
                self._end("failed", error.message, error.exit_code)
            else:
                self._end("failed", f"{type(error).__name__}: {error}", 1)
            raise
        unmet = part.unmet()
        ended = self._end("completed", part.outcome.reason, RequirementError.exit_code if unmet else 0)
        return Finished(directory.path, ended, part.outcome.monitor, unmet)

    def _end(self, status: Status, reason: str, exit_code: int) -> RunEnded:
        outcome = self._part.outcome
        timing = {name: round(value, 4) for name, value in self._part.clock.merged(outcome.timing).items()}
        seconds = time.perf_counter() - self._started
        ended = RunEnded(
            status, reason, outcome.epochs, seconds, outcome.best_epoch, outcome.best, outcome.final, timing
        )
        self._part.emit(ended)
        # Last: a run that says how it ended has everything else. Its seconds are those of all its processes.
        before = self._directory.record.get("timing") or {}
        total = {
            name: round(before.get(name, 0.0) + timing.get(name, 0.0), 4) for name in {**before, **timing}
        }
        self._directory.finish(status, exit_code, reason, timing=total)
        return ended

    def _load_and_train(self) -> None:
        directory, part = self._directory, self._part
        splits = part.load()
        for note in splits.notes:
            part.emit(Message("info", note))
        if part.resumable is None:
            atomic.make_folder(directory.path / "model")
            preprocessing = splits.preprocessing.to_json()
            atomic.write_json(directory.path / "model" / "preprocessing.json", preprocessing)
        devices = part.start(splits)
        for note in devices.notes(directory.record.get("distribute")):
            part.emit(Message("warning", note))
        compilation = part.compilation(splits, devices)
        directory.update(
            device=devices.name,
            distribute=devices.facts,
            xla={"used": compilation.jit_compile, "reason": compilation.reason},
            data=describe(part.loaded.experiment.dataset, splits),
            class_names=splits.class_names,
            **part.request.facts,
        )
        part.train(splits, devices, directory.path)
