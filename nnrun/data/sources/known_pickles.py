"""Reading the pickles in the files of CIFAR, IMDB and Reuters, once their checksum has shown that they are those.

Unpickling runs what a file says, so only arrays of NumPy can be made here, whatever the checksum says.
"""

from __future__ import annotations

import io
import pickle
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.errors import DataError

_MULTIARRAY = (
    "numpy._core.multiarray",
    "numpy.core.multiarray",
)  # as NumPy 2 calls it, and as it was called before

_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    **{(module, "_reconstruct"): np.empty(0).__reduce__()[0] for module in _MULTIARRAY},
}


class _ArraysOnly(pickle.Unpickler):
    """Makes arrays, lists, texts and numbers, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Returns what a pickle names, if it is part of an array."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which is no array")
        return _ALLOWED[module, name]


def sequences_in(path: Path, names: Sequence[str]) -> list[NDArray[Any]]:
    """Returns arrays of an `.npz` file: of numbers, or of lists of numbers.

    Args:
        path: The file; its checksum is the published one.
        names: The arrays.

    Raises:
        DataError: The file is damaged, or has other content.
    """
    with _faults_named(path), zipfile.ZipFile(path) as archive:
        return [_array(archive.read(f"{name}.npy")) for name in names]


def _array(content: bytes) -> NDArray[Any]:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0
    *_, dtype = read(stream)
    if dtype.hasobject:
        unpickled: NDArray[Any] = _ArraysOnly(stream).load()
        return unpickled
    stream.seek(0)
    values: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return values


def batches_in(path: Path, names: Sequence[str]) -> list[dict[bytes, Any]]:
    """Returns the pickled batches of an archive of CIFAR, in the order of the names.

    Args:
        path: The archive; its checksum is the published one.
        names: The files in it.

    Raises:
        DataError: The archive is damaged, or lacks one of them.
    """
    found: dict[str, dict[bytes, Any]] = {}
    with _faults_named(path), tarfile.open(path, "r|gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name in names else None
            if file is not None:
                found[member.name] = _ArraysOnly(io.BytesIO(file.read()), encoding="bytes").load()
        return [found[name] for name in names]


@contextmanager
def _faults_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        pickle.UnpicklingError,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise DataError(
            f"{path} cannot be read: {error}", "the file may be damaged: fetch it again"
        ) from error
