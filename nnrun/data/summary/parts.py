"""Where the samples of each split lie among those of the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.raw import Part, RawData
from nnrun.data.splits import Split, Splits


@dataclass(frozen=True, slots=True)
class PartOfSplit:
    """A split as positions in a part of the source.

    Args:
        name: `train`, `validation` or `test`.
        part: The part of the source.
        rows: Positions in it, shape `(samples,)`, in the order of the split.
        common: Whether it is the part that the splits are cut from, so that `RawData.place` knows its samples.
        split: The same samples as the network sees them.
    """

    name: str
    part: Part
    rows: NDArray[np.int64]
    common: bool
    split: Split

    def labels(self) -> NDArray[Any]:
        """Returns the labels of the split as the source has them, shape `(samples,)` or `(samples, targets)`."""
        return self.part.y[self.rows]


def parts_of(raw: RawData, splits: Splits) -> tuple[PartOfSplit, ...]:
    """Returns the splits that there are, the training split first."""
    indices = splits.indices
    found: list[PartOfSplit] = []
    for name, split, own, rows in (
        ("train", splits.train, None, None if indices is None else indices.train),
        ("validation", splits.validation, raw.validation, None if indices is None else indices.validation),
        ("test", splits.test, raw.test, None if indices is None else indices.test),
    ):
        if split is None:
            continue
        if own is not None:
            found.append(PartOfSplit(name, own, np.arange(len(split)), False, split))
        elif rows is not None:
            found.append(PartOfSplit(name, raw.samples, rows, True, split))
    return tuple(found)
