"""`nnrun evaluate`: the figures of a finished run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.arguments import run_meant
from nnrun.cli.options import AllowCode, Device, Require, RunsDir, Split, Weights
from nnrun.cli.watching import checked_requirements


def evaluate(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN|CONFIG",
            help="Path, id, beginning of an id, name, latest, best:METRIC, or a config: its latest run.",
        ),
    ] = "latest",
    split: Split = None,
    weights: Weights = "best",
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="PATH", help="New labelled data of the same kind, instead of those of the run."
        ),
    ] = None,
    require: Require = None,
    as_json: Annotated[bool, typer.Option("--json", help="All figures as one JSON object.")] = False,
    device: Device = "auto",
    runs_dir: RunsDir = Path("runs"),
    allow_code: AllowCode = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Compute what the network of a run is worth: metrics, figures by class, errors by target.

    Writes them into the folder `evaluation` of the run, too, with the prediction for every sample.

    \b
    Example:
      nnrun evaluate
      nnrun evaluate iris-mlp --split test --require 'accuracy>=0.95'
      nnrun evaluate iris-mlp --data new-flowers.csv --require 'recall/virginica>=0.9'
    """
    from nnrun.config.requirements import parse_requirement

    requirements = [parse_requirement(text) for text in checked_requirements(require)]

    chosen = run_meant(run, runs_dir)

    from nnrun.evaluation.evaluate import evaluate_run
    from nnrun.evaluation.files import write_evaluation
    from nnrun.evaluation.record import to_record
    from nnrun.evaluation.requirements import check_figures

    evaluation = evaluate_run(chosen, split, weights, device, data)
    file = write_evaluation(chosen, evaluation)
    if as_json:
        from nnrun.rundir.atomic import json_text

        typer.echo(json_text(to_record(evaluation)), nl=False)
    else:
        from nnrun.evaluation.text import evaluation_text

        sys.stdout.write(evaluation_text(evaluation, str(file)))
    check_figures(requirements, evaluation)
