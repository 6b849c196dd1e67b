"""The arrays that a network trains, validates and is tested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnrun.config.facts import DataFacts
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.rows import Inputs, chunks
from nnrun.data.splitting import SplitIndices

SplitName = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True)
class Split:
    """Samples and their labels.

    Args:
        x: Inputs of shape `(samples, ...)`, float32, or int32 for token numbers: an array, or `MappedRows`.
        y: Labels as the loss wants them: `(samples, classes)` float32 one-hot, `(samples,)` int32 class
            numbers, or `(samples, targets)` float32 values.
        class_index: The class of each sample as a number, shape `(samples,)`; None for regression.
        weights: How much each sample counts in the loss, shape `(samples,)`; None where all count the same.
    """

    x: Inputs
    y: NDArray[Any]
    class_index: NDArray[np.int32] | None = None
    weights: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        """Returns the number of samples."""
        return len(self.x)


@dataclass(frozen=True, slots=True)
class Splits:
    """All splits of one experiment, ready for the network.

    Args:
        train: What is trained on; never empty.
        validation: Held out for watching training, or None.
        test: Held out for the final figures, or None.
        class_names: Names of the classes in the order of their numbers; None for regression.
        feature_names: Names of the input columns of a table as the network sees them (`island=Biscoe` for a
            category); None for images, sequences and the like.
        fingerprint: SHA-256 over the raw data and everything that decided which sample lies where.
        preprocessing: What was fitted on the training split; `predict` repeats it.
        notes: Sentences about the data that the user should read, such as unseen categories.
        indices: Where the samples of each split stand among those of the source; None for a part that the
            data set comes with, which has its own order.
    """

    train: Split
    validation: Split | None
    test: Split | None
    class_names: tuple[str, ...] | None
    feature_names: tuple[str, ...] | None
    fingerprint: str
    preprocessing: Preprocessing
    notes: tuple[str, ...] = ()
    indices: SplitIndices | None = None

    def get(self, name: SplitName) -> Split | None:
        """Returns a split by its name, or None where the experiment has no such split."""
        return self.present().get(name)

    def present(self) -> dict[str, Split]:
        """Returns the splits that the experiment has by their names, the training one first."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in named.items() if split is not None}


def facts_of_splits(splits: Splits) -> DataFacts:
    """Returns the facts of loaded data, all of them known."""
    x, y = splits.train.x, splits.train.y
    return DataFacts(
        shape=tuple(x.shape[1:]),
        dtype=str(x.dtype),
        train_samples=len(splits.train),
        classes=None if splits.class_names is None else len(splits.class_names),
        class_names=splits.class_names,
        target="values" if splits.class_names is None else "classes",
        targets=y.shape[1] if splits.class_names is None and y.ndim > 1 else 1,
        splits=frozenset(splits.present()) - {"train"},
        max_token=_max_token(splits),
    )


def _max_token(splits: Splits) -> int | None:
    """Returns the greatest token number that the network can get, or None where it does not get tokens."""
    x, vocabulary = splits.train.x, splits.preprocessing.vocabulary
    if x.dtype.kind != "i":
        return None
    if vocabulary is not None:
        return len(vocabulary) - 1
    return max(int(x[start:stop].max()) for start, stop in chunks(x))
