"""Data sets that are embedded in scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from nnrun.config.datasets import SklearnData
from nnrun.config.facts import DataFacts
from nnrun.data.sources.sklearn_names import FEATURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

    from nnrun.data.raw import Part, RawData
    from nnrun.data.sources.sklearn_files import read_table

    known = KNOWN[section.name]
    x, y = read_table(section.name) or _through_sklearn(section.name)
    if section.name == "digits":
        x = x.reshape(-1, 8, 8, 1).astype(np.uint8)
        return RawData(kind="images", samples=Part(x, y), class_names=known.classes, value_range=(0, 16))
    return RawData(
        kind="table", samples=Part(x, y), class_names=known.classes, feature_names=FEATURES[section.name]
    )


def _through_sklearn(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    return bunch.data, bunch.target
