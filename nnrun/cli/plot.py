"""`nnrun plot`: pictures of a run, or of the data of a config."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nnrun.cli.arguments import is_config
from nnrun.cli.failures import report
from nnrun.cli.options import AllowCode, Device, RunsDir, Weights, global_options
from nnrun.errors import DataError, NnrunError, UsageError

if TYPE_CHECKING:
    from nnrun.evaluation.plots.kinds import Kind
    from nnrun.evaluation.plots.planning import Wish
    from nnrun.evaluation.plots.subject import Subject

_RESOLUTION = 200


def plot(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="RUN|CONFIG",
            help="Path, id, beginning of an id, name, latest, best:METRIC, or a config: its data, or its latest run.",
        ),
    ],
    rest: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KIND|KEY=VALUE",
            help="curves, samples, pairs, confusion, misclassified, boundary, roc, calibration or residuals; by "
            "default all that fit. And values to override in a config.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write the one picture here."),
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"] | None,
        typer.Option("--split", help="By default what suits the picture."),
    ] = None,
    weights: Weights = "best",
    span: Annotated[
        tuple[float, float] | None,
        typer.Option("--range", metavar="LOW HIGH", help="Of both axes of a boundary; default: the data's."),
    ] = None,
    resolution: Annotated[
        int, typer.Option("--resolution", min=2, max=2000, metavar="N", help="Points per axis of a boundary.")
    ] = _RESOLUTION,
    scaled: Annotated[
        bool, typer.Option("--scaled", help="Axes of a boundary in the units that the network sees.")
    ] = False,
    device: Device = "auto",
    runs_dir: RunsDir = Path("runs"),
    allow_code: AllowCode = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Draw pictures of a run into its folder plots, as PNG; prints their paths.

    samples and pairs need only the data of a config, and no training; they go into the current folder then.

    \b
    Example:
      nnrun plot latest
      nnrun plot iris-mlp confusion --split train --output confusion.png
      nnrun plot configs/iris_mlp.yaml pairs
      nnrun plot moons-mlp boundary --range -3 3 --resolution 100
    """
    if span is not None and not -math.inf < span[0] < span[1] < math.inf:
        raise UsageError(f"--range: expected LOW below HIGH, received {span[0]:g} {span[1]:g}")
    names, overrides = _divided(rest or ())
    from nnrun.evaluation.plots.planning import Wish, kind_named
    from nnrun.evaluation.plots.subject import Look

    kinds = [kind_named(name) for name in names]
    if output is not None and len(kinds) != 1:
        raise UsageError(f"--output is for one picture, and {len(kinds) or 'no'} kinds were given")
    if kinds and "boundary" not in names and (span is not None or scaled or resolution != _RESOLUTION):
        raise UsageError("--range, --resolution and --scaled are for the picture 'boundary' only")
    wish = Wish(split, weights, device, Look(span, resolution, scaled))
    code = 0
    for kind, subject in _subjects(target, kinds, overrides, runs_dir, wish):
        if kind is None:
            code = code or _draw_all(subject, verbose=global_options(context).verbose)
        else:
            code = code or _draw(kind, subject, output)
    if code:
        raise typer.Exit(code)


def _divided(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divides what stands after the run or config into kinds and overrides."""
    from nnrun.config.overrides import looks_like_override

    overrides = [argument for argument in arguments if looks_like_override(argument)]
    return [argument for argument in arguments if argument not in overrides], overrides


def _subjects(
    target: str, kinds: Sequence[Kind], overrides: Sequence[str], runs_dir: Path, wish: Wish
) -> list[tuple[Kind | None, Subject]]:
    from nnrun.evaluation.plots.kinds import KINDS
    from nnrun.evaluation.plots.planning import subject_of_run, subjects_of_config
    from nnrun.rundir.selectors import find_run

    path = Path(target)
    if is_config(path):
        return subjects_of_config(path, overrides, kinds, runs_dir, wish)
    if overrides:
        raise UsageError("a run cannot be changed by KEY=VALUE", "Give a config instead of the run.")
    try:
        run = find_run(target, runs_dir)
    except DataError as error:
        if target in {kind.name for kind in KINDS}:
            raise UsageError(
                f"expected a run or a config before '{target}'", f"nnrun plot latest {target}"
            ) from error
        raise
    subject = subject_of_run(run, wish)
    return [(kind, subject) for kind in kinds] or [(None, subject)]


def _draw(kind: Kind, subject: Subject, output: Path | None) -> int:
    from nnrun.evaluation.plots.drawing import place_of, save

    path = output or place_of(kind, subject)
    try:
        save(kind, subject, path)
    except (UsageError, DataError) as error:
        return report(error, debug=False)
    typer.echo(str(path))
    return 0


def _draw_all(subject: Subject, *, verbose: bool) -> int:
    """Draws every picture that fits; one that turns out not to fit is no failure."""
    from nnrun.evaluation.plots.drawing import obstacle, place_of, save
    from nnrun.evaluation.plots.kinds import KINDS

    failed: list[NnrunError] = []
    for kind in KINDS:
        path = place_of(kind, subject)
        try:
            reason = obstacle(kind, subject)
            if reason is None:
                save(kind, subject, path)
        except UsageError as error:
            reason = error.message
        except DataError as error:
            # The same for every picture that needs what cannot be loaded.
            if error.message not in {one.message for one in failed}:
                failed.append(error)
            continue
        if reason is None:
            typer.echo(str(path))
        elif verbose:
            typer.echo(f"no {kind.name}: {reason}", err=True)
    return max((report(error, debug=False) for error in failed), default=0)
