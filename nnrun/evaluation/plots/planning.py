"""Which pictures are meant, and of what: a run, or a config whose latest run is meant where one is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nnrun.config.load import load_experiment
from nnrun.config.suggestions import closest
from nnrun.data.splits import SplitName
from nnrun.errors import DataError, UsageError
from nnrun.evaluation.plots.kinds import KINDS, Kind
from nnrun.evaluation.plots.subject import Look, Subject
from nnrun.rundir.reading import Run
from nnrun.rundir.selectors import find_run
from nnrun.training.recall import Weights


class Wish(NamedTuple):
    """How pictures should be; see `nnrun.evaluation.plots.subject.Subject`."""

    split: SplitName | None = None
    weights: Weights = "best"
    device: str = "auto"
    look: Look = Look()


def kind_named(name: str) -> Kind:
    """Returns the kind of picture with a name.

    Raises:
        UsageError: There is none.
    """
    found = next((kind for kind in KINDS if kind.name == name), None)
    if found is None:
        names = [kind.name for kind in KINDS]
        meant = closest(name, names)
        raise UsageError(
            f"there is no picture '{name}', but {', '.join(names)}", f"Did you mean {meant}?" if meant else ""
        )
    return found


def subject_of_run(run: Run, wish: Wish) -> Subject:
    """Returns a run to draw pictures of.

    Raises:
        DataError: Its resolved config is missing.
        ConfigError: Its config cannot be used any more.
    """
    return Subject(load_experiment(run.resolved_path), run, *wish)


def subjects_of_config(
    path: Path, overrides: Sequence[str], kinds: Sequence[Kind], runs_dir: Path, wish: Wish
) -> list[tuple[Kind | None, Subject]]:
    """Returns what to draw pictures of where a config is given.

    Pictures of data are made of the config itself, the others of its latest run.

    Args:
        path: The config.
        overrides: `KEY=VALUE` arguments.
        kinds: The pictures; none for all that fit.
        runs_dir: Where the runs are.
        wish: How the pictures should be.

    Returns:
        A subject for each kind; without kinds, one subject for all of them.

    Raises:
        DataError: There is no run of it, and one is needed.
        ConfigError: The config cannot be used.
    """
    loaded = load_experiment(path, overrides)
    alone = Subject(loaded, None, *wish)
    if not kinds:
        run = None if overrides else _latest(loaded.experiment.name, runs_dir)
        return [(None, alone if run is None else subject_of_run(run, wish))]
    if overrides and any(kind.needs != "data" for kind in kinds):
        raise UsageError("a run cannot be changed by KEY=VALUE", "Only the pictures samples and pairs can.")
    if all(kind.needs == "data" for kind in kinds):
        return [(kind, alone) for kind in kinds]
    try:
        run = find_run(loaded.experiment.name, runs_dir)
    except DataError as error:
        raise DataError(error.message, f"Train it first: nnrun train {path}") from error
    trained = subject_of_run(run, wish)
    return [(kind, alone if kind.needs == "data" else trained) for kind in kinds]


def _latest(name: str, runs_dir: Path) -> Run | None:
    try:
        return find_run(name, runs_dir)
    except DataError:
        return None  # not trained yet: there is nothing but the config to look at
