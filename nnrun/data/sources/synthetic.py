"""Samples that a generator draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.config.datasets import (
    BlobsData,
    CirclesData,
    ClassificationData,
    MoonsData,
    RegressionData,
    SyntheticSection,
    TokensData,
)
from nnrun.config.facts import DataFacts
from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.data.raw import Part, RawData

OWN_TOKENS = 0.5
"""Share of the tokens of a sequence that come from the tokens of its class; the others come from all."""


def facts(section: SyntheticSection) -> DataFacts:
    """Returns what follows from the arguments of the generator."""
    samples = section.samples
    match section:
        case MoonsData() | CirclesData():
            return DataFacts(shape=(2,), train_samples=samples, classes=2)
        case BlobsData():
            return DataFacts(shape=(section.n_features,), train_samples=samples, classes=section.centers)
        case ClassificationData():
            return DataFacts(shape=(section.n_features,), train_samples=samples, classes=section.n_classes)
        case RegressionData():
            return DataFacts(shape=(section.n_features,), train_samples=samples, target="values")
        case TokensData():
            return DataFacts(
                shape=(section.sequence_length,),
                dtype="int32",
                train_samples=samples,
                classes=section.n_classes,
                max_token=section.max_tokens - 1,
            )
        case _:
            raise TypeError(f"no such generator: {section!r}")


def load(section: SyntheticSection, seed: int) -> RawData:
    """Draws the samples.

    Raises:
        DataError: If the arguments of the generator contradict each other.
    """
    from nnrun.data.raw import RawData

    if section.seed is not None:
        seed = section.seed
    if isinstance(section, TokensData):
        return RawData(kind="tokens", samples=_tokens(section, seed), class_names=_numbers(section.n_classes))
    known = facts(section)
    return RawData(
        kind="table",
        samples=_scikit_learn(section, seed),
        class_names=None if known.classes is None else _numbers(known.classes),
        feature_names=tuple(f"x{number}" for number in range(known.shape[0] if known.shape else 0)),
    )


def _scikit_learn(section: SyntheticSection, seed: int) -> Part:
    from sklearn import datasets

    from nnrun.data.raw import Part

    arguments: dict[str, Any] = {"n_samples": section.samples, "random_state": seed}
    match section:
        case MoonsData():
            name, own = "make_moons", ["noise"]
        case CirclesData():
            name, own = "make_circles", ["noise", "factor"]
        case BlobsData():
            name, own = "make_blobs", ["centers", "n_features", "cluster_std"]
        case ClassificationData():
            name = "make_classification"
            own = ["n_features", "n_informative", "n_redundant", "n_classes"]
            own += ["n_clusters_per_class", "class_sep", "flip_y"]
        case RegressionData():
            name, own = "make_regression", ["n_features", "n_informative", "noise", "bias"]
        case _:
            raise TypeError(f"no such generator: {section!r}")
    arguments |= {argument: getattr(section, argument) for argument in own}
    try:
        x, y = getattr(datasets, name)(**arguments)
    except ValueError as error:
        raise DataError(f"scikit-learn's {name} refuses these arguments of `dataset`: {error}") from error
    return Part(x, y)


def _tokens(section: TokensData, seed: int) -> Part:
    """Draws sequences of tokens; 0 is padding, and token t belongs to class (t - 1) modulo `n_classes`."""
    import numpy as np

    from nnrun.data.raw import Part

    classes, tokens = section.n_classes, section.max_tokens
    if tokens - 1 < classes:
        raise DataError(
            f"dataset.max_tokens is {tokens}: token 0 is padding, so {tokens - 1} tokens are left for "
            f"{classes} classes",
            "give each class at least one token of its own",
        )
    generator = np.random.Generator(np.random.PCG64(seed))
    y = np.arange(section.samples) % classes
    shape = (section.samples, section.sequence_length)
    # The greatest multiple below max_tokens - 1 gives every class equally many own tokens.
    own = 1 + classes * generator.integers((tokens - 1) // classes, size=shape) + y[:, np.newaxis]
    any_token = generator.integers(1, tokens, size=shape)
    x = np.where(generator.random(shape) < OWN_TOKENS, own, any_token)
    return Part(x.astype(np.int32), y)


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(count))
