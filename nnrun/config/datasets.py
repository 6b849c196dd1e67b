"""The `dataset` section: one model per source, chosen by `source`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnrun.config.sections import Count, Section, Seed

Fraction = Annotated[float, Field(gt=0, lt=1)]

Scale = (
    Literal["none", "unit", "standard", "minmax"] | Annotated[list[float], Field(min_length=2, max_length=2)]
)
"""`unit`: the known range of the values (0 to 255 for pixels) becomes [0, 1]. `standard`: mean 0,
deviation 1. `minmax`: [0, 1]. `[low, high]`: like `unit` where the range is known, else like `minmax`,
onto that range."""


class SplitSection(Section):
    """How samples are divided; a share is a fraction of the samples (below 1) or a count of them."""

    validation: Fraction | Count | None = None
    test: Fraction | Count | None = None
    stratify: bool = False
    seed: Seed | None = None


class DatasetSection(Section):
    """What every source understands."""

    split: SplitSection = SplitSection()
    scale: Scale = "none"
    limit: Count | None = None
    shuffle: bool = True


class SklearnData(DatasetSection):
    """A data set that is embedded in scikit-learn: nothing is downloaded."""

    source: Literal["sklearn"]
    name: Literal["iris", "wine", "digits", "breast_cancer", "diabetes"]


class KerasData(DatasetSection):
    """A data set that Keras downloads, or a local copy of it.

    `path` is a folder of the original IDX files (mnist, fashion_mnist) or the `.npz` file of Keras.
    """

    source: Literal["keras"]
    name: Literal["mnist", "fashion_mnist", "cifar10", "cifar100", "imdb", "reuters", "california_housing"]
    path: str | None = None
    max_tokens: Count | None = None
    sequence_length: Count | None = None


class CsvData(DatasetSection):
    """A table in a text file.

    A column is named as in the header, or by its number from 0 where `header` is false. Text columns among
    the features, and those in `categorical`, become one column per category (one-hot).
    """

    source: Literal["csv"]
    path: str
    target: str | int | Annotated[list[str | int], Field(min_length=1)]
    features: Annotated[list[str | int], Field(min_length=1)] | None = None
    exclude: list[str | int] = Field(default_factory=list)
    categorical: list[str | int] = Field(default_factory=list)
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    header: bool = True


class SyntheticSection(DatasetSection):
    """Samples that a generator draws; `seed` defaults to the seed of the experiment."""

    source: Literal["synthetic"]
    samples: Count = 1000
    seed: Seed | None = None


class MoonsData(SyntheticSection):
    """Two interleaving half circles (scikit-learn's `make_moons`)."""

    generator: Literal["moons"]
    noise: Annotated[float, Field(ge=0)] | None = None


class CirclesData(SyntheticSection):
    """A circle inside a circle (scikit-learn's `make_circles`)."""

    generator: Literal["circles"]
    noise: Annotated[float, Field(ge=0)] | None = None
    factor: Annotated[float, Field(ge=0, lt=1)] = 0.8


class BlobsData(SyntheticSection):
    """Gaussian clusters (scikit-learn's `make_blobs`)."""

    generator: Literal["blobs"]
    centers: Count = 3
    n_features: Count = 2
    cluster_std: Annotated[float, Field(gt=0)] = 1.0


class ClassificationData(SyntheticSection):
    """Clusters on the corners of a hypercube (scikit-learn's `make_classification`)."""

    generator: Literal["classification"]
    n_features: Count = 20
    n_informative: Count = 2
    n_redundant: Annotated[int, Field(ge=0)] = 2
    n_classes: Annotated[int, Field(ge=2)] = 2
    n_clusters_per_class: Count = 2
    class_sep: Annotated[float, Field(gt=0)] = 1.0
    flip_y: Annotated[float, Field(ge=0, lt=1)] = 0.01


class RegressionData(SyntheticSection):
    """A random linear function with noise (scikit-learn's `make_regression`)."""

    generator: Literal["regression"]
    n_features: Count = 100
    n_informative: Count = 10
    noise: Annotated[float, Field(ge=0)] = 0.0
    bias: float = 0.0


class TokensData(SyntheticSection):
    """Sequences of token numbers, for networks with `Embedding`; each class prefers its own tokens."""

    generator: Literal["tokens"]
    max_tokens: Annotated[int, Field(ge=2)] = 100
    sequence_length: Count = 20
    n_classes: Annotated[int, Field(ge=2)] = 2


SyntheticData = Annotated[
    MoonsData | CirclesData | BlobsData | ClassificationData | RegressionData | TokensData,
    Field(discriminator="generator"),
]

Dataset = Annotated[SklearnData | KerasData | CsvData | SyntheticData, Field(discriminator="source")]
