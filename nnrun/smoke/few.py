"""A few samples of the data of a config, read once for all steps."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import numpy as np

from nnrun.config.datasets import Dataset
from nnrun.config.keras_object import KerasObject
from nnrun.data.labelled import Labelled
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.splits import Split, Splits
from nnrun.data.splitting import Indices
from nnrun.training.shared import Shared


@dataclass(slots=True)
class Few(Shared):
    """Hands out the beginning of every split, with the preprocessing of all of the training split.

    Args:
        samples: How many samples a split has at most.
    """

    samples: int = 1
    _made: dict[str, Splits] = field(default_factory=dict)

    def splits(
        self, dataset: Dataset, loss: KerasObject, seed: int, preprocessing: Preprocessing | None = None
    ) -> Splits:
        """Does what `nnrun.data.loading.load_splits` does, and leaves most of it out."""
        # The data of a config do not change, but what was fitted is read back from runs.
        key = json.dumps(None if preprocessing is None else preprocessing.to_json())
        if key not in self._made:
            # Without `super()`, which a class with slots that is made anew does not know.
            self._made[key] = self._few(Shared.splits(self, dataset, loss, seed, preprocessing))
        return self._made[key]

    def _few(self, whole: Splits) -> Splits:
        return replace(
            whole,
            train=first(whole.train, self.samples),
            validation=None if whole.validation is None else first(whole.validation, self.samples),
            test=None if whole.test is None else first(whole.test, self.samples),
            indices=None
            if whole.indices is None
            else replace(
                whole.indices,
                train=whole.indices.train[: self.samples],
                validation=self._beginning(whole.indices.validation),
                test=self._beginning(whole.indices.test),
            ),
        )

    def labelled(self, dataset: Dataset, loss: KerasObject, seed: int, fitted: Preprocessing) -> Labelled:
        """Returns the same samples also as they were found.

        Args:
            dataset: The `dataset` section.
            loss: `compile.loss`.
            seed: Seed of the run.
            fitted: What was fitted on the training split of the run.
        """
        splits = self.splits(dataset, loss, seed, fitted)
        if self.raw is None:
            raise ValueError("no data were read")
        return Labelled(splits, self.raw)

    def anew(self) -> Few:
        """Returns the same data without the network that was built for them."""
        return Few(self.raw, samples=self.samples, _made=self._made)

    def _beginning(self, indices: Indices | None) -> Indices | None:
        return None if indices is None else indices[: self.samples]


def first(split: Split, count: int) -> Split:
    """Returns the first samples of a split."""
    if count >= len(split):
        return split
    return Split(
        # Copies: a view would keep all samples in memory.
        np.array(split.x[:count]),
        np.array(split.y[:count]),
        None if split.class_index is None else np.array(split.class_index[:count]),
        None if split.weights is None else np.array(split.weights[:count]),
    )
