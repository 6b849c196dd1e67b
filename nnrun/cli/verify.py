"""`nnrun verify`: does a run directory keep every promise?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import GlobalOptions, RunsDir, global_options
from nnrun.errors import DataError, UsageError

if TYPE_CHECKING:
    from nnrun.verification.findings import State
    from nnrun.verification.verify import Verification


def verify(
    context: typer.Context,
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Path, id, beginning of an id, name, latest or best:METRIC."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every run in the folder with the runs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as one JSON object.")] = False,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Check every promise about a run directory, and print what is broken.

    Compares every file with its checksum and with the other files, without loading TensorFlow, and changes nothing.
    A run that goes on, was interrupted or killed keeps its promises, too. Of several runs only what is not in order
    is shown; -v shows all.

    Exits with 4 if a promise is broken.

    \b
    Example:
      nnrun verify latest
      nnrun verify --all --json
    """
    if bool(runs) == all_:
        raise UsageError("expected a RUN, or --all" if not runs else "--all and a RUN were both given")
    # Later than at the top: every command waits for what is imported there.
    from nnrun.rundir.selectors import find_directory

    paths = _all(runs_dir) if all_ else [find_directory(run, runs_dir) for run in runs or ()]
    from nnrun.verification.text import as_record
    from nnrun.verification.verify import verify as verify_run

    options = global_options(context)
    results: list[Verification] = []
    for path in paths:
        results.append(verify_run(path))
        if not as_json:
            _show(results[-1], options, alone=len(paths) == 1)
    count = sum(len(result.broken) for result in results)
    if as_json:
        from nnrun.rundir.atomic import json_bytes

        typer.echo(json_bytes(as_record(results)), nl=False)
    elif results and not options.quiet:
        typer.echo(_verdict(count, len(results)))
    if count:
        raise typer.Exit(DataError.exit_code)


def _all(runs_dir: Path) -> list[Path]:
    """Returns every run directory, the newest first; those that cannot be read as a run come last."""
    from nnrun.rundir.selectors import list_runs, looks_like_run

    listing = list_runs(runs_dir)
    paths = [run.path for run in listing.runs]
    for unreadable in listing.unreadable:
        if looks_like_run(unreadable.path):
            paths.append(unreadable.path)
        else:
            typer.echo(f"no run: {unreadable.path}", err=True)
    if not paths:
        typer.echo(f"no runs in {runs_dir.absolute()}", err=True)
    return paths


def _show(result: Verification, options: GlobalOptions, *, alone: bool) -> None:
    if options.quiet and result.holds:
        return
    import shutil

    from nnrun.display.problems import uses_colour
    from nnrun.verification.text import as_text

    states: set[State] = {"broken"} if options.quiet else {"broken", "note"}
    if options.verbose or (alone and not options.quiet):
        states.add("ok")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    typer.echo(as_text(result, states, width, colour=uses_colour(sys.stdout)), nl=False)


def _verdict(broken: int, runs: int) -> str:
    where = f" in {runs} runs" if runs > 1 else ""
    if not broken:
        return f"every promise holds{where}"
    return f"{broken} broken promise{'' if broken == 1 else 's'}{where}"
