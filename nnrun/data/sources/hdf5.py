"""The data sets of an HDF5 file as named arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nnrun.data.sources.mapping import mapped
from nnrun.data.sources.npy import Header, damages_named
from nnrun.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Hdf5File:
    """An HDF5 file; a data set in a group is called `group/name`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def names(self) -> Collection[str]:
        """Returns the names of all data sets."""
        import h5py

        found: list[str] = []

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                found.append(name)

        with self._opened() as file:
            # Links are not followed: they may lead anywhere.
            file.visititems(visit)
        return found

    def header(self, name: str) -> Header:
        """Returns type and shape of a data set, and where it begins if it lies in the file in one piece, else -1."""
        with self._opened() as file:
            return self._header(file, name)

    def read(self, name: str) -> NDArray[Any]:
        """Maps a data set that lies in the file in one piece, else reads it."""
        import h5py
        import numpy as np

        with self._opened() as file:
            header = self._header(file, name)
            dataset = file[name]
            if header.kind == "U" and h5py.check_string_dtype(dataset.dtype) is not None:
                return np.array(dataset.asstr()[()], dtype=np.str_)
            if header.offset < 0:
                values: NDArray[Any] = np.asarray(dataset[()])
                return values
        return mapped(self.path, header)

    def _header(self, file: Any, name: str) -> Header:
        import h5py

        where = f"the array '{name}' of {self.path}"
        for part in _prefixes(name):
            if not isinstance(file.get(part, getlink=True), h5py.HardLink):
                raise DataError(f"{where} is a link", "copy the data set into the file itself")
        dataset = file[name]
        if dataset.external is not None or dataset.is_virtual:
            raise DataError(f"{where} lies in another file", "copy the data set into the file itself")
        shape = tuple(dataset.shape or ())
        if h5py.check_string_dtype(dataset.dtype) is not None:
            return Header("<U1", shape, False, -1)
        if dataset.dtype.kind not in "biuf":
            raise DataError(
                f"{where} holds values of type {dataset.dtype}", "numbers, booleans and texts can be read"
            )
        offset = dataset.id.get_offset()
        in_one_piece = offset is not None and dataset.chunks is None and dataset.dtype.kind != "b"
        return Header(dataset.dtype.str, shape, False, offset if in_one_piece else -1)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        import h5py

        with damages_named(self.path), h5py.File(self.path, "r", locking=False) as file:
            yield file


def _prefixes(name: str) -> list[str]:
    """Returns the groups on the way to a data set, and the data set: `a`, `a/b`."""
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
