"""Checkpoints: the complete state of a training after an epoch, from which it can go on with equal bits.

    checkpoints/epoch-000012/
        state.npz        all arrays
        manifest.json    epoch, other state, size and SHA-256 of the arrays, and a SHA-256 of itself

A checkpoint appears by one rename when both files are on the disk, and disappears by one, so there is never a half
one under its name; the checksums tell bit-rot and truncation. The last two are kept: if the newest is damaged, the
one before is used. Which one is newer is told by the number in the name, never by the time of a file.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.errors import DataError, StorageError
from nnrun.rundir.atomic import json_bytes, make_folder, new_folder, remove_folder, remove_leftovers

FORMAT = 2
"""Format 1 had no checksum of the manifest."""

KEPT = 2

_ARRAYS = "state.npz"
_MANIFEST = "manifest.json"
_NAME = re.compile(r"epoch-([0-9]{6,})")
_NO_DIGEST = "0" * 64
"""Stands for the checksum of the manifest while that is computed."""


class _Damaged(Exception):
    """A checkpoint is damaged; its text says how."""


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

    Later ones are removed, too: the training did not go on from them, so they were damaged.

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
    make_folder(folder)
    remove_leftovers(folder)  # of a removal that the disk refused
    if not path.exists() or damage(path) is not None:
        if path.exists():
            remove_folder(path)
        _write(path, checkpoint)
    for later in checkpoint_folders(run):
        if epoch_of(later) > checkpoint.epoch:
            _remove(later)
    remove_superseded(run, checkpoint.epoch)
    return path


def remove_superseded(run: Path, epoch: int) -> None:
    """Removes all checkpoints but the last two, as far as they are not later than an epoch.

    Args:
        run: The run directory.
        epoch: The epoch of the newest one that is intact.
    """
    usable = [path for path in checkpoint_folders(run) if epoch_of(path) <= epoch]
    for path in usable[KEPT:]:
        _remove(path)


def _remove(path: Path) -> None:
    with suppress(StorageError):  # one too many costs space only
        remove_folder(path)


def _write(path: Path, checkpoint: Checkpoint) -> None:
    with new_folder(path) as temporary:
        arrays = temporary / _ARRAYS
        with arrays.open("wb") as file:
            np.savez(file, **checkpoint.arrays)  # type: ignore[arg-type]  # its stub takes a flag among the names
        (temporary / _MANIFEST).write_bytes(_manifest_bytes(checkpoint, arrays))


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
    for path in checkpoint_folders(run):
        try:
            return _read(path), tuple(damaged)
        except _Damaged as error:
            damaged.append(f"checkpoint {path.name} is damaged ({error})")
    if damaged:
        raise DataError(
            f"no checkpoint in {run} is intact: {'; '.join(damaged)}", "The run cannot be continued."
        )
    raise DataError(
        f"{run} has no checkpoint", "The run ended before its first epoch was saved; train again."
    )


def checkpoint_folders(run: Path) -> list[Path]:
    """Returns the folders of checkpoints of a run, the newest first; anything else that lies there is left out."""
    found = (path for path in (run / "checkpoints").glob("epoch-*") if _NAME.fullmatch(path.name))
    return sorted(found, key=epoch_of, reverse=True)


def epoch_of(path: Path) -> int:
    """Returns the epoch in the name of a checkpoint's folder."""
    return int(path.name.removeprefix("epoch-"))


def damage(path: Path, *, load: bool = False) -> str | None:
    """Returns what is wrong with a checkpoint, or None.

    Args:
        path: The folder of the checkpoint.
        load: Load the arrays, too, beside comparing the checksums.
    """
    try:
        if load:
            _read(path)
        else:
            _checked(path)
    except _Damaged as error:
        return str(error)
    return None


def _read(path: Path) -> Checkpoint:
    """Reads a checkpoint.

    Raises:
        _Damaged: Something is wrong with it.
    """
    manifest = _checked(path)
    try:
        with np.load(path / _ARRAYS, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (
        OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        raise _Damaged(f"{_ARRAYS} cannot be loaded: {error}") from error
    return Checkpoint(manifest["epoch"], arrays, manifest["state"])


def _checked(path: Path) -> dict[str, Any]:
    """Compares a checkpoint with its checksums.

    Returns:
        Its manifest.

    Raises:
        _Damaged: Something is wrong with it.
    """
    try:
        manifest = _manifest(path)
        for name in {_ARRAYS, *manifest["files"]}:
            _compare(path / Path(name).name, manifest["files"][name])
    except FileNotFoundError as error:
        raise _Damaged(f"{Path(str(error.filename)).name} is missing") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _Damaged(f"{type(error).__name__}: {error}") from error
    return manifest


def _compare(file: Path, facts: Mapping[str, Any]) -> None:
    size = file.stat().st_size
    if size != facts["bytes"]:
        raise _Damaged(f"{file.name} has {size:,} bytes instead of {facts['bytes']:,}")
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if digest != facts["sha256"]:
        raise _Damaged(f"the checksum of {file.name} does not match")


def _manifest_bytes(checkpoint: Checkpoint, arrays: Path) -> bytes:
    with arrays.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    content = json_bytes(
        {
            "format": FORMAT,
            "sha256": _NO_DIGEST,
            "epoch": checkpoint.epoch,
            "state": checkpoint.state,
            "files": {_ARRAYS: {"bytes": arrays.stat().st_size, "sha256": digest}},
        }
    )
    own = hashlib.sha256(content).hexdigest()
    return content.replace(_NO_DIGEST.encode(), own.encode(), 1)


def _manifest(path: Path) -> dict[str, Any]:
    if (path / _MANIFEST).exists() and not (path / _MANIFEST).is_file():
        raise _Damaged(f"{_MANIFEST} is no file")
    content = (path / _MANIFEST).read_bytes()
    manifest: dict[str, Any] = json.loads(content)
    if "sha256" in manifest:
        stated = str(manifest["sha256"]).encode()
        if hashlib.sha256(content.replace(stated, _NO_DIGEST.encode(), 1)).hexdigest().encode() != stated:
            raise _Damaged(f"the checksum of {_MANIFEST} does not match")
    elif manifest["format"] == FORMAT:
        raise _Damaged(f"{_MANIFEST} has no checksum")
    if manifest["format"] not in (1, FORMAT):
        raise _Damaged(f"format {manifest['format']} is of a newer version of nnrun")
    if manifest["epoch"] != epoch_of(path) or "state" not in manifest:
        raise _Damaged(f"it is no checkpoint of epoch {epoch_of(path)}")
    return manifest
