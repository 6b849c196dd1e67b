"""Samples that are no images, as columns of short texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.raw import RawData
from nnrun.evaluation.numbers import brief
from nnrun.evaluation.plots.labels import column_labels
from nnrun.evaluation.plots.style import shortened
from nnrun.evaluation.plots.table_picture import Column

COLUMNS = 8
"""So many columns of a table are shown; more would make a picture that nobody can read."""

_NAME = 18
_TEXT = 24
_SENTENCE = 90


def described(x: NDArray[Any], raw: RawData) -> list[Column]:
    """Returns what samples are, one row for each.

    Args:
        x: The samples as they were found, shape `(samples, ...)`; see `nnrun.data.raw.Part.x`.
        raw: The data that they are from.
    """
    if raw.kind == "table":
        return _features(x, raw)
    if x.ndim == 1:
        return [Column("text", [shortened(str(text), _SENTENCE) for text in x.tolist()])]
    flat = x.reshape(len(x), -1)
    return [Column("tokens" if raw.kind == "tokens" else "values", [_sequence(row) for row in flat])]


def left_out(raw: RawData, width: int) -> str:
    """Says how many columns of a table are not shown; nothing where all are."""
    return f", {COLUMNS} of {width} features" if raw.kind == "table" and width > COLUMNS else ""


def _features(x: NDArray[Any], raw: RawData) -> list[Column]:
    names = raw.feature_names or tuple(map(str, range(x.shape[1])))
    shown = column_labels(names[:COLUMNS], _NAME)
    columns = []
    for number, name in enumerate(shown):
        cells = x[:, number]
        known = raw.categories.get(number)
        if known is None:
            columns.append(Column(name, [_number(value) for value in cells.tolist()], is_number=True))
        else:
            texts = ["" if np.isnan(code) else shortened(known[int(code)], _TEXT) for code in cells.tolist()]
            columns.append(Column(name, texts))
    return columns


def _number(value: float) -> str:
    return "" if np.isnan(value) else brief(value, 5)


def _sequence(values: NDArray[Any]) -> str:
    """Writes the beginning of a sequence of numbers, without the zeros that fill it up in front."""
    used = np.flatnonzero(values)
    start = int(used[0]) if len(used) and values.dtype.kind == "i" else 0
    parts: Sequence[str] = [f"{value:.4g}" for value in values[start : start + _SENTENCE // 2].tolist()]
    more = len(values) - start > len(parts)
    return shortened(" ".join(parts) + (" …" if more else ""), _SENTENCE)
