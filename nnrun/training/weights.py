"""Weights out of a `.keras` file that nobody vouches for: arrays are read, and nothing else.

The layers come from the config of the run. Of the file only the member with the arrays is opened, after it was checked:
Keras reads it piece by piece, which skips the checksum of the zip archive, and takes its word for the size of an array.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import h5py
import keras

from nnrun.errors import DataError
from nnrun.training.building import one_line

_MEMBER = "model.weights.h5"

_PIECE = 1 << 20

_SLOTS = 10
"""An optimizer keeps so many values for each weight, at most; Adam keeps two."""

_HEADERS = 1 << 24
"""Bytes that the file may have besides: names, counts of steps, small networks."""

_DAMAGED = (
    AttributeError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What `zipfile`, `h5py` and Keras raise for files that were cut off, changed or made to do harm."""


def load_weights(model: keras.Model, file: Path) -> None:
    """Gives a network the weights that a `.keras` file holds.

    Args:
        model: The built network.
        file: `model/best.keras` or `model/last.keras` of a run.

    Raises:
        DataError: The file is damaged, of another network, or holds what no network of this size needs.
    """
    try:
        _check(file, _limit(model))
        model.load_weights(file)
    except _DAMAGED as error:
        raise DataError(
            f"{file} cannot be loaded: {one_line(error)}",
            "It is damaged, or does not belong to this run.",
        ) from error


def _limit(model: keras.Model) -> int:
    """Returns how many bytes the arrays of a network and its optimizer may take."""
    size = sum(weight.value.dtype.size * weight.value.shape.num_elements() for weight in model.weights)
    return int(size) * (1 + _SLOTS) + _HEADERS


def _check(file: Path, limit: int) -> None:
    """Reads the member once, which verifies its checksum, and adds up what its arrays say about their sizes."""
    with zipfile.ZipFile(file) as archive:
        member = archive.getinfo(_MEMBER)
        if member.file_size > limit:
            raise ValueError(
                f"its weights take {member.file_size:,} bytes, more than this network and its optimizer need"
            )
        with archive.open(member) as content:
            while content.read(_PIECE):
                pass
        with archive.open(member) as content, h5py.File(content, mode="r") as arrays:
            size = 0

            def add(name: str, found: Any) -> None:
                nonlocal size
                if isinstance(found, h5py.Dataset):
                    size += found.nbytes
                if size > limit:
                    raise ValueError(f"its array {name!a} is larger than anything in this network")

            arrays.visititems(add)
