"""`nnrun diff`: what differs between runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import RunsDir
from nnrun.errors import UsageError


def diff(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN",
            help="Two runs, or more: paths, ids, beginnings of ids, names, latest or best:METRIC.",
        ),
    ],
    complete: Annotated[bool, typer.Option("--all", help="Show what is equal, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The differences as one JSON object.")] = False,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Show what differs between two runs, and which is better.

    Compares the configs key by key, the data, the code, the environment, the metrics and the times. Nothing is
    trained or loaded. A layer that was put in between others is shown as that. Of more than two runs, each is
    compared with the first one. Exits with 0, whether something differs or not.

    \b
    Example:
      nnrun diff mnist-mlp mnist-mlp-dropout
      nnrun diff best:val_accuracy latest
    """
    if len(runs) < 2:
        raise UsageError(
            f"expected two runs to compare, received {len(runs)}", "Name another one; see `nnrun runs`."
        )
    # Later than at the top: every command waits for what is imported there.
    import json
    from datetime import UTC, datetime

    from nnrun.cli.streams import style_of_stdout
    from nnrun.comparison.difference import compare_runs
    from nnrun.comparison.difference_text import report
    from nnrun.events import plain
    from nnrun.rundir.selectors import find_run

    comparison = compare_runs([find_run(run, runs_dir) for run in runs])
    if as_json:
        record = plain(comparison.to_record(complete=complete))
        typer.echo(json.dumps(record, indent=2, ensure_ascii=False))
        return
    width, paint = style_of_stdout()
    text = report(comparison, datetime.now(UTC), complete=complete, width=width, paint=paint)
    typer.echo(text, nl=False, color=True)
