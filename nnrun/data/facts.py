"""What is known about a data set after its split, without loading it: for the cross-checks of `check`."""

from __future__ import annotations

import dataclasses

from nnrun.config.datasets import Dataset, TableSplitSection
from nnrun.config.facts import DataFacts
from nnrun.data.shares import shares, without_fold
from nnrun.data.sources import source_of


def facts_of(dataset: Dataset) -> DataFacts:
    """Returns what is known without loading the data: no NumPy, no scikit-learn, no Keras.

    A CSV is scanned quickly; a file that is not there leaves its facts unknown, as a config may be checked on
    a machine that does not have the data.

    Args:
        dataset: The `dataset` section, with paths that are absolute or relative to the working directory.

    Returns:
        The facts; `train_samples` is what the split leaves for training.

    Raises:
        DataError: If the data certainly do not fit the section: a column that is not in the file, an empty
            split, more samples asked for than there are.
    """
    facts = source_of(dataset).facts(dataset)
    splits = set(facts.splits)
    if dataset.split.validation is not None or dataset.split.fold is not None:
        splits.add("validation")
    if dataset.split.test is not None:
        splits.add("test")
    train = facts.train_samples
    if train is not None:
        train = shares(train, dataset, facts.splits).train
        if isinstance(dataset.split, TableSplitSection) and dataset.split.group is not None:
            # Whole groups make it more or less than was asked for.
            train = None
        else:
            train = without_fold(train, dataset.split)
    return dataclasses.replace(facts, train_samples=train, splits=frozenset(splits))
