"""`nnrun runs`: what was trained here, and how it came out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import Filters, RunsDir
from nnrun.errors import UsageError


def runs(
    filters: Filters = None,
    sort: Annotated[
        str,
        typer.Option(
            metavar="KEY",
            help="Order: started (newest first), a metric (best first), or any other key. KEY:asc and KEY:desc turn "
            "it round; several keys have commas between them.",
        ),
    ] = "started",
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N of them.")] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="KEYS",
            help="Show these, such as id,val_accuracy,compile.optimizer; with a + in front, beside the usual ones.",
        ),
    ] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="All facts and metrics, as JSON.")] = False,
    as_csv_: Annotated[bool, typer.Option("--csv", help="All facts and metrics, as CSV.")] = False,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """List runs, the newest first.

    A KEY is a fact (id, name, status, epochs, seconds, seed, device, git.commit), a metric of the best epoch
    (val_loss) or of the last one (final_val_loss), a figure that evaluate wrote (test.accuracy), or a key of the
    config (fit.batch_size, compile.optimizer).

    \b
    Example:
      nnrun runs --filter 'val_accuracy>0.9 and not name~smoke' --sort val_loss
      nnrun runs --columns +compile.optimizer,fit.batch_size --sort val_accuracy
    """
    if as_json_ and as_csv_:
        raise UsageError("--json and --csv were both given", "Choose one of them.")
    # Later than at the top: every command waits for what is imported there.
    from datetime import UTC, datetime

    from nnrun.cli.streams import style_of_stdout
    from nnrun.comparison.expressions import parse
    from nnrun.comparison.listing import Order, select, unknown_keys, worth_showing
    from nnrun.comparison.output import USUAL, as_csv, as_json, as_table, parse_columns
    from nnrun.rundir.selectors import list_runs

    expressions = [parse(text) for text in filters or ()]
    orders = Order.parse(sort)
    usual, keys = parse_columns(columns)
    listing = list_runs(runs_dir)
    chosen = select(listing.runs, expressions, orders, limit)
    if as_json_:
        typer.echo(as_json(chosen, (usual, keys)))
    elif as_csv_:
        typer.echo(as_csv(chosen, (usual, keys)), nl=False)
    elif chosen:
        shown = worth_showing(orders, chosen) if usual else ()
        width, paint = style_of_stdout()
        now = datetime.now(UTC)
        typer.echo(as_table(chosen, now, (usual, (*shown, *keys)), width, paint), nl=False, color=True)
    elif listing.runs:
        typer.echo(f"none of the {len(listing.runs)} runs in {runs_dir.absolute()} fits", err=True)
    else:
        typer.echo(f"no runs in {runs_dir.absolute()}", err=True)
    asked = [key for expression in expressions for key in expression.keys]
    asked += [order.key for order in orders] + [key for key in keys if key not in USUAL]
    for sentence in unknown_keys(listing.runs, asked):
        typer.echo(f"note: {sentence}", err=True)
    for unreadable in listing.unreadable:
        typer.echo(f"not readable: {unreadable.path}: {unreadable.reason}", err=True)
