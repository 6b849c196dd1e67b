"""`nnrun show`: the resolved config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.arguments import split_arguments
from nnrun.cli.options import RunsDir
from nnrun.errors import UsageError


def show(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="CONFIG|RUN|KEY=VALUE", help="A config file or a run, and values to override."
        ),
    ],
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Print the resolved config: every value, and where it comes from.

    The output is a config itself. RUN is a run directory, id, name, latest or best:METRIC.

    \b
    Example:
      nnrun show configs/iris_mlp.yaml fit.epochs=5
      nnrun show latest
    """
    from nnrun.config.load import load_experiment
    from nnrun.config.resolved import with_origins

    paths, overrides = split_arguments(arguments)
    if len(paths) != 1:
        raise UsageError(f"expected one config or run, received {len(paths)}")
    typer.echo(with_origins(load_experiment(_config(paths[0], runs_dir), overrides)), nl=False)


def _config(path: Path, runs_dir: Path) -> Path:
    """Returns the config file that is meant: the file itself, or that of a run."""
    if path.is_file() or path.suffix in (".yaml", ".yml"):
        return path
    from nnrun.rundir.selectors import find_run

    return find_run(str(path), runs_dir).resolved_path
