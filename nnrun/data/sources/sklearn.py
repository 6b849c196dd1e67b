"""Data sets that are embedded in scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from nnrun.config.datasets import SklearnData
from nnrun.config.facts import DataFacts

if TYPE_CHECKING:
    from nnrun.data.raw import RawData


class _Known(NamedTuple):
    samples: int
    shape: tuple[int, ...]
    classes: tuple[str, ...] | None


KNOWN: dict[Literal["iris", "wine", "digits", "breast_cancer", "diabetes"], _Known] = {
    "iris": _Known(150, (4,), ("setosa", "versicolor", "virginica")),
    "wine": _Known(178, (13,), ("class_0", "class_1", "class_2")),
    "digits": _Known(1797, (8, 8, 1), tuple("0123456789")),
    "breast_cancer": _Known(569, (30,), ("malignant", "benign")),
    "diabetes": _Known(442, (10,), None),
}
"""What scikit-learn's documentation says about each set; a test compares it with the data."""


def facts(section: SklearnData) -> DataFacts:
    """Returns the known facts of the set."""
    known = KNOWN[section.name]
    return DataFacts(
        shape=known.shape,
        train_samples=known.samples,
        classes=None if known.classes is None else len(known.classes),
        class_names=known.classes,
        target="values" if known.classes is None else None,
    )


def load(section: SklearnData, seed: int) -> RawData:  # noqa: ARG001 - all sources are called alike
    """Loads the set; digits as images of shape `(8, 8, 1)` with values from 0 to 16."""
    import numpy as np
    from sklearn import datasets

    from nnrun.data.raw import Part, RawData

    bunch = getattr(datasets, f"load_{section.name}")()
    if section.name == "digits":
        return RawData(
            kind="images",
            samples=Part(bunch.images.astype(np.uint8)[..., np.newaxis], bunch.target),
            class_names=tuple(str(name) for name in bunch.target_names),
            value_range=(0, 16),
        )
    classes = KNOWN[section.name].classes
    return RawData(
        kind="table",
        samples=Part(bunch.data, bunch.target),
        class_names=None if classes is None else tuple(str(name) for name in bunch.target_names),
        feature_names=tuple(str(name) for name in bunch.feature_names),
    )
