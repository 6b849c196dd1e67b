"""`nnrun train`: train what configs describe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.arguments import set_by_options, split_arguments
from nnrun.cli.failures import report
from nnrun.cli.options import AllowCode, Device, Progress, Require, RunsDir, Workers, global_options
from nnrun.cli.together import cluster_to_train_with
from nnrun.cli.watching import checked_requirements, followed, watched
from nnrun.errors import DataError

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
    runs_dir: RunsDir = Path("runs"),
    seed: Annotated[int | None, typer.Option("--seed", help="Seed, instead of the config's.")] = None,
    device: Device = "auto",
    progress: Progress = "auto",
    require: Require = None,
    workers: Workers = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the configs and load the data, but train nothing.")
    ] = False,
    allow_code: AllowCode = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Train what configs describe, one after the other.

    Leaves a run directory for each, from which evaluate, resume and the rest work.

    \b
    Example:
      nnrun train configs/iris_mlp.yaml
      nnrun train configs/mnist_*.yaml fit.epochs=3 --require 'val_accuracy>=0.97'
      nnrun train configs/mnist_mlp.yaml --workers 2
    """
    paths, overrides = split_arguments(configs)
    overrides += set_by_options(name, seed)
    if workers is not None:
        overrides.append("distribute.strategy=multi_worker")
    from nnrun.check import check_requirements
    from nnrun.data.permission import require_permission
    from nnrun.tracking.trackers import check_trackers
    from nnrun.training.startup import check_device

    check_device(device)
    requirements = checked_requirements(require)
    loaded = _check_all(paths, overrides, debug=global_options(context).debug)
    for one in loaded:
        require_permission(one.experiment.dataset)
        check_requirements(one, requirements)
        check_trackers(one.experiment)
        show_warnings(one)
    if dry_run:
        for one in loaded:
            _show_data(one)
        return
    from nnrun.training.job import Request

    cluster = cluster_to_train_with(loaded, workers, device)
    request = Request(runs_dir, ["nnrun", *sys.argv[1:]], device, requirements, cluster=cluster)
    codes: list[int] = []
    for one in loaded:
        if codes:
            typer.echo()  # between the results
        # A failure is told, and the next config gets its turn.
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
    if request.cluster is not None and not request.cluster.is_chief:
        from nnrun.training.following import follow

        return followed(request.cluster, lambda interrupts: follow(loaded, request, interrupts))
    from nnrun.training.job import train as train_job

    return watched(
        loaded.experiment.name,
        progress,
        quiet,
        lambda display, interrupts: train_job(loaded, request, display, interrupts),
    )


def show_warnings(loaded: LoadedConfig) -> None:
    """Says on stderr what is doubtful in a config."""
    if loaded.warnings:
        from nnrun.display.problems import render, uses_colour

        typer.echo(render(loaded.warnings, uses_colour(sys.stderr)), err=True, color=True)


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
