"""`nnrun crossval`: the same network, trained and validated on every fold of the data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.arguments import set_by_options, split_arguments
from nnrun.cli.failures import report
from nnrun.cli.options import AllowCode, Device, Progress, Require, RunsDir, global_options
from nnrun.cli.watching import checked_requirements, draw_curves, own_stderr
from nnrun.errors import RequirementError, TrainingError, UsageError

if TYPE_CHECKING:
    from nnrun.search.crossval import CrossValidation


def crossval(
    context: typer.Context,
    config: Annotated[
        list[str], typer.Argument(metavar="CONFIG|KEY=VALUE", help="A config file, and values to override.")
    ],
    folds: Annotated[
        int | None,
        typer.Option("--folds", min=2, metavar="K", help="By default dataset.split.folds, or 5."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the runs, instead of the config's.")
    ] = None,
    runs_dir: RunsDir = Path("runs"),
    seed: Annotated[int | None, typer.Option("--seed", help="Seed, instead of the config's.")] = None,
    device: Device = "auto",
    progress: Progress = "auto",
    require: Require = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")] = False,
    allow_code: AllowCode = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Train on all folds of the data but one, once for each, and tell mean and deviation of every metric.

    The folds have the classes in equal shares and keep the groups of dataset.split.group together. A test split stays
    out of them. Each fold is a run of its own, which evaluate and all else work on; --require is about the means.

    \b
    Example:
      nnrun crossval configs/iris_mlp.yaml --folds 10
      nnrun crossval configs/iris_mlp.yaml --require 'val_accuracy>=0.95' --json
    """
    paths, overrides = split_arguments(config)
    if len(paths) > 1:
        raise UsageError(f"expected one config, received {len(paths)}: {', '.join(map(str, paths))}")
    overrides += set_by_options(name, seed)
    from nnrun.check import check_requirements
    from nnrun.cli.train import show_warnings
    from nnrun.data.permission import require_permission
    from nnrun.search.folds import fold_configs
    from nnrun.tracking.trackers import check_trackers
    from nnrun.training.startup import check_device

    check_device(device)
    requirements = checked_requirements(require)
    chosen = fold_configs(paths[0], overrides, folds)
    require_permission(chosen.first.experiment.dataset)
    check_requirements(chosen.first, requirements)
    check_trackers(chosen.first.experiment)
    quiet = global_options(context).quiet
    show_warnings(chosen.first)
    if not quiet:
        for note in chosen.notes:
            typer.echo(f"note: {note}", err=True)
    from nnrun.display.choose import make_folds_display
    from nnrun.interrupts import Interrupts
    from nnrun.search.crossval import cross_validate
    from nnrun.training.job import Request

    request = Request(runs_dir, ["nnrun", *sys.argv[1:]], device)
    with Interrupts() as interrupts:
        # TensorFlow's messages take the place of stderr meanwhile.
        with own_stderr() as stream, make_folds_display(progress, stream, quiet=quiet) as display:
            result = cross_validate(chosen, request, display, interrupts)
        _show(result, as_json=as_json)
        for one in result.folds:
            draw_curves(one.path)
    code = _judge(result, requirements)
    if code:
        raise typer.Exit(code)


def _show(result: CrossValidation, *, as_json: bool) -> None:
    from nnrun.search.crossval_output import as_record, as_text

    if as_json:
        from nnrun.rundir.atomic import json_text

        typer.echo(json_text(as_record(result)), nl=False)
        return
    from nnrun.cli.streams import style_of_stdout

    width, paint = style_of_stdout()
    above = "" if width is None else "\n"  # apart from the folds above it
    typer.echo(above + as_text(result, width, paint), nl=False, color=True)


def _judge(result: CrossValidation, requirements: tuple[str, ...]) -> int:
    """Returns the exit code, after a failure was explained."""
    from nnrun.config.requirements import parse_requirement

    failed = [one for one in result.folds if one.error is not None]
    if failed:
        numbers = ", ".join(str(one.fold) for one in failed)
        message = f"the training of fold {numbers} of {len(result.folds)} failed: {failed[0].error}"
        return report(TrainingError(message, failed[0].error.advice if failed[0].error else ""), debug=False)
    means = {name: one.mean for name, one in result.best.items()}
    unmet = [
        one.shortfall(means, "the mean of the best epochs")
        for one in map(parse_requirement, [*result.loaded.experiment.require, *requirements])
        if not one.holds(means)
    ]
    return report(RequirementError("; ".join(unmet)), debug=False) if unmet else 0
