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

    The output is a config itself. RUN is a run directory, id, name, latest or best:METRIC: its config is shown as it
    was, whatever became of the file.

    \b
    Example:
      nnrun show configs/iris_mlp.yaml fit.epochs=5
      nnrun show latest
    """
    paths, overrides = split_arguments(arguments)
    if len(paths) != 1:
        raise UsageError(f"expected one config or run, received {len(paths)}")
    path = paths[0]
    if path.is_file() or path.suffix in (".yaml", ".yml"):
        from nnrun.config.load import load_experiment
        from nnrun.config.resolved import with_origins

        typer.echo(with_origins(load_experiment(path, overrides)), nl=False)
        return
    from nnrun.rundir.origins import config_of_run
    from nnrun.rundir.selectors import find_run

    typer.echo(config_of_run(find_run(str(path), runs_dir), overrides), nl=False)
