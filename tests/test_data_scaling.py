"""Scaling, against scikit-learn."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from nnrun.data.scaling import Scaling, fit_scaling
from nnrun.errors import DataError


@pytest.fixture
def table() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Columns of very different size, one of them constant."""
    generator = np.random.Generator(np.random.PCG64(0))
    return generator.normal(size=(50, 4)) * [1, 1e-6, 1e6, 0] + [0, 5, -1e3, 0.1]


def test_standard_equals_scikit_learn(table: Any) -> None:
    """Mean and deviation per column, a constant column becoming 0."""
    scaled = fit_scaling("standard", table, None).apply(table)
    np.testing.assert_allclose(scaled, StandardScaler().fit_transform(table), rtol=1e-6, atol=1e-6)


def test_minmax_equals_scikit_learn(table: Any) -> None:
    """Lowest and highest per column, a constant column becoming 0."""
    scaled = fit_scaling("minmax", table, None).apply(table)
    np.testing.assert_allclose(scaled, MinMaxScaler().fit_transform(table), rtol=1e-6, atol=1e-6)


def test_a_range_without_a_known_one_equals_scikit_learn(table: Any) -> None:
    """`[-2, 3]` of a table comes from its extremes."""
    scaled = fit_scaling([-2.0, 3.0], table, None).apply(table)
    expected = MinMaxScaler(feature_range=(-2, 3)).fit_transform(table)
    np.testing.assert_allclose(scaled, expected, rtol=1e-6, atol=1e-6)


def test_unit_pixels_equal_the_usual_script() -> None:
    """Every pixel value becomes what `x.astype("float32") / 255` gives, to the last bit."""
    x = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    scaled = fit_scaling("unit", x, (0, 255)).apply(x)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, x.astype("float32") / 255)


def test_a_range_of_pixels_comes_from_the_known_range() -> None:
    """`[-0.5, 0.5]` maps 0 and 255 to the ends, whatever values the training split has."""
    x = np.array([10, 20], dtype=np.uint8).reshape(1, 2, 1, 1)
    scaling = fit_scaling([-0.5, 0.5], x, (0, 255))
    ends = scaling.apply(np.array([0, 255], dtype=np.uint8).reshape(1, 2, 1, 1))
    np.testing.assert_array_equal(ends.reshape(-1), np.array([-0.5, 0.5], dtype=np.float32))


def test_grey_images_share_one_mean_and_deviation() -> None:
    """All pixels of a grey image are one feature."""
    x = np.random.Generator(np.random.PCG64(0)).integers(0, 256, (20, 4, 4, 1)).astype(np.uint8)
    scaled = fit_scaling("standard", x, (0, 255)).apply(x)
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    assert scaled.std() == pytest.approx(1, abs=1e-6)


def test_colour_images_have_one_mean_and_deviation_per_channel() -> None:
    """Red, green and blue are three features; bytes and floats give the same."""
    x = np.random.Generator(np.random.PCG64(0)).integers(0, 256, (20, 4, 4, 3)).astype(np.uint8)
    x[..., 2] //= 4
    scaling = fit_scaling("standard", x, (0, 255))
    np.testing.assert_allclose(scaling.apply(x).mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(scaling.apply(x).std(axis=(0, 1, 2)), 1, atol=1e-5)
    of_floats = fit_scaling("standard", x.astype(np.float64), (0, 255))
    np.testing.assert_allclose(scaling.divisor, of_floats.divisor, rtol=1e-12)


def test_unit_without_a_known_range_is_refused(table: Any) -> None:
    """Nobody knows the range of a table beforehand."""
    with pytest.raises(DataError, match="range of these values is not known") as caught:
        fit_scaling("unit", table, None)
    assert "minmax" in caught.value.advice


def test_the_input_is_left_as_it_is(table: Any) -> None:
    """Applying a scaling changes no array in place."""
    before = table.copy()
    fit_scaling("standard", table, None).apply(table)
    np.testing.assert_array_equal(table, before)


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(shift=st.lists(numbers, min_size=1), factor=numbers, offset=numbers)
def test_json_gives_the_same_scaling(shift: list[float], factor: float, offset: float) -> None:
    """No digit is lost on the way through a file."""
    scaling = Scaling("standard", tuple(shift), tuple(shift), factor, offset)
    assert Scaling.from_json(json.loads(json.dumps(scaling.to_json()))) == scaling
