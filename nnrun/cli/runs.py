"""`nnrun runs`: what was trained here, and how it came out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import RunsDir
from nnrun.errors import UsageError


def runs(
    conditions: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="EXPR",
            help="Only runs for which this holds, such as 'val_accuracy>0.9' or status=failed; repeatable.",
        ),
    ] = None,
    sort: Annotated[
        str,
        typer.Option(
            metavar="KEY",
            help="Order: started (newest first), name, status, epochs, seconds, or a metric (best first).",
        ),
    ] = "started",
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N of them.")] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Everything that is known, as JSON.")] = False,
    as_csv_: Annotated[bool, typer.Option("--csv", help="Everything that is known, as CSV.")] = False,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """List runs, the newest first.

    \b
    Example:
      nnrun runs --filter 'val_accuracy>0.9' --sort val_loss --limit 5
    """
    if as_json_ and as_csv_:
        raise UsageError("--json and --csv were both given", "Choose one of them.")
    # Later than at the top: every command waits for what is imported there.
    from datetime import UTC, datetime

    from nnrun.rundir.overview import Condition, as_csv, as_json, as_table, select
    from nnrun.rundir.selectors import list_runs

    listing = list_runs(runs_dir)
    chosen = select(listing.runs, [Condition.parse(text) for text in conditions or ()], sort, limit)
    if as_json_:
        typer.echo(as_json(chosen))
    elif as_csv_:
        typer.echo(as_csv(chosen), nl=False)
    elif chosen:
        typer.echo(as_table(chosen, datetime.now(UTC)), nl=False)
    elif listing.runs:
        typer.echo(f"none of the {len(listing.runs)} runs in {runs_dir.absolute()} fits", err=True)
    else:
        typer.echo(f"no runs in {runs_dir.absolute()}", err=True)
    for unreadable in listing.unreadable:
        typer.echo(f"not readable: {unreadable.path}: {unreadable.reason}", err=True)
