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


Missing = Literal["error", "drop", "mean", "median", "most_frequent"]
"""What to do with empty cells. `drop` leaves their rows out; the last three fill them by the training split."""


class SplitSection(Section):
    """How samples are divided; a share is a fraction of the samples (below 1) or a count of them."""

    validation: Fraction | Count | None = None
    """Share that is set aside to watch during training."""

    test: Fraction | Count | None = None
    """Share that is set aside for `nnrun evaluate`; data sets that come with a test part have it already."""

    stratify: bool = False
    """Whether every split has the classes in the same proportion."""

    seed: Seed | None = None
    """Decides which sample lies in which split; by default the seed of the experiment."""


class DatasetSection(Section):
    """What every source understands."""

    split: SplitSection = SplitSection()
    """How the samples are divided."""

    scale: Scale = "none"
    """How the inputs are scaled, fitted on the training split only."""

    limit: Count | None = None
    """Use only so many samples, before they are split."""

    shuffle: bool = True
    """Whether samples are shuffled before they are split."""


class SklearnData(DatasetSection):
    """A data set that is embedded in scikit-learn: nothing is downloaded."""

    source: Literal["sklearn"]
    """Where the data come from."""

    name: Literal["iris", "wine", "digits", "breast_cancer", "diabetes"]
    """Which data set."""


class KerasData(DatasetSection):
    """A data set that Keras downloads, or a local copy of it.

    `path` is a folder of the original IDX files (mnist, fashion_mnist) or the `.npz` file of Keras.
    """

    source: Literal["keras"]
    """Where the data come from."""

    name: Literal["mnist", "fashion_mnist", "cifar10", "cifar100", "imdb", "reuters", "california_housing"]
    """Which data set."""

    path: str | None = None
    """A local copy: the folder of the original IDX files (mnist, fashion_mnist), or the file of Keras.
    Relative to the config.
    """

    max_tokens: Count | None = None
    """Of texts (imdb, reuters), keep only the most frequent tokens."""

    sequence_length: Count | None = None
    """Of texts (imdb, reuters), cut or fill every sequence to so many tokens."""


class CsvData(DatasetSection):
    """A table in a text file.

    A column is named as in the header, or by its number from 0 where `header` is false. Text columns among
    the features, and those in `categorical`, become one column per category (one-hot).
    """

    source: Literal["csv"]
    """Where the data come from."""

    path: str
    """The file, relative to the config."""

    target: str | int | Annotated[list[str | int], Field(min_length=1)]
    """The column to predict, or several; by name, or by number from 0 where the file has no header."""

    features: Annotated[list[str | int], Field(min_length=1)] | None = None
    """The columns to predict from; by default all others."""

    exclude: list[str | int] = Field(default_factory=list)
    """Columns to leave out."""

    categorical: list[str | int] = Field(default_factory=list)
    """Columns whose numbers are codes of categories; text columns are categories anyway."""

    missing: Missing | dict[str, Missing | str | int | float] = "error"
    """What to do with empty cells: one word for all features, or a word or a value per column.

    `error` refuses them, `drop` leaves their rows out, those without a target too. `mean`, `median` and
    `most_frequent` fill them with what the training split has; `mean` and `median` mean `most_frequent` for
    text. Columns that a mapping does not name keep `error`.
    """

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """The character between two fields; a tab is written "\\t", in double quotes."""

    header: bool = True
    """Whether the first row holds the names of the columns."""


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

Dataset = Annotated[SklearnData | KerasData | CsvData | SyntheticData, Field(discriminator="source")]
