"""Samples that a generator draws: `source: synthetic`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnrun.config.datasets.common import DatasetSection
from nnrun.config.sections import Count, Seed


class SyntheticSection(DatasetSection):
    """Samples that a generator draws; `seed` defaults to the seed of the experiment."""

    source: Literal["synthetic"]
    """Where the data come from."""

    samples: Count = 1000
    """How many samples to draw."""

    seed: Seed | None = None
    """Decides what is drawn; by default the seed of the experiment."""


class MoonsData(SyntheticSection):
    """Two interleaving half circles (scikit-learn's `make_moons`)."""

    generator: Literal["moons"]
    """What to draw."""

    noise: Annotated[float, Field(ge=0)] | None = None
    """Deviation of the noise that is added to each point."""


class CirclesData(SyntheticSection):
    """A circle inside a circle (scikit-learn's `make_circles`)."""

    generator: Literal["circles"]
    """What to draw."""

    noise: Annotated[float, Field(ge=0)] | None = None
    """Deviation of the noise that is added to each point."""

    factor: Annotated[float, Field(ge=0, lt=1)] = 0.8
    """Size of the inner circle, the outer one being 1."""


class BlobsData(SyntheticSection):
    """Gaussian clusters (scikit-learn's `make_blobs`)."""

    generator: Literal["blobs"]
    """What to draw."""

    centers: Count = 3
    """Number of clusters; each is a class."""

    n_features: Count = 2
    """Columns."""

    cluster_std: Annotated[float, Field(gt=0)] = 1.0
    """Deviation of the points of a cluster."""


class ClassificationData(SyntheticSection):
    """Clusters on the corners of a hypercube (scikit-learn's `make_classification`)."""

    generator: Literal["classification"]
    """What to draw."""

    n_features: Count = 20
    """Columns in all; what is neither informative nor redundant is noise."""

    n_informative: Count = 2
    """Columns that say something about the class."""

    n_redundant: Annotated[int, Field(ge=0)] = 2
    """Columns that are combinations of the informative ones."""

    n_classes: Annotated[int, Field(ge=2)] = 2
    """Classes."""

    n_clusters_per_class: Count = 2
    """Clusters of each class."""

    class_sep: Annotated[float, Field(gt=0)] = 1.0
    """Distance between the clusters; less is harder."""

    flip_y: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Share of samples whose class is drawn at random."""


class RegressionData(SyntheticSection):
    """A random linear function with noise (scikit-learn's `make_regression`)."""

    generator: Literal["regression"]
    """What to draw."""

    n_features: Count = 100
    """Columns in all."""

    n_informative: Count = 10
    """Columns that the target depends on."""

    noise: Annotated[float, Field(ge=0)] = 0.0
    """Deviation of the noise that is added to the target."""

    bias: float = 0.0
    """Constant that is added to the target."""


class TokensData(SyntheticSection):
    """Sequences of token numbers, for networks with `Embedding`; each class prefers its own tokens."""

    generator: Literal["tokens"]
    """What to draw."""

    max_tokens: Annotated[int, Field(ge=2)] = 100
    """Different tokens, from 0."""

    sequence_length: Count = 20
    """Tokens of each sequence."""

    n_classes: Annotated[int, Field(ge=2)] = 2
    """Classes."""


SyntheticData = Annotated[
    MoonsData | CirclesData | BlobsData | ClassificationData | RegressionData | TokensData,
    Field(discriminator="generator"),
]
