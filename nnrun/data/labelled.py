"""Labelled data in both forms: as a network sees them, and as they were found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import Dataset
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import label_form
from nnrun.data.loading import as_trained, make_splits
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.raw import Part, RawData
from nnrun.data.sources import source_of
from nnrun.data.splits import SplitName, Splits
from nnrun.data.tables.cells import is_number
from nnrun.errors import DataError

_NAMELESS = next(item.default for item in fields(RawData) if item.name == "place")
"""What a source has that knows nothing of a sample but its position."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Where samples come from.

    Args:
        samples: The position of each one in its source, from 0, shape `(samples,)`.
        place: Says where a position is, such as `iris.csv, row 17`; None where there is nothing more to say.
    """

    samples: NDArray[np.int64]
    place: Callable[[int], str] | None


@dataclass(frozen=True, slots=True)
class Labelled:
    """Data of a run, or of a config.

    Args:
        splits: As a network sees them.
        raw: As they were found.
    """

    splits: Splits
    raw: RawData

    def origins(self, split: SplitName) -> Origins | None:
        """Returns where the samples of a split come from; None for a part that the data set comes with."""
        rows = self._rows(split)
        if rows is None:
            return None
        return Origins(rows, None if self.raw.place == _NAMELESS else self.raw.place)

    def found(self, split: SplitName, chosen: NDArray[np.int64] | None = None) -> NDArray[Any]:
        """Returns inputs of a split as they were found: not scaled, not filled, in the source's own type.

        Args:
            split: A split that exists.
            chosen: Positions in the split, shape `(chosen,)`; all of them by default.

        Returns:
            Shape `(chosen, ...)`; see `nnrun.data.raw.Part.x`.
        """
        rows = self._rows(split)
        part = self._part(split) if rows is None else self.raw.samples
        if rows is None:
            samples = self.splits.get(split)
            rows = np.arange(0 if samples is None else len(samples))
        return np.asarray(part.x[rows if chosen is None else rows[chosen]])

    def _rows(self, split: SplitName) -> NDArray[np.int64] | None:
        indices = self.splits.indices
        if indices is None:
            return None
        return {"train": indices.train, "validation": indices.validation, "test": indices.test}[split]

    def _part(self, split: SplitName) -> Part:
        part = self.raw.test if split == "test" else self.raw.validation
        if part is None:
            raise ValueError(f"there is no {split} split")
        return part


def load_labelled(
    dataset: Dataset, loss: KerasObject, seed: int, preprocessing: Preprocessing | None = None
) -> Labelled:
    """Loads the data of a config, or once more those of a run.

    Args:
        dataset: The `dataset` section.
        loss: `compile.loss`; it decides the form of the labels.
        seed: Seed of the experiment.
        preprocessing: What was fitted on the training split of the run; by default it is fitted now.

    Raises:
        DataError: If a file is missing or damaged, or the data do not fit the loss, the split or the
            preprocessing.
    """
    raw = source_of(dataset).load(as_trained(dataset, preprocessing), seed)
    return labelled(raw, dataset, loss, seed, preprocessing)


def labelled(
    raw: RawData, dataset: Dataset, loss: KerasObject, seed: int, preprocessing: Preprocessing | None
) -> Labelled:
    """Makes data that are in memory, or mapped into it, ready for the network; see `load_labelled`."""
    if preprocessing is not None:
        _check_columns(raw, preprocessing)
    return Labelled(make_splits(raw, dataset, label_form(loss), seed, preprocessing), raw)


def _check_columns(raw: RawData, preprocessing: Preprocessing) -> None:
    """Refuses a table with other columns, or with text where there were numbers: codes are no numbers."""
    if preprocessing.columns is not None and raw.feature_names != preprocessing.columns:
        raise DataError(
            f"the data have the columns {_quoted(raw.feature_names or ())}, and the network was trained on "
            f"{_quoted(preprocessing.columns)}"
        )
    for number in sorted({*raw.categories} ^ preprocessing.texts):
        name = raw.feature_names[number] if raw.feature_names else str(number)
        if number in raw.categories:
            texts = [text for text in raw.categories[number] if not is_number(text)]
            found, trained = f"text such as '{(texts or ['?'])[0]}'", "numbers"
        else:
            found, trained = "numbers", "texts"
        raise DataError(
            f"column '{name}' has {found}, where the network was trained on {trained}",
            "mend the cells of this column",
        )


def _quoted(names: Sequence[str], most: int = 20) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
