"""A few samples, short enough to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnrun.data.raw import RawData
from nnrun.data.summary.columns import column_name
from nnrun.data.summary.parts import PartOfSplit

_PER_SPLIT = 2

_COLUMNS = 12

_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Example:
    """A sample.

    Args:
        split: The split that it lies in.
        place: Where it comes from.
        label: Name of its class, or the numbers to predict.
        shown: Its cells by column, the beginning of a text or of a sequence, or shape and range of an image.
    """

    split: str
    place: str
    label: Any
    shown: Any


def examples_of(
    raw: RawData, parts: tuple[PartOfSplit, ...], class_names: tuple[str, ...] | None
) -> tuple[Example, ...]:
    """Returns the first samples of each split."""
    found: list[Example] = []
    for one in parts:
        for position, row in enumerate(one.rows[:_PER_SPLIT].tolist()):
            place = raw.place(row) if one.common else f"{one.name} sample {row}"
            index = one.split.class_index
            if class_names is not None and index is not None:
                label: Any = class_names[int(index[position])]
            else:
                values = np.asarray(one.split.y[position], dtype=np.float64).tolist()
                label = values[0] if len(values) == 1 else values
            found.append(Example(one.name, place, label, _shown(raw, one.part.x[np.array([row])][0])))
    return tuple(found)


def _shown(raw: RawData, sample: Any) -> Any:
    if raw.kind == "table":
        return {
            column_name(raw, number): _cell(raw, number, float(value))
            for number, value in enumerate(np.asarray(sample)[:_COLUMNS].tolist())
        }
    if isinstance(sample, str):
        return sample if len(sample) <= _CHARACTERS else sample[: _CHARACTERS - 1] + "…"
    values = np.asarray(sample)
    if raw.kind == "tokens":
        return values[:_COLUMNS].tolist()
    return {
        "shape": list(values.shape),
        "min": values.min().item(),
        "max": values.max().item(),
        "mean": float(values.mean()),
    }


def _cell(raw: RawData, number: int, value: float) -> float | str | None:
    if np.isnan(value):
        return None
    return raw.categories[number][int(value)] if number in raw.categories else value
