"""What is fitted on the training split, and repeated at predict time."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nnrun.config.datasets import SklearnData, SplitSection
from nnrun.data.loading import make_splits
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.raw import Part, RawData
from nnrun.errors import DataError


@pytest.fixture
def raw() -> RawData:
    """A number and a category; the last two samples are held out by `section`."""
    x = np.array([[1.0, 0], [3.0, 1], [100.0, 2], [200.0, 1]])
    return RawData(
        kind="table",
        samples=Part(x, np.array([0.5, 1.5, 2.5, 3.5])),
        feature_names=("size", "colour"),
        target_names=("price",),
        categories={1: ("blue", "green", "red")},
    )


@pytest.fixture
def section() -> SklearnData:
    """Trains on the first two of four samples."""
    split = SplitSection(test=2)
    return SklearnData(source="sklearn", name="iris", scale="minmax", split=split, shuffle=False)


@pytest.fixture
def fitted(raw: RawData, section: SklearnData) -> Preprocessing:
    """What the first two samples teach."""
    preprocessing = make_splits(raw, section, "values", seed=0).preprocessing
    assert preprocessing is not None
    return preprocessing


def test_nothing_is_learned_from_samples_that_are_held_out(fitted: Preprocessing) -> None:
    """The range ends at 3 although the test split goes to 200, and red is unknown."""
    assert (fitted.scaling.shift, fitted.scaling.divisor) == ((1.0,), (2.0,))
    assert fitted.categories == {1: ("blue", "green")}
    assert fitted.feature_names == ("size", "colour=blue", "colour=green")


def test_json_gives_the_same_preprocessing(fitted: Preprocessing) -> None:
    """A run directory keeps it as JSON."""
    assert Preprocessing.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted


def test_other_data_are_treated_alike(fitted: Preprocessing) -> None:
    """Categories are matched by name, whatever numbers they have in the other data."""
    x = np.array([[3.0, 0], [1.0, 1]])
    applied = fitted.apply(x, {1: ("green", "pink")})
    assert applied.dtype == np.float32
    np.testing.assert_array_equal(applied, [[1, 0, 1], [0, 0, 0]])
    assert fitted.unseen(x, {1: ("green", "pink")}) == {"colour": 1}


def test_a_run_is_evaluated_with_its_own_preprocessing(
    raw: RawData, section: SklearnData, fitted: Preprocessing
) -> None:
    """Nothing is fitted again when there is a preprocessing already."""
    other = RawData(
        kind="table",
        samples=Part(raw.samples.x * [10, 1], raw.samples.y),
        feature_names=raw.feature_names,
        categories=raw.categories,
    )
    splits = make_splits(other, section, "values", seed=0, preprocessing=fitted)
    assert splits.preprocessing is fitted
    assert splits.train.x[0, 0] == (10 - 1) / 2


def test_a_value_that_float32_cannot_hold_is_refused(raw: RawData, section: SklearnData) -> None:
    """1e300 would reach the network as infinity."""
    raw.samples.x[3, 0] = 1e300
    with pytest.raises(DataError, match="column 'size' has values that are greater"):
        make_splits(raw, section, "values", seed=0)


def test_a_table_of_categories_alone_needs_no_scaling(section: SklearnData) -> None:
    """One-hot columns stay 0 and 1."""
    categories = {0: ("a", "b")}
    samples = Part(np.array([[0.0], [1.0], [0.0], [1.0]]), np.arange(4.0))
    raw = RawData(kind="table", samples=samples, feature_names=("c",), categories=categories)
    np.testing.assert_array_equal(make_splits(raw, section, "values", seed=0).train.x, [[1, 0], [0, 1]])
