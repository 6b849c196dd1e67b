"""`nnrun resume`: continue a training where it was interrupted, or train it longer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import AllowCode, Device, Progress, Require, RunsDir, Workers, global_options
from nnrun.cli.together import cluster_to_train_with
from nnrun.cli.watching import checked_requirements, followed, watched


def resume(
    context: typer.Context,
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Path, id, beginning of an id, name, latest or best:METRIC.")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="fit.epochs, checkpoint.every_* or require."),
    ] = None,
    device: Device = "auto",
    progress: Progress = "auto",
    require: Require = None,
    workers: Workers = None,
    runs_dir: RunsDir = Path("runs"),
    allow_code: AllowCode = False,  # noqa: ARG001 - its callback does it
) -> None:
    """Continue a training in its own run directory.

    The result is the same, to the last bit, as if it had never been interrupted. A change that would alter what
    is already trained is refused.

    \b
    Example:
      nnrun resume latest
      nnrun resume iris-mlp fit.epochs=200
      nnrun resume mnist-mlp --workers 2
    """
    requirements = checked_requirements(require)
    from nnrun.config.load import load_experiment
    from nnrun.rundir.reading import Run
    from nnrun.rundir.selectors import find_run
    from nnrun.training.cluster import launched

    told = launched()
    found = find_run(run, runs_dir) if told is None or told.run is None else Run.read(Path(told.run))
    cluster = cluster_to_train_with([load_experiment(found.resolved_path)], workers, device, found.path)
    from nnrun.rundir.lock import locked
    from nnrun.training.job import Request
    from nnrun.training.resuming import prepare_resume

    request = Request(runs_dir, ["nnrun", *sys.argv[1:]], device, requirements, cluster=cluster)
    if cluster is not None and not cluster.is_chief:
        from nnrun.training.following import follow

        resumed = prepare_resume(found, overrides or [])
        raise typer.Exit(
            followed(cluster, lambda interrupts: follow(resumed.loaded, request, interrupts, resumed))
        )
    with locked(found.path):
        from nnrun.tracking.trackers import check_trackers
        from nnrun.training.job import resume as resume_job

        # Again, as it may have ended between the reading and the lock.
        resumable = prepare_resume(Run.read(found.path), overrides or [])
        check_trackers(resumable.loaded.experiment)
        for note in resumable.notes:
            typer.echo(f"warning: {note}; the one before is used", err=True)
        code = watched(
            found.name,
            progress,
            global_options(context).quiet,
            lambda display, interrupts: resume_job(resumable, request, display, interrupts),
        )
    if code:
        raise typer.Exit(code)
