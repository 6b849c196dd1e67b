"""`nnrun tensorboard`: TensorBoard over the runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import Filters, RunsDir, global_options
from nnrun.errors import DataError, UsageError

if TYPE_CHECKING:
    from nnrun.rundir.reading import Run


def tensorboard(
    context: typer.Context,
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Paths, ids, beginnings of ids, names, latest or best:METRIC; without any, all runs.",
        ),
    ] = None,
    filters: Filters = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, metavar="N", help="The port; 0 for any. By default 6006, or the next free one."
        ),
    ] = None,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Start TensorBoard on this machine, with a line for each run.

    Shows the runs whose config has the callback TensorBoard. Without RUN, those that begin meanwhile are added.
    Nobody else can reach it: it listens on 127.0.0.1 only. Ctrl-C ends it.

    \b
    Example:
      nnrun tensorboard
      nnrun tensorboard moons-mlp best:val_accuracy --port 6007
    """
    if runs and filters:
        raise UsageError("expected runs or --filter, received both")
    # Later than at the top: every command waits for what is imported there.
    from nnrun.comparison.expressions import parse
    from nnrun.rundir.selectors import find_run, list_runs
    from nnrun.tracking.board import serve

    expressions = [parse(text) for text in filters or ()]
    named = [find_run(run, runs_dir) for run in runs or ()]
    quiet = global_options(context).quiet

    def chosen() -> Sequence[Run]:
        return named or [
            run for run in list_runs(runs_dir).runs if all(each.holds(run) for each in expressions)
        ]

    def started(url: str, shown: Sequence[Run], without: Sequence[Run]) -> None:
        typer.echo(url)
        for run in without if named else ():
            typer.echo(f"without event files: {run.name} {run.id}", err=True)
        if not quiet:
            count = f"{len(shown)} runs" if len(shown) > 1 else "1 run"
            typer.echo(f"TensorBoard shows {count}; Ctrl-C ends it", err=True)

    if not chosen():
        raise DataError(f"no such runs in {runs_dir.absolute()}", "`nnrun runs` lists what there is.")
    serve(chosen, port, f"nnrun: {runs_dir.absolute().name}", started)
