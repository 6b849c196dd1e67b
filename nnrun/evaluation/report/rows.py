"""Samples that are no images, as the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnrun.data.raw import RawData
from nnrun.evaluation.numbers import brief
from nnrun.evaluation.report.blocks import Cell, Column
from nnrun.evaluation.report.texts import NONE

COLUMNS = 10
"""So many columns of a table are shown."""

_TEXT = 280
_NUMBERS = 40


class Described(NamedTuple):
    """A column, and what it has for each sample."""

    column: Column
    cells: Sequence[Cell]


def described(x: NDArray[Any], raw: RawData) -> list[Described]:
    """Returns what samples are.

    Args:
        x: The samples as they were found, shape `(samples, ...)`; see `nnrun.data.raw.Part.x`.
        raw: The data that they are from.
    """
    if raw.kind == "table":
        names = raw.feature_names or tuple(f"column {number}" for number in range(x.shape[1]))
        return [_feature(name, x[:, number], raw, number) for number, name in enumerate(names[:COLUMNS])]
    if x.ndim == 1:
        cells = [Cell(_cut(str(text)), name=True) for text in x.tolist()]
        return [Described(Column("text"), cells)]
    return [Described(Column("values"), [Cell(_sequence(row)) for row in x.reshape(len(x), -1)])]


def left_out(raw: RawData, x: NDArray[Any]) -> str:
    """Says how many columns of a table are not shown; nothing where all are."""
    count = x.shape[1] if x.ndim > 1 else 1
    return (
        f" The first {COLUMNS} of {count:,} columns are shown."
        if raw.kind == "table" and count > COLUMNS
        else ""
    )


def _feature(name: str, values: NDArray[Any], raw: RawData, number: int) -> Described:
    known = raw.categories.get(number)
    cells = []
    for value in values.tolist():
        if value != value:  # an empty cell
            cells.append(Cell(NONE, mark="faint"))
        elif known is None:
            cells.append(Cell(brief(float(value), 5), repr(value)))
        else:
            cells.append(Cell(_cut(known[int(value)]), name=True))
    return Described(Column(name, numeric=known is None), cells)


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}\u2026"


def _sequence(values: NDArray[Any]) -> str:
    """Writes the beginning of a sequence of numbers, without the zeros that fill it up in front."""
    used = np.flatnonzero(values)
    start = int(used[0]) if len(used) and values.dtype.kind == "i" else 0
    part = values[start : start + _NUMBERS].tolist()
    return " ".join(f"{value:.4g}" for value in part) + (" \u2026" if len(values) - start > _NUMBERS else "")
