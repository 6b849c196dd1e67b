"""Checkpoints: the complete state of a training after an epoch, from which it can go on with equal bits.

    checkpoints/epoch-000012/
        state.npz        all arrays
        manifest.json    epoch, other state, and size and SHA-256 of the arrays

A checkpoint appears by one rename when both files are on the disk, so there is never a half one under its name; the
checksum tells bit-rot and truncation. The last two are kept: if the newest is damaged, the one before is used.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.errors import DataError
from nnrun.rundir.atomic import json_text, new_folder, storage_error

FORMAT = 1
KEPT = 2

_ARRAYS = "state.npz"
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a training at the end of an epoch.

    Args:
        epoch: The last complete epoch, from 1.
        arrays: Values by name.
        state: Everything else, JSON-able, with finite numbers only: others belong into the arrays.
    """

    epoch: int
    arrays: Mapping[str, NDArray[Any]]
    state: Mapping[str, Any]


def write_checkpoint(run: Path, checkpoint: Checkpoint) -> Path:
    """Writes a checkpoint and removes all but the last two.

    Args:
        run: The run directory.
        checkpoint: What to keep.

    Returns:
        Its folder. One of this epoch that is there and intact is left as it is.

    Raises:
        StorageError: It could not be written; the checkpoints before are there.
    """
    folder = run / "checkpoints"
    path = folder / f"epoch-{checkpoint.epoch:06d}"
    try:
        folder.mkdir(exist_ok=True)
        if path.exists():
            if _damage(path) is None:
                return path
            shutil.rmtree(path)
    except OSError as error:
        raise storage_error(path, error) from error
    with new_folder(path) as temporary:
        arrays = temporary / _ARRAYS
        with arrays.open("wb") as file:
            np.savez(file, **checkpoint.arrays)  # type: ignore[arg-type]  # its stub takes a flag among the names
        manifest = {
            "format": FORMAT,
            "epoch": checkpoint.epoch,
            "state": checkpoint.state,
            "files": {_ARRAYS: {"bytes": arrays.stat().st_size, "sha256": _sha256(arrays)}},
        }
        (temporary / _MANIFEST).write_text(json_text(manifest), encoding="utf-8")
    for old in _folders(run)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)  # a leftover costs space only
    return path


def read_checkpoint(run: Path) -> tuple[Checkpoint, tuple[str, ...]]:
    """Reads the newest checkpoint that is intact.

    Args:
        run: The run directory.

    Returns:
        The checkpoint, and one sentence for each newer one that is damaged.

    Raises:
        DataError: There is none.
    """
    damaged: list[str] = []
    for path in _folders(run):
        damage = _damage(path)
        if damage is not None:
            damaged.append(f"checkpoint {path.name} is damaged ({damage})")
            continue
        manifest = _manifest(path)
        with np.load(path / _ARRAYS, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return Checkpoint(manifest["epoch"], arrays, manifest["state"]), tuple(damaged)
    if damaged:
        raise DataError(
            f"no checkpoint in {run} is intact: {'; '.join(damaged)}", "The run cannot be continued."
        )
    raise DataError(
        f"{run} has no checkpoint", "The run ended before its first epoch was saved; train again."
    )


def damaged_checkpoints(run: Path) -> list[str]:
    """Returns one sentence for each checkpoint of a run that is damaged."""
    found = ((path.name, _damage(path)) for path in _folders(run))
    return [f"checkpoint {name} is damaged ({damage})" for name, damage in found if damage is not None]


def _folders(run: Path) -> list[Path]:
    """Returns the folders of checkpoints, the newest first."""
    return sorted((run / "checkpoints").glob("epoch-*"), reverse=True)


def _damage(path: Path) -> str | None:
    """Returns what is wrong with a checkpoint, or None."""
    try:
        manifest = _manifest(path)
        for name, facts in manifest["files"].items():
            file = path / Path(name).name
            if file.stat().st_size != facts["bytes"]:
                return f"{name} has {file.stat().st_size:,} bytes instead of {facts['bytes']:,}"
            if _sha256(file) != facts["sha256"]:
                return f"the checksum of {name} does not match"
        if manifest["format"] != FORMAT:
            return f"format {manifest['format']} is of a newer version of nnrun"
        with zipfile.ZipFile(path / _ARRAYS) as arrays:
            arrays.namelist()
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).name} is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _manifest(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((path / _MANIFEST).read_bytes())
    if not isinstance(manifest["epoch"], int) or manifest["epoch"] < 1:
        raise ValueError(f"epoch is {manifest['epoch']!r}")
    return manifest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
