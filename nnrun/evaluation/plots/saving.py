"""Pictures of a run, written into its folder `plots`."""

from __future__ import annotations

from pathlib import Path

from nnrun.evaluation.plots.curves import Best, curves
from nnrun.rundir.atomic import make_folder, write_bytes
from nnrun.rundir.reading import Run


def save_curves(run: Run) -> Path | None:
    """Draws the learning curves of a run into `plots/curves.png`.

    Returns:
        The file; None where the run has no complete epoch.

    Raises:
        DataError: The run's metrics are damaged.
        StorageError: The picture cannot be written.
    """
    if not run.metrics:
        return None
    best_epoch, monitor = run.summary.get("best_epoch"), run.summary.get("monitor")
    best = Best(int(best_epoch), str(monitor)) if best_epoch and monitor else None
    path = run.path / "plots" / "curves.png"
    make_folder(path.parent)
    write_bytes(path, curves(run.metrics, f"{run.name} {run.id}", best))
    return path
