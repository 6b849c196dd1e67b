"""Data sets that libraries bring or download: `source: sklearn` and `source: keras`."""

from __future__ import annotations

from typing import Literal

from nnrun.config.datasets.common import DatasetSection
from nnrun.config.sections import Count


class SklearnData(DatasetSection):
    """A data set that is embedded in scikit-learn: nothing is downloaded."""

    source: Literal["sklearn"]
    """Where the data come from."""

    name: Literal["iris", "wine", "digits", "breast_cancer", "diabetes"]
    """Which data set."""


class KerasData(DatasetSection):
    """A data set of `keras.datasets`: from Keras's own cache, a local copy, or downloaded into the cache."""

    source: Literal["keras"]
    """Where the data come from."""

    name: Literal["mnist", "fashion_mnist", "cifar10", "cifar100", "imdb", "reuters", "california_housing"]
    """Which data set."""

    path: str | None = None
    """A local copy, relative to the config: the file that Keras downloads, or its folder; of mnist and fashion_mnist
    also the folder of the original IDX files.
    """

    max_tokens: Count | None = None
    """Of texts (imdb, reuters), keep only the most frequent tokens."""

    sequence_length: Count | None = None
    """Of texts (imdb, reuters), cut or fill every sequence to so many tokens."""
