"""Arrays that are mapped into memory instead of being read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.data.sources.npy import Header, damages_named

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mapped(path: str, header: Header) -> NDArray[Any]:
    """Maps an array of a file into memory.

    Args:
        path: The file.
        header: What stands in it and where.
    """
    import numpy as np

    with damages_named(path):
        if not header.nbytes:
            return np.empty(header.shape, dtype=header.dtype)
        order = "F" if header.fortran else "C"
        return np.memmap(path, np.dtype(header.dtype), "r", header.offset, header.shape, order)  # type: ignore[call-overload,no-any-return]
