"""Which columns, classes and samples a picture has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.evaluation.plots.palette import MOST, OTHERS, colours, marks

COLUMNS = 6
"""So many columns are shown; more would make panels that are too small."""

_COLOURED = 7


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Samples by colour.

    Args:
        members: Positions of the samples of each group; the first is drawn first.
        names: Short name of each group.
        colours: Colour of each group.
        marks: Shape of the mark of each group.
    """

    members: Sequence[NDArray[np.int64]]
    names: Sequence[str]
    colours: Sequence[str]
    marks: Sequence[str]


def telling(x: NDArray[np.float64], y: NDArray[np.float64], classes: int | None) -> list[int]:
    """Returns the columns to show: all of them, or those that tell most about the target, in their order.

    For classes that is the variance between their means over the variance within them (the F statistic without its
    constant factor), for numbers the size of the correlation.

    Args:
        x: Shape `(samples, columns)`; NaN for an empty cell.
        y: Class numbers or values, shape `(samples,)`.
        classes: How many classes there are; None for values.
    """
    if x.shape[1] <= COLUMNS:
        return list(range(x.shape[1]))
    strength = [_strength(x[:, column], y, classes) for column in range(x.shape[1])]
    best = sorted(range(x.shape[1]), key=lambda column: -strength[column])[:COLUMNS]
    return sorted(best)


def _strength(values: NDArray[np.float64], y: NDArray[np.float64], classes: int | None) -> float:
    known = np.isfinite(values)
    values, y = values[known], y[known]
    if len(values) < 2 or np.ptp(values) == 0:
        return 0.0
    if classes is None:
        return 0.0 if np.ptp(y) == 0 else float(abs(np.corrcoef(values, y)[0, 1]))
    counts = np.bincount(y.astype(np.int64), minlength=classes)
    means = np.bincount(y.astype(np.int64), weights=values, minlength=classes) / np.maximum(counts, 1)
    between = float((counts * (means - values.mean()) ** 2).sum())
    within = float(((values - means[y.astype(np.int64)]) ** 2).sum())
    return between / within if within > 0 else np.inf


def grouped(classes: NDArray[np.int64], names: Sequence[str]) -> Groups:
    """Returns a group for each class, or where they are too many for one colour each, for the most frequent.

    Args:
        classes: Number of the class of each sample, shape `(samples,)`.
        names: Short name of each class.
    """
    if len(names) <= MOST:
        members = [np.flatnonzero(classes == number) for number in range(len(names))]
        return Groups(members, names, colours(len(names)), marks(len(names)))
    counts = np.bincount(classes, minlength=len(names))
    frequent = sorted(np.argsort(-counts, kind="stable")[:_COLOURED].tolist())
    others = np.flatnonzero(~np.isin(classes, frequent))
    return Groups(
        [others, *(np.flatnonzero(classes == number) for number in frequent)],
        [f"{len(names) - _COLOURED} others", *(names[number] for number in frequent)],
        [OTHERS, *colours(_COLOURED)],
        [".", *marks(_COLOURED)],
    )


def first_of_each(classes: NDArray[Any], count: int, each: int) -> NDArray[np.int64]:
    """Returns the positions of the first samples of each class, ordered by class.

    Args:
        classes: Number of the class of each sample, shape `(samples,)`.
        count: How many classes there are.
        each: How many samples of each, at most.
    """
    return np.concatenate([np.flatnonzero(classes == number)[:each] for number in range(count)])
