"""`nnrun evaluate`: the figures of a finished run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from nnrun.cli.options import AllowCode, Device, Require, RunsDir
from nnrun.errors import RequirementError, UsageError


def evaluate(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN|CONFIG",
            help="Path, id, beginning of an id, name, latest, best:METRIC, or a config: its latest run.",
        ),
    ] = "latest",
    split: Annotated[
        Literal["train", "validation", "test"] | None,
        typer.Option("--split", help="By default test, else validation, else train."),
    ] = None,
    weights: Annotated[
        Literal["best", "last"], typer.Option("--weights", help="Those of the best or of the last epoch.")
    ] = "best",
    require: Require = None,
    as_json: Annotated[bool, typer.Option("--json", help="All figures as one JSON object.")] = False,
    device: Device = "auto",
    runs_dir: RunsDir = Path("runs"),
    allow_code: AllowCode = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Compute the metrics, the confusion matrix and the figures by class of a run.

    Writes them into the folder `evaluation` of the run, too.

    \b
    Example:
      nnrun evaluate
      nnrun evaluate iris-mlp --split test --require 'accuracy>=0.95'
    """
    from nnrun.config.requirements import parse_requirement

    requirements = []
    for expression in require or ():
        try:
            requirements.append(parse_requirement(expression))
        except ValueError as error:
            raise UsageError(f"--require: {error}") from None

    from nnrun.rundir.atomic import json_text
    from nnrun.rundir.selectors import find_run

    chosen = find_run(_name_in(run), runs_dir)

    from nnrun.evaluation.evaluate import evaluate_run, to_record
    from nnrun.evaluation.files import write_evaluation

    evaluation = evaluate_run(chosen, split, weights, device)
    file = write_evaluation(chosen, evaluation)
    if as_json:
        typer.echo(json_text(to_record(evaluation)), nl=False)
    else:
        from nnrun.evaluation.text import evaluation_text

        sys.stdout.write(evaluation_text(evaluation, str(file)))
    values = evaluation.values()
    unmet = [
        one.shortfall(values, f"the {evaluation.split} split")
        for one in requirements
        if not one.holds(values)
    ]
    if unmet:
        raise RequirementError("; ".join(unmet))


def _name_in(run: str) -> str:
    """Returns the name of the experiment where a config is given, else the selector as it is."""
    path = Path(run)
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        return run
    from nnrun.config.load import load_experiment

    return load_experiment(path).experiment.name
