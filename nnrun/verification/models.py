"""`.keras` files, examined without Keras: archives that are complete, with what Keras expects in them."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from nnrun.verification.reading import Unreadable, is_there, parse_object

MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
"""What `keras.Model.save` always writes (keras/src/saving/saving_lib.py)."""

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_LARGEST_JSON = 1 << 28
"""Bytes; no network comes near, and nothing is unpacked beyond."""


def model_problem(path: Path) -> str | None:
    """Returns what is wrong with a model file, or None; every byte of its members is compared with its checksum.

    Args:
        path: The file.
    """
    try:
        is_there(path)
        with path.open("rb") as file:
            if file.read(len(_ZIP)) != _ZIP:
                return "it is no archive as Keras writes it"
            with zipfile.ZipFile(file) as archive:
                return _problem(archive)
    except Unreadable as error:
        return str(error)
    except (
        OSError, ValueError, EOFError, RuntimeError, NotImplementedError, OverflowError,
        zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        return f"it is no complete archive: {error}"


def _problem(archive: zipfile.ZipFile) -> str | None:
    names = archive.namelist()
    for name in MEMBERS:
        if names.count(name) != 1:
            return f"it has {names.count(name) or 'no'} members {name!r}, expected one"
    wrong = archive.testzip()
    if wrong is not None:
        return f"the checksum of its member {wrong!r} does not match"
    for name in MEMBERS[:2]:
        if archive.getinfo(name).file_size > _LARGEST_JSON:
            return f"its member {name!r} is larger than {_LARGEST_JSON:,} bytes"
        try:
            value = parse_object(archive.read(name))
        except Unreadable as error:
            return f"its member {name!r} is damaged: {error}"
        key = "keras_version" if name == "metadata.json" else "class_name"
        if key not in value:
            return f"its member {name!r} has no {key!r}"
    with archive.open(MEMBERS[2]) as weights:
        if weights.read(len(_HDF5)) != _HDF5:
            return f"its member {MEMBERS[2]!r} is no HDF5 file"
    return None
