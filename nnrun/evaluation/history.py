"""How a training went, as series of values over the epochs that a chart can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Row = Mapping[str, float | None]
"""One row of `metrics.csv`: `epoch`, `seconds`, `learning_rate`, `loss`, ..., `val_loss`, ..."""

RATE = "learning_rate"
_NOT_METRICS = frozenset({"epoch", RATE})

# A falling quantity is drawn on a logarithmic axis when it falls to less than a fiftieth, a rising one only when it
# explodes: an accuracy that rises from 0.01 to 0.9 belongs on a linear axis.
_FALL = 50.0
_EXPLOSION = 1e4


@dataclass(frozen=True, slots=True)
class Series:
    """Values over epochs, both of shape `(measurements,)`; what is not finite is NaN."""

    epochs: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity of a training.

    Args:
        title: The metric, or `learning_rate`.
        train: Its values on the training split.
        validation: Those on the validation split; of no epoch where it was not measured there.
    """

    title: str
    train: Series
    validation: Series


def panels(rows: Sequence[Row]) -> list[Panel]:
    """Returns what there is to see of a training: each metric, and the learning rate where it changes.

    Args:
        rows: The rows of `metrics.csv`. A value may be None (not measured in this epoch) or not finite.
    """
    names = [name for name in _names(rows) if not name.startswith("val_") and _is_metric(name)]
    names += [
        name.removeprefix("val_")
        for name in _names(rows)
        if name.startswith("val_") and name.removeprefix("val_") not in names
    ]
    found = [Panel(name, _series(rows, name), _series(rows, f"val_{name}")) for name in names]
    rate = _series(rows, RATE)
    if len(np.unique(rate.values[np.isfinite(rate.values)])) > 1:
        found.append(Panel(RATE, rate, _series(rows, "")))
    return found


def wants_logarithm(panel: Panel) -> bool:
    """Tells whether a quantity is seen better on a logarithmic axis."""
    values = np.concatenate([panel.train.values, panel.validation.values])
    values = values[np.isfinite(values)]
    if not len(values) or values.min() <= 0:
        return False
    ratio = values.max() / values.min()
    first = panel.train.values[np.isfinite(panel.train.values)]
    falling = len(first) > 1 and first[0] > first[-1]
    return bool(ratio >= (_FALL if falling else _EXPLOSION))


def _names(rows: Sequence[Row]) -> list[str]:
    """Returns the names of all columns in their order; a validation every n epochs may lack in the first row."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _is_metric(name: str) -> bool:
    return name not in _NOT_METRICS and not name.endswith("seconds")


def _series(rows: Sequence[Row], name: str) -> Series:
    measured = [(row["epoch"], value) for row in rows if (value := row.get(name)) is not None]
    points = np.array(measured, np.float64).reshape(len(measured), 2)
    values = points[:, 1]
    values[~np.isfinite(values)] = np.nan
    return Series(points[:, 0], values)
