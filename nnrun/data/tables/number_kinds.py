"""Whether columns hold whole numbers, or always the same one, found while they are read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnrun.data.tables.cells import ColumnKind


class NumberKinds:
    """What the numbers of some columns are.

    Args:
        columns: How many columns there are.
    """

    def __init__(self, columns: int) -> None:
        self._whole = np.ones(columns, dtype=np.bool_)
        self._constant = np.ones(columns, dtype=np.bool_)
        self._first: NDArray[np.float64] = np.full(columns, np.nan)

    def look_at(self, values: NDArray[np.float64]) -> None:
        """Looks at more rows.

        Args:
            values: Shape `(rows, columns)`, NaN for an empty cell.
        """
        if not len(values):
            return
        # Most columns show at once that they are neither, and cost nothing from then on.
        places = np.flatnonzero(self._whole)
        if len(places):
            some = values[:, places]
            self._whole[places] = ((some == np.floor(some)) | np.isnan(some)).all(axis=0)
        places = np.flatnonzero(self._constant)
        if len(places):
            some = values[:, places]
            filled = ~np.isnan(some)
            here = some[np.argmax(filled, axis=0), np.arange(len(places))]
            self._first[places] = np.where(np.isnan(self._first[places]), here, self._first[places])
            self._constant[places] = ((some == self._first[places]) | ~filled).all(axis=0)

    def found(self) -> list[ColumnKind]:
        """Returns what each column holds, if it holds numbers."""
        return [
            "constant" if constant else "integer" if whole else "number"
            for constant, whole in zip(self._constant.tolist(), self._whole.tolist(), strict=True)
        ]
