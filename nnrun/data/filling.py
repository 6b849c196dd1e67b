"""Fills the empty cells of a table, by what the training split has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.empty_cells import Fill
from nnrun.data.raw import RawData
from nnrun.errors import DataError

Filler = float | str
"""What the empty cells of a column become: a number, or a category."""

Categories = Mapping[int, tuple[str, ...]]

_SHOWN = 8


def fit_fillers(raw: RawData, train: NDArray[np.int64]) -> dict[int, Filler]:
    """Returns what the empty cells of each column become, by column number.

    Args:
        raw: The whole data set; `fills` says which columns may have empty cells.
        train: Positions of the training samples, shape `(samples of the split,)`.

    Raises:
        DataError: If a column is empty in the whole training split.
    """
    fillers: dict[int, Filler] = {}
    for number, fill in raw.fills.items():
        if fill.value is not None:
            fillers[number] = fill.value
            continue
        cells = raw.samples.x[train, number]
        cells = cells[~np.isnan(cells)]
        if not len(cells):
            raise DataError(
                f"column '{_name(raw, number)}' is empty in all {len(train):,} rows of the training split: "
                f"there is no {fill.method} to fill it with",
                "leave it out with `dataset.exclude`, or give it a value in `dataset.missing`",
            )
        value = _statistic(fill, cells)
        fillers[number] = raw.categories[number][int(value)] if number in raw.categories else value
    return fillers


def _statistic(fill: Fill, cells: NDArray[np.float64]) -> float:
    """Returns a statistic of cells of shape `(cells,)`; of equally frequent values, the lowest."""
    if fill.method == "mean":
        return float(np.mean(cells))
    if fill.method == "median":
        return float(np.median(cells))
    values, counts = np.unique(cells, return_counts=True)
    return float(values[np.argmax(counts)])


def filled(
    x: NDArray[Any], categories: Categories, fillers: Mapping[int, Filler]
) -> tuple[NDArray[Any], Categories]:
    """Returns a table without the empty cells that can be filled, and its categories.

    Args:
        x: The table, shape `(samples, columns)`, NaN where a cell is empty; it stays as it is.
        categories: What the numbers in the text columns of `x` stand for.
        fillers: What empty cells become.

    Returns:
        The table, a copy if anything was filled, and the categories, with those at their end that only empty
        cells have.
    """
    if x.dtype.kind != "f" or not fillers:
        return x, categories
    empty_cells = np.isnan(x)
    columns = np.flatnonzero(empty_cells.any(axis=0)).tolist()
    known = dict(categories)
    result = x
    for number in columns:
        if number not in fillers:
            continue
        filler, empty = fillers[number], empty_cells[:, number]
        result = x.copy() if result is x else result
        if isinstance(filler, str):
            if filler not in known[number]:
                known[number] = (*known[number], filler)
            result[empty, number] = known[number].index(filler)
        else:
            result[empty, number] = filler
    return result, known


def filling_notes(raw: RawData, fillers: Mapping[int, Filler]) -> list[str]:
    """Returns a sentence that says how many cells of each column are filled, and with what, if any are."""
    found: list[str] = []
    counts = np.isnan(raw.samples.x).sum(axis=0).tolist() if fillers else []
    for number, filler in fillers.items():
        count = counts[number]
        if count:
            value = f"'{filler}'" if isinstance(filler, str) else f"{filler:.6g}"
            fill = raw.fills.get(number)
            how = "" if fill is None or fill.method == "value" else f" ({fill.method})"
            found.append(f"{count:,} of column '{_name(raw, number)}' with {value}{how}")
    more = f", and those of {len(found) - _SHOWN} more columns" if len(found) > _SHOWN else ""
    return [f"empty cells are filled: {', '.join(found[:_SHOWN])}{more}"] if found else []


def _name(raw: RawData, number: int) -> str:
    return raw.feature_names[number] if raw.feature_names else str(number)
