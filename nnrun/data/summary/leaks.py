"""Features that tell the target by themselves: often they were only known after it.

A feature with a new value in every row, such as an id, also determines everything in the rows that are there. What is
reported here goes beyond that: few values that each go with one class or number, ranges that each belong to one class,
or a column that is the target in another unit.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnrun.data.raw import RawData
from nnrun.data.summary.bounded import MOST_SAMPLES, some
from nnrun.data.summary.columns import column_name

LeakKind = Literal["values", "ranges", "linear", "order"]

_FEWEST = 20
"""With fewer samples, everything may be chance."""

_PER_VALUE = 5
"""So many samples must share a value, on average, before it says something that they have the same target."""

_PER_CLASS = 10
"""So many samples of a class must lie in a range before that says something."""

_MISSED = 0.01
"""A feature that errs in more than this share of what a guess errs in is a good one, not a leak."""

_EXACT = 1e-6
"""Share of the variance of the target that may be left."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A feature that determines the target.

    Args:
        column: Its name.
        target: Name of the target, where there are several.
        kind: `values`: each of few values goes with one class or number. `ranges`: each class has a range of its own.
            `linear`: the target in another unit, or a copy. `order`: it puts the samples into the order of the target.
        reason: What was found, in one sentence.
        samples: How many samples were looked at.
        exceptions: How many of them do not fit.
    """

    column: str
    target: str | None
    kind: LeakKind
    reason: str
    samples: int
    exceptions: int


def find_leaks(
    raw: RawData, rows: NDArray[np.int64], class_index: NDArray[np.int32] | None, values: NDArray[Any]
) -> tuple[Leak, ...]:
    """Returns the features that determine the target.

    Args:
        raw: A table.
        rows: Positions of samples in it, shape `(samples,)`.
        class_index: The class of each of them, shape `(samples,)`; None for regression.
        values: The numbers to predict for each of them, shape `(samples, targets)`; empty for classes.
    """
    chosen = some(len(rows), MOST_SAMPLES)
    if len(chosen) < _FEWEST:
        return ()
    x = raw.samples.x[rows[chosen]]
    found: list[Leak] = []
    for number in range(x.shape[1]):
        cells = x[:, number].astype(np.float64)
        known = np.flatnonzero(~np.isnan(cells))
        if len(known) < _FEWEST:
            continue
        cells = cells[known]
        name, is_number = column_name(raw, number), number not in raw.categories
        if class_index is not None:
            classes = class_index[chosen][known]
            leak = _values_of_classes(name, cells, classes) or (
                _ranges_of_classes(name, cells, classes) if is_number else None
            )
            found += [leak] if leak else []
            continue
        for place in range(values.shape[1]):
            target = raw.target_names[place] if raw.target_names and values.shape[1] > 1 else None
            exact = values[chosen, place][known].astype(np.float64)
            leak = _of_numbers(name, target, cells, exact, is_number)
            found += [leak] if leak else []
    return tuple(found)


def _values_of_classes(name: str, cells: NDArray[np.float64], classes: NDArray[np.int32]) -> Leak | None:
    distinct, inverse = np.unique(cells, return_inverse=True)
    count = int(classes.max()) + 1
    if len(distinct) < 2 or len(distinct) * _PER_VALUE > len(cells):
        return None
    table = np.bincount(inverse * count + classes, minlength=len(distinct) * count).reshape(
        len(distinct), count
    )
    exceptions = len(cells) - int(table.max(axis=1).sum())
    guessed_wrong = len(cells) - int(table.sum(axis=0).max())
    if not guessed_wrong or exceptions > _MISSED * guessed_wrong:
        return None
    return Leak(
        name,
        None,
        "values",
        f"each of its {len(distinct):,} values goes with one class {_in_how_many(len(cells), exceptions)}",
        len(cells),
        exceptions,
    )


def _ranges_of_classes(name: str, cells: NDArray[np.float64], classes: NDArray[np.int32]) -> Leak | None:
    present, counts = np.unique(classes, return_counts=True)
    if len(present) < 2 or counts.min() < _PER_CLASS:
        return None
    ranges = sorted((cells[classes == number].min(), cells[classes == number].max()) for number in present)
    if any(high >= low for (_, high), (low, _) in itertools.pairwise(ranges)):
        return None
    return Leak(
        name,
        None,
        "ranges",
        f"each class has a range of its own {_in_how_many(len(cells), 0)}",
        len(cells),
        0,
    )


def _of_numbers(
    name: str, target: str | None, cells: NDArray[np.float64], values: NDArray[np.float64], is_number: bool
) -> Leak | None:
    spread = values.std()
    if not spread:
        return None
    distinct, inverse = np.unique(cells, return_inverse=True)
    if len(distinct) >= 2 and len(distinct) * _PER_VALUE <= len(cells):
        counts = np.bincount(inverse)
        means = np.bincount(inverse, values) / counts
        left = float(np.square(values - means[inverse]).mean() / spread**2)
        if left <= _EXACT and len(np.unique(values)) > 1:
            reason = f"each of its {len(distinct):,} values goes with one value of the target"
            return Leak(name, target, "values", f"{reason} {_in_how_many(len(cells), 0)}", len(cells), 0)
    if not is_number or not cells.std():
        return None
    correlation = float(np.corrcoef(cells, values)[0, 1])
    if 1 - correlation**2 <= _EXACT:
        same = np.array_equal(cells, values)
        reason = "it is a copy of the target" if same else "it is the target times a number, plus another"
        return Leak(name, target, "linear", reason, len(cells), 0)
    ranks = float(np.corrcoef(_ranks(cells), _ranks(values))[0, 1])
    if 1 - ranks**2 <= _EXACT:
        how = "the same" if ranks > 0 else "the opposite"
        return Leak(
            name, target, "order", f"it puts the samples into {how} order as the target", len(cells), 0
        )
    return None


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the rank of each value, equal ones in the middle of theirs (Spearman's)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: NDArray[np.float64] = (ends - (counts - 1) / 2)[inverse]
    return ranks


def _in_how_many(samples: int, exceptions: int) -> str:
    return f"in {samples - exceptions:,} of {samples:,} samples"
