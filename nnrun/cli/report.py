"""`nnrun report`: one HTML page about a run, or about several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.arguments import run_meant
from nnrun.cli.options import AllowCode, Device, RunsDir, Split, Weights, global_options


def report(
    context: typer.Context,
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|CONFIG",
            help="One run or more: paths, ids, beginnings of ids, names, latest, best:METRIC, or configs: their "
            "latest runs.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write the page here; by default report.html in the directory of the run, of several runs "
            "nnrun-report.html in the current folder.",
        ),
    ] = None,
    split: Split = None,
    weights: Weights = "best",
    evaluate: Annotated[
        bool,
        typer.Option(
            "--evaluate/--no-evaluate",
            help="Load data and network where they are needed; else show what the run directory has.",
        ),
    ] = True,
    device: Device = "auto",
    runs_dir: RunsDir = Path("runs"),
    allow_code: AllowCode = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Write one HTML page about a run: figures, curves, mistakes, data, config; prints its path.

    The page needs no network and no other file. Of several runs, it compares them. A run that was not evaluated is
    evaluated first.

    \b
    Example:
      nnrun report latest
      nnrun report iris-mlp --output iris.html
      nnrun report mnist-mlp mnist-mlp-dropout
    """
    chosen = [run_meant(run, runs_dir) for run in runs]

    from nnrun.evaluation.report.judging import Wish
    from nnrun.evaluation.report.page import write_report

    quiet = global_options(context).quiet

    def say(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    path = write_report(chosen, output, Wish(split, weights, device, evaluate), say)
    typer.echo(str(path))
