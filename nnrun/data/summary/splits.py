"""How many samples are in each split, and how their labels are spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnrun.data.splits import Split, Splits


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """The numbers to predict, in one split.

    Args:
        name: Name of the target; empty where it has none.
        low: Lowest value.
        high: Highest value.
        mean: Mean.
        deviation: Standard deviation of the population.
    """

    name: str
    low: float
    high: float
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class SplitSummary:
    """A split.

    Args:
        name: `train`, `validation` or `test`.
        samples: Samples in it.
        share: Of all samples in all splits.
        classes: Samples by class; None for regression.
        targets: The numbers to predict; empty for classes.
        bytes: What its inputs and labels take in memory, as the network sees them.
    """

    name: str
    samples: int
    share: float
    classes: Mapping[str, int] | None
    targets: tuple[TargetSummary, ...]
    bytes: int


def summarise_splits(splits: Splits) -> tuple[SplitSummary, ...]:
    """Returns the splits that there are, the training one first."""
    present = splits.present()
    total = sum(map(len, present.values()))
    return tuple(_split(name, split, splits, total) for name, split in present.items())


def _split(name: str, split: Split, splits: Splits, total: int) -> SplitSummary:
    classes: dict[str, int] | None = None
    targets: tuple[TargetSummary, ...] = ()
    if splits.class_names is not None and split.class_index is not None:
        counts = np.bincount(split.class_index, minlength=len(splits.class_names))
        classes = dict(zip(splits.class_names, counts.tolist(), strict=True))
    else:
        names = splits.preprocessing.target_names or ("",) * split.y.shape[1]
        exact = split.y.astype(np.float64)
        targets = tuple(
            TargetSummary(one, float(y.min()), float(y.max()), float(y.mean()), float(y.std()))
            for one, y in zip(names, exact.T, strict=False)
        )
    weights = 0 if split.weights is None else split.weights.nbytes
    size = split.x.nbytes + split.y.nbytes + weights
    return SplitSummary(name, len(split), len(split) / total, classes, targets, int(size))
