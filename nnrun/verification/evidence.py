"""All that is known about one run directory, collected once, for the checks to judge.

The directory may be written meanwhile. A training writes an epoch into the events, then into the table, then into a
checkpoint, then tells of it in the events: what is read in the opposite order can only be further than what was read
before, so that a run that is going on never looks broken.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nnrun.config.experiment import Experiment
from nnrun.config.load import load_experiment
from nnrun.config.problems import ConfigError
from nnrun.errors import DataError
from nnrun.rundir.atomic import TEMPORARY_PREFIX
from nnrun.rundir.checkpoints import checkpoint_folders, damage, epoch_of
from nnrun.rundir.lock import is_locked
from nnrun.rundir.reading import Run, RunStatus
from nnrun.verification.log import Log, read_log
from nnrun.verification.models import model_problem
from nnrun.verification.reading import Unreadable, is_there, read_file, read_object
from nnrun.verification.table import Table, read_table

_TRIES = 5
"""How often to look again at a directory that changes while it is looked at."""


@dataclass(frozen=True, slots=True)
class FoundCheckpoint:
    """A checkpoint that lies in the directory.

    Args:
        path: Its folder.
        epoch: Its epoch.
        damage: What is wrong with it, or None.
    """

    path: Path
    epoch: int
    damage: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """How much lies in the directory.

    Args:
        size: Bytes.
        leftovers: Files and folders that a killed process left unfinished, relative to the directory.
        leftover_size: Bytes in them.
    """

    size: int
    leftovers: tuple[str, ...]
    leftover_size: int


@dataclass(frozen=True)
class Evidence:
    """What lies in a run directory.

    Args:
        path: The directory.
        run: The run, or None where its record cannot be used.
        record_problem: Why it cannot be used.
        earlier: The events, read first.
        checkpoints: The checkpoints, the newest first.
        models: What is wrong with each model file that is there, by its path in the directory.
        table: The table of epochs.
        log: The events, read last.
        locked: Whether a process writes to the directory; None where that is not known.
    """

    path: Path
    run: Run | None
    record_problem: str
    earlier: Log
    checkpoints: tuple[FoundCheckpoint, ...]
    models: Mapping[str, str | None]
    table: Table
    log: Log
    locked: bool | None

    @property
    def record(self) -> Mapping[str, Any]:
        """The content of `run.json`; empty where it cannot be used."""
        return {} if self.run is None else self.run.record

    @property
    def is_finished(self) -> bool:
        """Whether the record says how the run ended; then nothing may be missing."""
        return bool(self.record.get("status", "running") != "running")

    @property
    def status(self) -> RunStatus | None:
        """The status as `nnrun runs` shows it; None where there is no record."""
        return None if self.run is None else self.run.status

    @property
    def epochs(self) -> int:
        """Complete epochs in the table."""
        return len(self.table.rows)

    @property
    def newest_intact(self) -> FoundCheckpoint | None:
        """The checkpoint that a resume would use."""
        return next((found for found in self.checkpoints if found.damage is None), None)

    @cached_property
    def experiment(self) -> Experiment:
        """What `resolved.yaml` says.

        Raises:
            Unreadable: It is missing, or no valid config.
        """
        file = self.path / "resolved.yaml"
        if not is_there(file):
            raise Unreadable("it is missing")
        try:
            return load_experiment(file).experiment
        except ConfigError as error:
            first = error.problems[0]
            where = f"line {first.place.line}: " if first.place else ""
            path = f"{first.path}: " if first.path else ""
            raise Unreadable(f"{where}{path}{first.message}") from error
        except DataError as error:
            raise Unreadable(_about_itself(error, file)) from error

    @cached_property
    def summary(self) -> dict[str, Any] | None:
        """The content of `summary.json`, or None where there is none.

        Raises:
            Unreadable: It is damaged.
        """
        return read_object(self.path / "summary.json")

    @cached_property
    def content(self) -> Content:
        """How much lies in the directory."""
        return _content(self.path)


def collect(path: Path) -> Evidence:
    """Looks at everything in a run directory.

    Args:
        path: The directory.
    """
    for _ in range(_TRIES):
        before = _record_bytes(path)
        evidence = _collect_once(path)
        if before == _record_bytes(path):
            break
    return evidence


def _collect_once(path: Path) -> Evidence:
    run, problem = None, ""
    file = path / "run.json"
    try:
        if is_there(file):
            run = Run.read(path)
        else:
            problem = "it is missing"
    except Unreadable as error:
        problem = str(error)
    except DataError as error:
        problem = _about_itself(error, file)
    # The order matters, see above.
    return Evidence(
        path=path,
        run=run,
        record_problem=problem,
        earlier=read_log(path / "events.jsonl"),
        checkpoints=_checkpoints(path),
        models={
            f"model/{file.name}": model_problem(file)
            for file in sorted((path / "model").glob("*.keras"))
            if not file.name.startswith(TEMPORARY_PREFIX)
        },
        table=read_table(path / "metrics.csv"),
        log=read_log(path / "events.jsonl"),
        locked=is_locked(path),
    )


def _about_itself(error: DataError, file: Path) -> str:
    """Returns the message of an error about a file, for a place where its name stands before it."""
    return error.message.replace(str(file), "it")


def _record_bytes(path: Path) -> bytes | None:
    try:
        return read_file(path / "run.json")
    except Unreadable:
        return None


def _checkpoints(run: Path) -> tuple[FoundCheckpoint, ...]:
    found: list[FoundCheckpoint] = []
    for _ in range(_TRIES):
        folders = checkpoint_folders(run)
        found = [
            # The newest is what a resume would load.
            FoundCheckpoint(folder, epoch_of(folder), damage(folder, load=folder == folders[0]))
            for folder in folders
        ]
        # A training that goes on removes the older ones.
        still_there = [one for one in found if one.damage is None or one.path.exists()]
        if len(still_there) == len(found):
            break
        found = still_there
    return tuple(found)


def _content(path: Path) -> Content:
    size = leftover_size = 0
    leftovers: list[str] = []
    for folder, folders, files in os.walk(path):
        here = Path(folder)
        inside = any(part.startswith(TEMPORARY_PREFIX) for part in here.relative_to(path).parts)
        if not inside:
            found = sorted(name for name in [*folders, *files] if name.startswith(TEMPORARY_PREFIX))
            leftovers += [str((here / name).relative_to(path)) for name in found]
        for name in files:
            bytes_here = _size(here / name)
            size += bytes_here
            if inside or name.startswith(TEMPORARY_PREFIX):
                leftover_size += bytes_here
    return Content(size, tuple(leftovers), leftover_size)


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0  # gone since the folder was listed
