"""The pictures that every training leaves in the folder `plots` of its run."""

from __future__ import annotations

from pathlib import Path

from nnrun.evaluation.plots.curves import curves_of
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
    path = run.path / "plots" / "curves.png"
    make_folder(path.parent)
    write_bytes(path, curves_of(run))
    return path
