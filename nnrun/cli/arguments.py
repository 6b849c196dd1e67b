"""Arguments that mix files and `KEY=VALUE`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.errors import DataError, UsageError

if TYPE_CHECKING:
    from nnrun.rundir.reading import Run

_KEY = re.compile(r"(?:dataset|model|compile|fit|checkpoint)(?:\.[a-z_]+|\[[0-9]+\])+")
"""An override whose `=VALUE` was forgotten."""


def split_arguments(arguments: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Divides arguments into files and overrides.

    An argument is an override if a key path and `=` begin it and no file has this name.

    Args:
        arguments: In the order of the command line.

    Returns:
        The files and the overrides.

    Raises:
        UsageError: There is no file among them, or a key without a value.
    """
    from nnrun.config.overrides import looks_like_override

    paths: list[Path] = []
    overrides: list[str] = []
    for argument in arguments:
        if not argument:
            raise UsageError("expected a file, a run or KEY=VALUE, received an empty argument")
        if looks_like_override(argument) and not Path(argument).exists():
            overrides.append(argument)
        elif _KEY.fullmatch(argument) and not Path(argument).exists():
            raise UsageError(
                f"expected a config file or KEY=VALUE, received {argument!r}", f"Write {argument}=VALUE."
            )
        else:
            paths.append(Path(argument))
    if not paths:
        raise UsageError("expected a config file, received only KEY=VALUE arguments")
    return paths, overrides


def set_by_options(name: str | None, seed: int | None) -> list[str]:
    """Returns what `--name` and `--seed` say as overrides."""
    given = {"name": name, "seed": seed}
    return [f"{key}={value}" for key, value in given.items() if value is not None]


def run_meant(text: str, runs_dir: Path) -> Run:
    """Returns the run that an argument means: see `nnrun.rundir.selectors`, or the latest run of a config.

    Args:
        text: The argument.
        runs_dir: Where the runs are.

    Raises:
        DataError: There is no such run, or it is damaged.
        UsageError: The argument fits several runs.
        ConfigError: It is a config that cannot be used.
    """
    from nnrun.rundir.selectors import find_run

    path = Path(text)
    if not is_config(path):
        return find_run(text, runs_dir)
    from nnrun.config.load import load_experiment

    name = load_experiment(path).experiment.name
    try:
        return find_run(name, runs_dir)
    except DataError as error:
        raise DataError(error.message, f"Train it first: nnrun train {path}") from error


def is_config(path: Path) -> bool:
    """Returns whether a path is the file of a config, and not the directory of a run."""
    return path.suffix in (".yaml", ".yml") and path.is_file()
