"""The columns of a table: what they hold, and what is odd about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.column_kinds import column_kinds
from nnrun.data.filling import Filler
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.raw import RawData
from nnrun.data.tables.cells import ColumnKind

_LISTED = 20
"""The most frequent categories of a column that are listed."""


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """What a column holds, over all samples.

    Args:
        name: Its name; its number from 0 where it has none.
        kind: What it holds.
        known: How many cells are not empty.
        missing: How many cells are empty.
        filled_with: What empty cells become; None where there are none.
        distinct: Different values, empty cells aside.
        low: Lowest value of numbers, first one of dates; None where there is none.
        high: Highest or last value.
        mean: Mean.
        deviation: Standard deviation of the population.
        most_frequent: Texts and how often they occur, the most frequent first.
    """

    name: str
    kind: ColumnKind
    known: int
    missing: int
    filled_with: Filler | None
    distinct: int
    low: float | str | None = None
    high: float | str | None = None
    mean: float | None = None
    deviation: float | None = None
    most_frequent: tuple[tuple[str, int], ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether it has one value in all samples, so that nothing can be learned from it."""
        return self.distinct <= 1


def column_name(raw: RawData, number: int) -> str:
    """Returns the name of a column, or its number where it has none."""
    return raw.feature_names[number] if raw.feature_names else str(number)


def summarise_columns(
    raw: RawData, preprocessing: Preprocessing, rows: NDArray[np.int64]
) -> tuple[ColumnSummary, ...]:
    """Returns what each column holds.

    Args:
        raw: A table.
        preprocessing: What empty cells become.
        rows: Positions of the samples to look at, shape `(samples,)`.
    """
    x = raw.samples.x if len(rows) == len(raw.samples) else raw.samples.x[rows]
    names = tuple(column_name(raw, number) for number in range(x.shape[1]))
    texts: dict[int, ColumnKind] = dict.fromkeys(raw.categories, "category")
    kinds = column_kinds(x, names, texts | dict(raw.kinds))
    return tuple(
        _column(raw, number, kinds[name], x[:, number], preprocessing.fillers.get(number))
        for number, name in enumerate(names)
    )


def _column(
    raw: RawData, number: int, kind: ColumnKind, cells: NDArray[Any], filler: Filler | None
) -> ColumnSummary:
    name = column_name(raw, number)
    empty = np.isnan(cells) if cells.dtype.kind == "f" else np.zeros(len(cells), dtype=np.bool_)
    missing = int(empty.sum())
    filled = cells[~empty] if missing else cells
    filled_with = filler if missing else None
    if number in raw.categories:
        names = raw.categories[number]
        counts = np.bincount(filled.astype(np.int64), minlength=len(names))
        order = np.argsort(-counts, kind="stable")
        listed = tuple((names[code], int(counts[code])) for code in order[:_LISTED] if counts[code])
        # Texts of dates in the form of ISO 8601 are in the order of time.
        present = [names[code] for code in np.flatnonzero(counts)] if kind == "date" else []
        return ColumnSummary(
            name,
            kind,
            len(filled),
            missing,
            filled_with,
            int(np.count_nonzero(counts)),
            present[0] if present else None,
            present[-1] if present else None,
            most_frequent=listed,
        )
    if not len(filled):
        return ColumnSummary(name, kind, 0, missing, filled_with, 0)
    exact = filled.astype(np.float64, copy=False)
    return ColumnSummary(
        name,
        kind,
        len(filled),
        missing,
        filled_with,
        len(np.unique(exact)),
        float(exact.min()),
        float(exact.max()),
        float(exact.mean()),
        float(exact.std()),
    )
