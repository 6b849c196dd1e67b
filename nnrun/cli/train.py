"""`nnrun train`: train what configs describe."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

import typer

from nnrun.cli.arguments import split_arguments
from nnrun.cli.failures import report
from nnrun.cli.options import global_options
from nnrun.errors import DataError, Interrupted, NnrunError, RequirementError, UsageError

if TYPE_CHECKING:
    from nnrun.config.load import LoadedConfig
    from nnrun.display.choose import ProgressMode
    from nnrun.training.job import Request


def train(
    context: typer.Context,
    configs: Annotated[
        list[str],
        typer.Argument(metavar="CONFIG|KEY=VALUE", help="Config files, and values to override."),
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the run, instead of the config's.")
    ] = None,
    runs_dir: Annotated[
        Path, typer.Option("--runs-dir", envvar="NNRUN_RUNS_DIR", help="Folder that holds the runs.")
    ] = Path("runs"),
    seed: Annotated[int | None, typer.Option("--seed", help="Seed, instead of the config's.")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, gpu or gpu:N.")] = "auto",
    progress: Annotated[
        Literal["auto", "rich", "plain", "json", "off"],
        typer.Option("--progress", help="How to show progress; auto: bars on a terminal, else plain lines."),
    ] = "auto",
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require", metavar="EXPR", help="Such as 'val_accuracy>=0.97'; exit 6 where it does not hold."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the configs and load the data, but train nothing.")
    ] = False,
) -> None:
    """Train what configs describe, one after the other.

    Leaves a run directory for each, from which evaluate, predict and the rest work.

    \b
    Example:
      nnrun train configs/iris_mlp.yaml
      nnrun train configs/mnist_*.yaml fit.epochs=3 --require 'val_accuracy>=0.97'
    """
    paths, overrides = split_arguments(configs)
    if name is not None:
        overrides.append(f"name={name}")
    if seed is not None:
        overrides.append(f"seed={seed}")
    from nnrun.check import check_requirements
    from nnrun.config.requirements import parse_requirement
    from nnrun.training.startup import check_device

    check_device(device)
    for expression in require or ():
        try:
            parse_requirement(expression)
        except ValueError as error:
            raise UsageError(f"--require: {error}") from None
    loaded = _check_all(paths, overrides, debug=global_options(context).debug)
    for one in loaded:
        check_requirements(one, require or ())
        _show_warnings(one)
    if dry_run:
        for one in loaded:
            _show_data(one)
        return
    from nnrun.training.job import Request

    request = Request(runs_dir, ["nnrun", *sys.argv[1:]], device, tuple(require or ()))
    codes: list[int] = []
    for one in loaded:
        if codes:
            typer.echo()  # between the results
        codes.append(_train_one(one, request, progress, quiet=global_options(context).quiet))
    failed = [code for code in codes if code]
    if failed:
        raise typer.Exit(failed[0])


def _check_all(paths: Sequence[Path], overrides: Sequence[str], *, debug: bool) -> list[LoadedConfig]:
    """Checks all configs before the first is trained: nobody wants to hear of a mistake hours later.

    Raises:
        Exit: One of them cannot be used; every problem was reported.
    """
    from nnrun.check import check_config
    from nnrun.config.problems import ConfigError, Problem

    loaded: list[LoadedConfig] = []
    codes: list[int] = []
    told: set[Problem] = set()
    for path in paths:
        try:
            loaded.append(check_config(path, overrides))
        except ConfigError as error:
            # That of an argument comes with every config, and is told once.
            new = [problem for problem in error.problems if problem not in told]
            told.update(new)
            codes.append(error.exit_code)
            if new:
                report(ConfigError(new), debug)
        except DataError as error:
            codes.append(report(error, debug))
    if codes:
        raise typer.Exit(min(codes))
    return loaded


def _train_one(loaded: LoadedConfig, request: Request, progress: ProgressMode, *, quiet: bool) -> int:
    """Trains one config; returns its exit code, so that the next one gets its turn after a failure."""
    from nnrun.display.choose import make_display
    from nnrun.display.result import show_result
    from nnrun.interrupts import Interrupts
    from nnrun.rundir.reading import Run
    from nnrun.training.job import train as train_job

    # TensorFlow's messages take the place of stderr meanwhile.
    with Interrupts() as interrupts, _own_stderr() as stream:
        try:
            with make_display(progress, stream, quiet=quiet) as display:
                finished = train_job(loaded, request, display, interrupts)
        except Interrupted:
            raise
        except NnrunError as error:
            return report(error, debug=False)
    show_result(
        finished.ended,
        name=loaded.experiment.name,
        directory=str(finished.path),
        stream=sys.stdout,
        monitor=finished.monitor,
    )
    interrupts.raise_if_requested()  # one that came with the end, too late to stop this run
    # Only now, as Matplotlib takes its time: the result is on the screen, and nobody waits for a picture.
    from nnrun.evaluation.plots.saving import save_curves

    save_curves(Run.read(finished.path))
    if finished.unmet:
        return report(RequirementError("; ".join(finished.unmet)), debug=False)
    return 0


def _show_warnings(loaded: LoadedConfig) -> None:
    if loaded.warnings:
        from nnrun.display.problems import render, uses_colour

        typer.echo(render(loaded.warnings, uses_colour(sys.stderr)), err=True, color=True)


@contextlib.contextmanager
def _own_stderr() -> Iterator[TextIO]:
    """Gives a duplicate of stderr, for what is shown while file descriptor 2 leads to `train.log`."""
    stream = os.fdopen(os.dup(2), "w", encoding=sys.stderr.encoding or "utf-8", errors="replace")
    try:
        yield stream
    finally:
        # What a full disk or a gone reader did not take is written once more here, in vain.
        with contextlib.suppress(OSError):
            stream.close()


def _show_data(loaded: LoadedConfig) -> None:
    """Loads the data of a config and says what training would begin with."""
    from nnrun.check import compare
    from nnrun.data.loading import load_splits
    from nnrun.data.splits import facts_of_splits

    experiment = loaded.experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, loaded.seed)
    compare(loaded, facts_of_splits(splits))
    sizes = ", ".join(
        f"{len(split):,} {name}"
        for name in ("train", "validation", "test")
        if (split := splits.get(name)) is not None
    )
    typer.echo(f"ok  {loaded.path}: {sizes} samples of shape {splits.train.x.shape[1:]}; nothing was trained")
