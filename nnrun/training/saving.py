"""Writing complete `.keras` models that `keras.models.load_model` opens without nnrun."""

from __future__ import annotations

import shutil
from pathlib import Path

import keras
import numpy as np

from nnrun.rundir import atomic
from nnrun.training.snapshot import Snapshot, restore

LAST, BEST = "model/last.keras", "model/best.keras"


def write_models(run: Path, model: keras.Model, last: Snapshot, best: Snapshot | None) -> None:
    """Writes `model/last.keras`, and `model/best.keras` where there is anything new to write.

    Keras writes to its target directly, so a kill meanwhile would destroy what was there: it gets a temporary name.

    Args:
        run: The run directory.
        model: A model of the layers; it holds the weights of `last` afterwards.
        last: State at the end of the last complete epoch.
        best: State at the end of the best epoch; None to leave the file alone.

    Raises:
        StorageError: One cannot be written; an older file of that name is untouched.
    """
    same = best is not None and all(map(np.array_equal, last.arrays, best.arrays))
    if best is not None and not same:
        restore(model, best)
        _save(model, run / BEST)
    restore(model, last)
    _save(model, run / LAST)
    if same:
        with atomic.replacing(run / BEST) as temporary:
            shutil.copyfile(run / LAST, temporary)


def _save(model: keras.Model, path: Path) -> None:
    with atomic.replacing(path) as temporary:
        model.save(temporary)
