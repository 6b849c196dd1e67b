"""Named arrays in an `.npz` archive, a folder of `.npy` files, or an HDF5 file. Opening one loads no NumPy.

What lies in a file as it is needed, `.npy` files and the contiguous data sets of HDF5, is mapped into memory instead
of being read. Pickled objects are refused wherever they are.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nnrun.data.sources.mapping import mapped
from nnrun.data.sources.npy import Header, damages_named, read_header
from nnrun.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

HDF5 = (".h5", ".hdf5", ".hdf")


class ArrayFile(Protocol):
    """Arrays by their names."""

    path: str

    def names(self) -> Collection[str]:
        """Returns the names of all arrays, in the order of the file."""

    def header(self, name: str) -> Header:
        """Returns what is known about an array without reading it.

        Raises:
            DataError: The array is damaged, or of a type that cannot be used.
        """

    def read(self, name: str) -> NDArray[Any]:
        """Returns an array; a `numpy.memmap` where it can be mapped.

        Raises:
            DataError: The array is damaged, does not fit into memory, or is of a type that cannot be used.
        """


def is_quick(path: Path) -> bool:
    """Whether the names and headers of a file can be read without loading NumPy."""
    return path.suffix.lower() not in HDF5


def open_arrays(path: Path) -> ArrayFile:
    """Finds out what a path leads to.

    Raises:
        DataError: There is no such file, or it is none of those that can be read.
    """
    if path.is_dir():
        return NpyFolder(str(path))
    if not path.exists():
        raise DataError(f"{path}: no such file", "dataset.path is relative to the folder of the config")
    if not path.is_file():
        raise DataError(f"{path} is neither a file nor a folder", "a device or a pipe cannot be read")
    if path.suffix.lower() == ".npy":
        raise DataError(
            f"dataset.path: {path} is a single array",
            f"name the folder with its arrays, `path: {path.parent.name or '.'}`, and the array by its name, "
            f"`x: {path.stem}`",
        )
    if not is_quick(path):
        from nnrun.data.sources.hdf5 import Hdf5File

        return Hdf5File(str(path))
    return NpzFile(str(path))


class NpyFolder:
    """A folder with an array in each `.npy` file, called by its name without the ending."""

    def __init__(self, path: str) -> None:
        self.path = path

    def names(self) -> Collection[str]:
        """Returns the names of all arrays that lie in the folder itself."""
        with damages_named(self.path), os.scandir(self.path) as entries:
            return sorted(
                entry.name.removesuffix(".npy")
                for entry in entries
                if entry.name.endswith(".npy") and not entry.name.startswith(".") and entry.is_file()
            )

    def header(self, name: str) -> Header:
        """Reads the beginning of a file."""
        path = self._file(name)
        with damages_named(str(path)), path.open("rb") as stream:
            return read_header(stream, os.fstat(stream.fileno()).st_size, str(path))

    def read(self, name: str) -> NDArray[Any]:
        """Maps a file."""
        header = self.header(name)
        return mapped(str(self._file(name)), header)

    def _file(self, name: str) -> Path:
        return Path(self.path, f"{name}.npy")


class NpzFile:
    """An archive that `numpy.savez` or `numpy.savez_compressed` wrote."""

    def __init__(self, path: str) -> None:
        self.path = path

    def names(self) -> Collection[str]:
        """Returns the names of all arrays."""
        with damages_named(self.path), zipfile.ZipFile(self.path) as archive:
            members = [name for name in archive.namelist() if name.endswith(".npy")]
        if not members:
            raise DataError(f"{self.path} has no arrays in it", "save them with `numpy.savez`")
        return [name.removesuffix(".npy") for name in members]

    def header(self, name: str) -> Header:
        """Reads the beginning of a member."""
        with damages_named(self.path), zipfile.ZipFile(self.path) as archive:
            member = archive.getinfo(f"{name}.npy")
            with archive.open(member) as stream:
                return read_header(stream, member.file_size, f"the array '{name}' of {self.path}")

    def read(self, name: str) -> NDArray[Any]:
        """Reads a member; its checksum is compared."""
        import numpy as np

        with damages_named(self.path), zipfile.ZipFile(self.path) as archive:
            member = archive.getinfo(f"{name}.npy")
            with archive.open(member) as stream:
                header = read_header(stream, member.file_size, f"the array '{name}' of {self.path}")
                content = np.empty(header.nbytes, dtype=np.uint8)
                view, place = content.data, 0
                # The archive's own reading compares the checksum when the end is reached.
                while count := stream.readinto(view[place : place + (1 << 22)]):  # type: ignore[attr-defined]
                    place += count
            if place < header.nbytes:
                raise EOFError(f"'{name}' ends after {place:,} of {header.nbytes:,} bytes")
            order = "F" if header.fortran else "C"
            return content.view(np.dtype(header.dtype)).reshape(header.shape, order=order)  # type: ignore[call-overload,no-any-return]
