"""What is fitted on the training split, and repeated at predict time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnrun.config.datasets import SklearnData, SplitSection
from nnrun.data.empty_cells import Fill
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


@pytest.fixture
def gaps() -> RawData:
    """A number, a category and another number with empty cells; `section` trains on the first two."""
    x = np.array([[1.0, 0, np.nan], [3.0, np.nan, 5.0], [np.nan, 1, np.nan], [900.0, 1, 7.0]])
    return RawData(
        kind="table",
        samples=Part(x, np.array([0.5, 1.5, 2.5, 3.5])),
        feature_names=("size", "colour", "age"),
        categories={1: ("blue", "green")},
        fills={0: Fill("mean"), 1: Fill("most_frequent"), 2: Fill("value", 9.0)},
    )


def test_empty_cells_are_filled_by_the_training_split(gaps: RawData, section: SklearnData) -> None:
    """The mean is that of two rows although the test split has 900, and scaling comes after."""
    splits = make_splits(gaps, section, "values", seed=0)
    assert splits.preprocessing.fillers == {0: 2.0, 1: "blue", 2: 9.0}
    assert splits.preprocessing.scaling.shift == (1.0, 5.0)
    np.testing.assert_array_equal(splits.train.x, [[0, 1, 1], [1, 1, 0]])
    assert splits.test is not None
    np.testing.assert_array_equal(splits.test.x[0], [0.5, 0, 1])


def test_json_keeps_what_cells_are_filled_with(gaps: RawData, section: SklearnData) -> None:
    """To the last bit, numbers and categories."""
    gaps.samples.x[0, 0] = 0.1
    fitted = make_splits(gaps, section, "values", seed=0).preprocessing
    assert fitted.fillers[0] == (0.1 + 3) / 2
    assert Preprocessing.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted


def test_a_preprocessing_without_fillers_is_read(fitted: Preprocessing) -> None:
    """Runs of older versions have none."""
    stored = fitted.to_json()
    del stored["fillers"]
    assert Preprocessing.from_json(stored) == fitted


def test_an_empty_cell_that_nothing_fills_is_refused(fitted: Preprocessing) -> None:
    """The network would get a NaN, or a row without a category."""
    for x in ([[np.nan, 0]], [[1.0, np.nan]]):
        with pytest.raises(DataError, match="has empty cells"):
            fitted.apply(np.array(x), {1: ("blue",)})


def test_a_category_that_only_empty_cells_have_gets_a_column(gaps: RawData, section: SklearnData) -> None:
    """If the training split has such a cell."""
    named = replace(gaps, fills={**gaps.fills, 1: Fill("value", "?")})
    assert make_splits(named, section, "values", seed=0).feature_names == (
        "size",
        "colour=?",
        "colour=blue",
        "age",
    )


def test_a_filled_category_outside_the_training_split_is_counted(gaps: RawData, section: SklearnData) -> None:
    """It is 0 in all columns, like any other."""
    gaps.samples.x[:, 1] = [0, 0, np.nan, np.nan]
    splits = make_splits(replace(gaps, fills={**gaps.fills, 1: Fill("value", "?")}), section, "values", 0)
    assert "2 of 2 samples of the test split have a category in column 'colour'" in splits.notes[-1]


def test_a_column_that_is_empty_in_the_training_split_is_refused(gaps: RawData, section: SklearnData) -> None:
    """There is no mean of nothing."""
    gaps.samples.x[:2, 0] = np.nan
    with pytest.raises(DataError, match=r"column 'size' is empty in all 2 rows .* no mean"):
        make_splits(gaps, section, "values", seed=0)


def test_the_fingerprint_is_one_of_the_raw_cells(gaps: RawData, section: SklearnData) -> None:
    """It does not depend on what empty cells are filled with."""
    other = replace(gaps, fills={**gaps.fills, 0: Fill("median"), 2: Fill("value", 0.0)})
    first, second = (make_splits(raw, section, "values", seed=0) for raw in (gaps, other))
    assert first.fingerprint == second.fingerprint
    assert first.preprocessing != second.preprocessing


@pytest.mark.parametrize("method", ["mean", "median", "most_frequent"])
def test_statistics_equal_those_of_scikit_learn(section: SklearnData, method: Any) -> None:
    """Ties included."""
    from sklearn.impute import SimpleImputer

    x = np.random.default_rng(0).integers(0, 9, (50, 4)).astype(float)
    x[x == 0] = np.nan
    raw = RawData(kind="table", samples=Part(x, np.zeros(50)), fills=dict.fromkeys(range(4), Fill(method)))
    imputer = SimpleImputer(strategy=method).fit(x[:48])
    fillers = make_splits(raw, section, "values", seed=0).preprocessing.fillers
    assert list(fillers.values()) == imputer.statistics_.tolist()
