"""`nnrun baseline`: what models of scikit-learn are worth on the same data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.arguments import is_config, split_arguments
from nnrun.cli.options import AllowCode, Device, RunsDir, Split, Weights, global_options
from nnrun.errors import UsageError

if TYPE_CHECKING:
    from nnrun.config.load import LoadedConfig
    from nnrun.rundir.reading import Run


def baseline(
    context: typer.Context,
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|CONFIG|KEY=VALUE",
            help="A run, or a config, whose latest run it is, and values to override.",
        ),
    ],
    train: Annotated[bool, typer.Option("--train", help="Train the network of the config first.")] = False,
    split: Split = None,
    weights: Weights = "best",
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")] = False,
    device: Device = "auto",
    runs_dir: RunsDir = Path("runs"),
    allow_code: AllowCode = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Fit models of scikit-learn on the same split as a network, and show all of them in one table.

    For classes these are a logistic regression whose strength is chosen by cross-validation, a random forest, gradient
    boosting for tables, and the most frequent class; for numbers a ridge regression, the same ensembles, and the mean.
    They get what the network sees. Its own figures are read from its run, or computed if it was not evaluated yet.

    \b
    Example:
      nnrun baseline configs/iris_mlp.yaml --train
      nnrun baseline iris-mlp --split test --json
    """
    from nnrun.data.permission import require_permission
    from nnrun.interrupts import Interrupts
    from nnrun.search.baseline import Judging
    from nnrun.search.baseline import baseline as compute
    from nnrun.training.startup import check_device

    check_device(device)
    quiet = global_options(context).quiet
    loaded, runs = _meant(arguments, runs_dir, train)
    require_permission(loaded.experiment.dataset)

    def say(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    if train:
        runs = [_trained(loaded, runs_dir, device, quiet=quiet)]
        loaded = loaded.with_seed(int(runs[0].record["seed"]))
    elif not runs:
        say(f"note: there is no run of {loaded.experiment.name}: train it first, or add --train")
    with Interrupts():
        result = compute(loaded, runs, Judging(split, weights, device), say)
    from nnrun.search.baseline_output import as_record, as_text

    if as_json:
        from nnrun.rundir.atomic import json_text

        typer.echo(json_text(as_record(result)), nl=False)
        return
    from nnrun.cli.streams import style_of_stdout

    typer.echo(as_text(result, *style_of_stdout()), nl=False, color=True)


def _meant(arguments: list[str], runs_dir: Path, train: bool) -> tuple[LoadedConfig, list[Run]]:
    """Returns the config, with a seed unless it is trained, and the runs that can be meant, the newest first."""
    from nnrun.config.load import load_experiment
    from nnrun.rundir.selectors import find_run, list_runs

    paths, overrides = split_arguments(arguments)
    if len(paths) > 1:
        raise UsageError(f"expected one run or config, received {len(paths)}: {', '.join(map(str, paths))}")
    path = paths[0]
    if not is_config(path) and path.suffix not in (".yaml", ".yml"):
        if train or overrides:
            what = "--train" if train else f"{overrides[0]}"
            raise UsageError(f"{what} needs a config, received the run {path}")
        run = find_run(str(path), runs_dir)
        return load_experiment(run.resolved_path), [run]
    import secrets

    from nnrun.check import check_config
    from nnrun.cli.train import show_warnings

    loaded = check_config(path, overrides)
    show_warnings(loaded)
    if train:
        return loaded, []
    found = [run for run in list_runs(runs_dir).runs if run.name == loaded.experiment.name]
    seed = int(found[0].record["seed"]) if found else secrets.randbits(32)
    return loaded.with_seed(seed), found


def _trained(loaded: LoadedConfig, runs_dir: Path, device: str, *, quiet: bool) -> Run:
    """Trains the network, and returns its run."""
    from nnrun.cli.watching import draw_curves, own_stderr
    from nnrun.display.choose import make_display
    from nnrun.interrupts import Interrupts
    from nnrun.rundir.reading import Run
    from nnrun.tracking.trackers import check_trackers
    from nnrun.training.job import Request
    from nnrun.training.job import train as train_job

    check_trackers(loaded.experiment)
    request = Request(runs_dir, ["nnrun", *sys.argv[1:]], device)
    # TensorFlow's messages take the place of stderr meanwhile.
    with (
        Interrupts() as interrupts,
        own_stderr() as stream,
        make_display("auto", stream, quiet=quiet) as display,
    ):
        finished = train_job(loaded, request, display, interrupts)
    draw_curves(finished.path)
    return Run.read(finished.path)
