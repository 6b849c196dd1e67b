"""What `train` and `resume` do where a training has several processes."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nnrun.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from nnrun.config.load import LoadedConfig
    from nnrun.training.cluster import Cluster


def cluster_to_train_with(
    loaded: Sequence[LoadedConfig], workers: int | None, device: str, run: Path | None = None
) -> Cluster | None:
    """Returns the processes that train together, or None where this one trains alone.

    Args:
        loaded: What is to be trained.
        workers: What `--workers` says: so many processes are started here, and this one ends with them.
        device: What `--device` says.
        run: The run to continue; None for a new one.

    Raises:
        UsageError: `--workers` or `--device` does not fit the rest.
        EnvironmentFault: The config needs other processes, and nothing says which.
        TrainingError: One of the processes that were started ended before its time.
        Exit: All processes that were started have ended.
    """
    from nnrun.training.cluster import check_device_fits, cluster_of

    for one in loaded:
        check_device_fits(one.experiment.distribute, device)
    several = [one for one in loaded if one.experiment.distribute.strategy == "multi_worker"]
    if workers is not None and not several:
        name = "" if run is None else f" {run.name}"
        raise UsageError(f"--workers: the run{name} was not started with distribute.strategy multi_worker.")
    if not several:
        _warn_of_unused_cluster()
        return None
    if len(loaded) > 1:
        raise UsageError("Workers train one config: give each of the others a command of its own.")
    if workers is not None:
        _start_workers(workers, run)
    return cluster_of(several[0].experiment.distribute)


def _start_workers(workers: int, run: Path | None) -> None:
    """Starts the workers and waits for them, unless this is one of them."""
    from nnrun.training.cluster import find_cluster, launched

    if launched() is not None:
        return
    if find_cluster() is not None:
        raise UsageError("--workers starts workers, and by TF_CONFIG or SLURM this process is one already.")
    from nnrun.training.launching import launch

    code = launch(
        workers,
        sys.argv[1:],
        secrets.randbits(32),
        lambda text: typer.echo(text, err=True),
        None if run is None else str(run.absolute()),
    )
    raise typer.Exit(code)


def _warn_of_unused_cluster() -> None:
    """Says that this process trains alone, where the environment names others that would do the same beside it."""
    from nnrun.training.cluster import find_cluster

    with contextlib.suppress(EnvironmentFault):  # nothing needs what is malformed
        cluster = find_cluster()
        if cluster is not None and cluster.workers > 1:
            typer.echo(
                f"warning: TF_CONFIG or SLURM names {cluster.workers} workers, and without distribute.strategy"
                " multi_worker each of them trains alone",
                err=True,
            )
