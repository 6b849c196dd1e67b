"""`nnrun train`: train what configs describe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from nnrun.cli.arguments import split_arguments
from nnrun.cli.options import global_options


def train(
    context: typer.Context,
    configs: Annotated[
        list[str], typer.Argument(metavar="CONFIG... [KEY=VALUE...]", help="Config files, and values to override.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="Name of the run, instead of the config's.")] = None,
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
        typer.Option("--require", metavar="EXPR", help="Such as 'val_accuracy>=0.97'; exit 6 where it does not hold."),
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
    from nnrun.cli.training import TrainOptions, train_all

    paths, overrides = split_arguments(configs)
    if name is not None:
        overrides.append(f"name={name}")
    if seed is not None:
        overrides.append(f"seed={seed}")
    options = TrainOptions(runs_dir, device, progress, tuple(require or ()), dry_run, global_options(context).quiet)
    train_all(paths, overrides, options, ["nnrun", *sys.argv[1:]])
