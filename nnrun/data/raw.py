"""What a source hands over: arrays as they were found, before splitting, scaling and encoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnrun.data.empty_cells import Fill
from nnrun.data.images.form import ImageForm
from nnrun.data.rows import MappedRows, chosen
from nnrun.data.tables.cells import ColumnKind
from nnrun.data.vocabulary import Vectorization

InputKind = Literal["table", "images", "tokens", "texts", "sequences"]
"""`table`: one number or category per column, shape `(samples, columns)`. `images`: shape
`(samples, height, width, channels)`. `tokens`: token numbers, shape `(samples, length)`, int32. `texts`: strings
in an array of objects, shape `(samples,)`. `sequences`: numbers of any further shape, such as
`(samples, steps, features)`."""


@dataclass(frozen=True, slots=True)
class Part:
    """Samples that belong together, with their labels as the source knows them.

    Args:
        x: Inputs of shape `(samples, ...)` in the source's own type; an array in a file (`numpy.memmap`) is not
            loaded as a whole, nor are chosen rows of one (`MappedRows`). In a table, the columns named in
            `RawData.categories` hold positions in that column's categories. An empty cell, which only
            the columns in `RawData.fills` can have, is NaN.
        y: Labels of shape `(samples,)`, or `(samples, targets)` where there are several: integers, floats
            or text.
        weights: How much each sample counts in the loss, shape `(samples,)`; None where all count the same.
        digest: What changes whenever a value in `x` does, such as a checksum, where the source knows it already.
        place: Says where a sample stands, by its position from 0; None where `RawData.place` does.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    weights: NDArray[np.float64] | None = None
    digest: str | None = None
    place: Callable[[int], str] | None = None

    def __len__(self) -> int:
        """Returns the number of samples."""
        return len(self.x)

    def first(self, count: int | None) -> Part:
        """Returns its first samples, all of them for None."""
        if count is None or count >= len(self):
            return self
        weights = None if self.weights is None else self.weights[:count]
        x = chosen(self.x, np.arange(count)) if isinstance(self.x, MappedRows) else self.x[:count]
        return replace(self, x=x, y=self.y[:count], weights=weights)


@dataclass(frozen=True, slots=True)
class RawData:
    """A data set before it is split.

    Args:
        kind: What one sample is.
        samples: What the splits are cut from.
        test: The test part that the data set comes with, or None.
        validation: The validation part that it comes with, or None.
        class_names: Name of each class, where the source knows names; `y` then holds class numbers.
        feature_names: Name of each column of a table, where it has names.
        target_names: Name of each target column, where it has names.
        value_range: Lowest and highest value that an input can have, such as `(0, 255)` for pixels.
        categories: For each text column of a table, by column number: all its values, sorted.
        kinds: What each text column of a table holds, by its number; `column_kinds` knows that of numbers too.
        groups: Which samples belong together, as the same number, shape `(samples,)`: they lie in the same split.
        times: What orders the samples for the splits, shape `(samples,)`: the last are for the test.
        fills: For each column of a table that may have empty cells, by column number: how to fill them.
        vectorization: How texts become numbers.
        image: The form that image files were given.
        image_sizes: Width, height and how many image files had them, the most frequent first; not all of them.
        notes: Sentences about the data that the user should read.
        place: Says where a sample stands, such as `iris.csv, row 17`, by its position from 0.
    """

    kind: InputKind
    samples: Part
    test: Part | None = None
    validation: Part | None = None
    class_names: tuple[str, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] | None = None
    value_range: tuple[float, float] | None = None
    categories: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    kinds: Mapping[int, ColumnKind] = field(default_factory=dict)
    groups: NDArray[np.int64] | None = None
    times: NDArray[np.float64] | None = None
    fills: Mapping[int, Fill] = field(default_factory=dict)
    vectorization: Vectorization | None = None
    image: ImageForm | None = None
    image_sizes: tuple[tuple[int, int, int], ...] = ()
    notes: tuple[str, ...] = ()
    place: Callable[[int], str] = "sample {}".format
