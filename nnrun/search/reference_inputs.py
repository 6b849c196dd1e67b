"""What a network sees, as models of scikit-learn take it: one row of numbers per sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnrun.data.rows import Inputs
from nnrun.data.splits import Split, Splits
from nnrun.errors import DataError

_MOST_BYTES = 4 << 30
"""Inputs that take more are refused: scikit-learn has all of them in memory, some models twice."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceInputs:
    """The inputs of two splits.

    Args:
        train: Shape `(samples, features)`, dense or sparse.
        judged: The same of the split that is judged.
        notes: What was done besides the preprocessing of the network.
        is_table: Whether the features are columns of a table.
    """

    train: Any
    judged: Any
    notes: tuple[str, ...] = ()
    is_table: bool = False

    @property
    def features(self) -> int:
        """How many numbers a sample has."""
        return int(self.train.shape[1])


def reference_inputs(splits: Splits, judged: Split) -> ReferenceInputs:
    """Makes rows of numbers of what the network sees; what has to be fitted is fitted on the training split.

    Args:
        splits: The data, preprocessed for the network.
        judged: The split that the models are judged on.

    Raises:
        DataError: The inputs are too large.
    """
    train, kind = splits.train.x, splits.preprocessing.kind
    size = train.nbytes + judged.x.nbytes
    if size > _MOST_BYTES:
        raise DataError(
            f"the inputs take {size / 1e9:.1f} GB, which scikit-learn would need in memory several times",
            "take a part of the samples: dataset.limit=20000",
        )
    if train.dtype.kind == "i":
        if kind == "table":
            return _one_hot(train, judged.x)
        return _counted(train, judged.x)
    if len(train.shape) > 2:
        shape = " x ".join(map(str, train.shape[1:]))
        note = f"{'images' if kind == 'images' else 'samples'} of {shape} were flattened for scikit-learn"
        return ReferenceInputs(_flat(train), _flat(judged.x), (note,))
    if len(train.shape) == 1:
        return ReferenceInputs(_flat(train), _flat(judged.x), (), kind == "table")
    return ReferenceInputs(np.asarray(train[:]), np.asarray(judged.x[:]), (), kind == "table")


def _flat(x: Inputs) -> Any:
    return np.asarray(x[:]).reshape(len(x), -1)


def _counted(train: Inputs, judged: Inputs) -> ReferenceInputs:
    """Counts the tokens of each sample, and weighs them as TF-IDF: their order is lost."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer

    arrays = [_flat(train), _flat(judged)]
    width = max(int(one.max(initial=0)) for one in arrays) + 1

    def counts(tokens: Any) -> Any:
        rows = np.repeat(np.arange(len(tokens)), tokens.shape[1])
        known = tokens.ravel() > 0  # 0 is padding
        ones = np.ones(int(known.sum()), np.float32)
        return csr_matrix((ones, (rows[known], tokens.ravel()[known])), shape=(len(tokens), width))

    weigh = TfidfTransformer().fit(counts(arrays[0]))
    note = "scikit-learn gets how often each token occurs (TF-IDF), without their order"
    train_counts, judged_counts = map(counts, arrays)
    return ReferenceInputs(weigh.transform(train_counts), weigh.transform(judged_counts), (note,))


def _one_hot(train: Inputs, judged: Inputs) -> ReferenceInputs:
    """Gives every code a column: its number says nothing about its size."""
    from sklearn.preprocessing import OneHotEncoder

    encoder = OneHotEncoder(handle_unknown="ignore", dtype=np.float32).fit(_flat(train))
    note = "scikit-learn gets a column for each code of a category"
    return ReferenceInputs(encoder.transform(_flat(train)), encoder.transform(_flat(judged)), (note,))
