"""Finding runs: by path, id, prefix, name, `latest` or `best:METRIC`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nnrun.config.directions import direction
from nnrun.errors import DataError, UsageError
from nnrun.rundir.reading import Run

_LISTED = 8
"""How many candidates an error message names."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A directory among the runs that is none, or a damaged one.

    Args:
        path: The directory.
        reason: What is wrong with it.
    """

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in a folder of runs.

    Args:
        runs: All runs, the newest first.
        unreadable: Directories beside them that could not be read as a run.
    """

    runs: tuple[Run, ...]
    unreadable: tuple[Unreadable, ...]


def list_runs(runs_dir: Path) -> Listing:
    """Reads all runs `runs_dir/<name>/<id>/`, ordered by the start that their records tell.

    Args:
        runs_dir: The folder; it may be missing. Files and names with a leading dot are left out.
    """
    runs = []
    unreadable = []
    for path in _directories(runs_dir):
        try:
            runs.append(Run.read(path))
        except DataError as error:
            unreadable.append(Unreadable(path, error.message))
    return Listing(tuple(sorted(runs, key=_age, reverse=True)), tuple(unreadable))


def find_run(selector: str, runs_dir: Path) -> Run:
    """Finds the one run that the user means.

    Args:
        selector: In this order of meaning: `latest`; `best:METRIC`; the path of a run directory, or of a
            folder of runs (the latest in it); a run id; the name of an experiment (its latest run); a
            unique beginning of a run id.
        runs_dir: Where the runs are.

    Raises:
        DataError: There is no such run, or it is damaged.
        UsageError: The selector fits several runs, or is `best:` with a metric of unknown direction.
    """
    if selector == "latest":
        return _latest(list(list_runs(runs_dir).runs), runs_dir, "run")
    if selector.startswith("best:"):
        return _best(selector.removeprefix("best:"), runs_dir)
    if not selector:
        raise _none("run ''", runs_dir)
    run = _by_path(Path(selector)) or _by_path(runs_dir / selector)
    if run is not None:
        return run
    candidates = list(_directories(runs_dir))
    for path in candidates:
        if path.name == selector:
            return Run.read(path)
    named = [path for path in candidates if path.parent.name == selector]
    if named:
        return _latest(_readable(named), runs_dir, f"run named {selector!r}")
    matching = sorted(path for path in candidates if path.name.startswith(selector))
    if len(matching) > 1:
        shown = ", ".join(f"{path.name} ({path.parent.name})" for path in matching[:_LISTED])
        more = f" and {len(matching) - _LISTED} more" if len(matching) > _LISTED else ""
        raise UsageError(
            f"{selector!r} is the beginning of {len(matching)} runs: {shown}{more}", "Give more of the id."
        )
    if not matching:
        raise _none(f"run {selector!r}", runs_dir)
    return Run.read(matching[0])


def find_directory(selector: str, runs_dir: Path) -> Path:
    """Finds the directory of one run, also where its record is damaged or gone.

    Args:
        selector: As for `find_run`; a path, or an id or its beginning, finds a damaged one.
        runs_dir: Where the runs are.

    Raises:
        DataError: There is no such run.
        UsageError: The selector fits several runs, or is `best:` with a metric of unknown direction.
    """
    for path in (Path(selector), runs_dir / selector):
        if selector and looks_like_run(path):
            return path
    try:
        return find_run(selector, runs_dir).path
    except DataError:
        found = [path for path in _directories(runs_dir) if selector and path.name.startswith(selector)]
        if len(found) != 1:
            raise
        return found[0]


def looks_like_run(path: Path) -> bool:
    """Tells whether a folder is a run directory, or what is left of one."""
    try:
        return any((path / name).is_file() for name in ("run.json", "resolved.yaml"))
    except (OSError, ValueError):  # no path at all: too long, or a NUL byte
        return False


def _by_path(path: Path) -> Run | None:
    try:
        if (path / "run.json").is_file():
            return Run.read(path)
        # The folder of one experiment, or of all of them.
        if path.is_dir():
            below = [entry for entry in path.iterdir() if (entry / "run.json").is_file()]
            runs = _readable(below) or list(list_runs(path).runs)
            return max(runs, key=_age, default=None)
    except (OSError, ValueError):
        # No path at all: too long, a NUL byte, or below a file.
        return None
    return None


def _best(metric: str, runs_dir: Path) -> Run:
    if not metric:
        raise UsageError("best: needs a metric", "Such as best:val_accuracy.")
    values = []
    known: set[str] = set()
    wanted = direction(metric)
    for run in list_runs(runs_dir).runs:
        if not _has_summary(run):
            continue
        known.update(key.removeprefix("best_") for key in run.summary if key.startswith("best_"))
        value = run.metric(metric)
        if value is not None:
            values.append((value, run))
            wanted = wanted or run.direction(metric)
    known.discard("epoch")
    if wanted is None and (values or not known):
        raise UsageError(
            f"best:{metric}: the name does not tell whether more or less of {metric!r} is better",
            "Choose the run from `nnrun runs --sort KEY`, or set checkpoint.mode in the config.",
        )
    if not values:
        metrics = f"; the runs there have: {', '.join(sorted(known))}" if known else ""
        raise DataError(f"no run with a finite {metric!r} in {runs_dir.absolute()}{metrics}", _HOW)
    # Of equal ones the newest, which comes first.
    choose = min if wanted == "min" else max
    return choose(values, key=lambda item: item[0])[1]


def _has_summary(run: Run) -> bool:
    try:
        return bool(run.summary)
    except DataError:
        return False


def _latest(runs: list[Run], runs_dir: Path, what: str) -> Run:
    if not runs:
        raise _none(what, runs_dir)
    return max(runs, key=_age)


def _readable(paths: list[Path]) -> list[Run]:
    runs = []
    for path in paths:
        try:
            runs.append(Run.read(path))
        except DataError:
            # A damaged one does not hide the others; asked for by itself it is an error.
            continue
    return runs


def _age(run: Run) -> tuple[float, str]:
    return run.started.timestamp(), run.id


_HOW = "Give a path, a run id or its beginning, a name, latest or best:METRIC; see `nnrun runs --help`."


def _none(what: str, runs_dir: Path) -> DataError:
    where = runs_dir.absolute()
    if not runs_dir.is_dir():
        return DataError(f"no {what}: the folder {where} does not exist", "Name another one with --runs-dir.")
    return DataError(f"no {what} in {where}", _HOW)


def _directories(runs_dir: Path) -> Iterator[Path]:
    for experiment in _entries(runs_dir):
        yield from _entries(experiment)


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.name[0] != "." and entry.is_dir()]
    except OSError:
        # Gone since it was listed, or not allowed to look into.
        return []
