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
from nnrun.data.loading import load_splits
from nnrun.data.splits import facts_of_splits
from nnrun.errors import DataError, Interrupted, NnrunError, RequirementError, StorageError, TrainingError
from nnrun.events import (
    PHASES,
    Event,
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
from nnrun.rundir.recorder import Recorder
from nnrun.rundir.writing import RunDirectory
from nnrun.training.outcome import Outcome
from nnrun.training.startup import import_tensorflow, output_to


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
    started = time.perf_counter()
    loaded = loaded.with_seed(_draw_seed())
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
        try:
            with Recorder(directory.path) as recorder:
                return _train_in(
                    directory, loaded, request, _Listeners(recorder, display), interrupts, started
                )
        except (ConfigError, DataError):
            directory.discard()
            raise


class _Listeners:
    """Hands every event to the files first, then to the display."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def __call__(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


def _train_in(
    directory: RunDirectory,
    loaded: LoadedConfig,
    request: Request,
    emit: Listener,
    interrupts: Interrupts,
    started: float,
) -> Finished:
    experiment = loaded.experiment
    clock = _Clock(emit)
    outcome = Outcome()

    def end(status: Status, reason: str, exit_code: int) -> RunEnded:
        timing = {name: round(seconds, 4) for name, seconds in clock.merged(outcome.timing).items()}
        seconds = time.perf_counter() - started
        ended = RunEnded(
            status,
            reason,
            outcome.epochs,
            seconds,
            outcome.best_epoch,
            outcome.best,
            outcome.final,
            timing,
        )
        directory.finish(status, exit_code, reason, timing=timing)
        emit(ended)
        return ended

    emit(RunStarted(directory.id, experiment.name, str(directory.path), experiment.fit.epochs))
    try:
        with interrupts.immediate(), output_to(directory.path / "train.log"):
            _load_and_train(directory, loaded, request.device, emit, interrupts, clock, outcome)
    except BaseException as error:
        if interrupts.requested is not None and not isinstance(error, (StorageError, TrainingError)):
            # Also where the import or the library that it hit made another error of it.
            stopped = Interrupted(interrupts.requested)
            end("interrupted", outcome.reason or stopped.message, stopped.exit_code)
            raise Interrupted(stopped.signum, f"the run is kept: {directory.path}") from error
        if isinstance(error, (ConfigError, DataError)):
            raise
        if isinstance(error, NnrunError):
            end("failed", error.message, error.exit_code)
            raise
        end("failed", f"{type(error).__name__}: {error}", 1)
        raise
    unmet = tuple(
        f"{required} is required, and the best epoch has {outcome.best.get(required.metric)}"
        for required in map(parse_requirement, [*experiment.require, *request.requirements])
        if not required.holds(outcome.best)
    )
    ended = end("completed", outcome.reason, RequirementError.exit_code if unmet else 0)
    return Finished(directory.path, ended, outcome.monitor, unmet)


def _load_and_train(
    directory: RunDirectory,
    loaded: LoadedConfig,
    device: str,
    emit: Listener,
    interrupts: Interrupts,
    clock: _Clock,
    outcome: Outcome,
) -> None:
    experiment = loaded.experiment
    with clock("data"):
        splits = load_splits(experiment.dataset, experiment.compile.loss, loaded.seed)
        # Some facts, such as the classes of a large table, are known only now.
        compare(loaded, facts_of_splits(splits))
    for note in splits.notes:
        emit(Message("info", note))
    (directory.path / "model").mkdir()
    atomic.write_json(directory.path / "model" / "preprocessing.json", splits.preprocessing.to_json())
    with clock("import"):
        chosen = import_tensorflow(device)
        from nnrun.training.session import Session

        # A signal during an import can be swallowed by what is being imported.
        interrupts.raise_if_requested()
    directory.update(device=chosen, data={"fingerprint": splits.fingerprint}, class_names=splits.class_names)
    Session(
        loaded=loaded,
        splits=splits,
        seed=loaded.seed,
        path=directory.path,
        device=chosen,
        emit=emit,
        interrupts=interrupts,
        phase=clock,
        outcome=outcome,
    ).run()


def _draw_seed() -> int:
    """Returns a seed from the operating system, for experiments that give none."""
    return secrets.randbits(32)
