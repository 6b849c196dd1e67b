"""Writing complete `.keras` models that `keras.models.load_model` opens without nnrun."""

from __future__ import annotations

import shutil
from pathlib import Path

import keras

from nnrun.rundir import atomic
from nnrun.training.snapshot import Snapshot, restore, take


def save_model(model: keras.Model, path: Path) -> None:
    """Saves a model with its optimizer.

    Keras writes to its target directly, so a kill meanwhile would destroy what was there: it gets a temporary name.

    Raises:
        StorageError: It cannot be written; an older file of that name is untouched.
    """
    with atomic.replacing(path) as temporary:
        model.save(temporary)


def save_state(model: keras.Model, snapshot: Snapshot, path: Path) -> None:
    """Saves a model as it was at a snapshot; the model itself is the same afterwards."""
    present = take(model)
    restore(model, snapshot)
    try:
        save_model(model, path)
    finally:
        restore(model, present)


def copy_model(source: Path, path: Path) -> None:
    """Copies a saved model, where saving it again would give the same state."""
    with atomic.replacing(path) as temporary:
        shutil.copyfile(source, temporary)
