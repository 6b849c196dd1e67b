"""A matrix that grows row by row, without ever being there twice."""

from __future__ import annotations

import contextlib

import numpy as np
from numpy.typing import NDArray

_GROWTH = 1.25


class GrowingRows:
    """Rows of float64 numbers.

    Args:
        columns: How many numbers a row has.
    """

    def __init__(self, columns: int) -> None:
        self._matrix: NDArray[np.float64] = np.empty((0, columns))
        self._used = 0

    def expect(self, rows: int) -> None:
        """Makes room for so many rows in all, if the system lets it; memory is taken only by those that come."""
        if not self._used:
            with contextlib.suppress(MemoryError):
                self._matrix = np.empty((rows, self._matrix.shape[1]))

    def append(self, rows: NDArray[np.float64]) -> None:
        """Adds rows, shape `(rows, columns)`."""
        used = self._used + len(rows)
        if used > len(self._matrix):
            self._resize(max(used, int(used * _GROWTH)))
        self._matrix[self._used : used] = rows
        self._used = used

    def rows(self) -> NDArray[np.float64]:
        """Returns all rows, shape `(rows, columns)`, and gives back the room that is left."""
        self._resize(self._used)
        return self._matrix

    def _resize(self, rows: int) -> None:
        # In place, where the system can do that. No view of the matrix is in use while it grows.
        self._matrix.resize((rows, self._matrix.shape[1]), refcheck=False)
