"""Figures by class and by target, compared with scikit-learn's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.evaluation.scores import classification, confusion_matrix, most_confused, regression


def labels(classes: int, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns true and predicted classes, half of them equal."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, samples)
    predicted = np.where(random.random(samples) < 0.5, truth, random.integers(0, classes, samples))
    return truth, predicted


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 7), st.integers(1, 60), st.integers(0, 10_000))
def test_figures_by_class_are_those_of_scikit_learn(classes: int, samples: int, seed: int) -> None:
    """Also where a class does not occur, or is never predicted."""
    from sklearn import metrics

    truth, predicted = labels(classes, samples, seed)
    matrix = confusion_matrix(truth, predicted, classes)
    every = list(range(classes))
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(truth, predicted, labels=every))
    ours = classification(matrix, [str(number) for number in every])
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, predicted, labels=every, zero_division=0
    )
    assert [one.precision for one in ours.classes] == precision.tolist()
    assert [one.recall for one in ours.classes] == recall.tolist()
    assert [one.f1 for one in ours.classes] == pytest.approx(f1.tolist(), abs=1e-15)
    assert [one.support for one in ours.classes] == support.tolist()
    assert ours.accuracy == metrics.accuracy_score(truth, predicted)
    for average, received in (("macro", ours.macro), ("weighted", ours.weighted)):
        expected = metrics.precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
        figures = (received.precision, received.recall, received.f1)
        assert figures == pytest.approx(expected[:3], abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 50), st.integers(1, 3), st.integers(0, 10_000))
def test_figures_by_target_are_those_of_scikit_learn(samples: int, targets: int, seed: int) -> None:
    """Errors and R2 of each target."""
    from sklearn import metrics

    random = np.random.default_rng(seed)
    truth = random.normal(10, 5, (samples, targets)).astype(np.float32)
    predicted = (truth + random.normal(0, 2, truth.shape)).astype(np.float32)
    exact, guess = truth.astype(np.float64), predicted.astype(np.float64)
    for column, one in enumerate(regression(truth, predicted, [str(number) for number in range(targets)])):
        assert one.mae == pytest.approx(metrics.mean_absolute_error(exact[:, column], guess[:, column]))
        assert one.rmse == pytest.approx(metrics.root_mean_squared_error(exact[:, column], guess[:, column]))
        assert one.r2 == pytest.approx(metrics.r2_score(exact[:, column], guess[:, column]))


@pytest.mark.parametrize(("truth", "predicted", "expected"), [([2, 2], [2, 2], 1.0), ([2, 2], [2, 3], 0.0)])
def test_r2_of_a_constant_target(truth: list[float], predicted: list[float], expected: float) -> None:
    """It is defined as in scikit-learn."""
    (one,) = regression(np.array(truth)[:, None], np.array(predicted)[:, None], ["y"])
    assert one.r2 == expected


def test_r2_of_one_sample_is_not_defined() -> None:
    """One sample has no spread."""
    (one,) = regression(np.array([[1.0]]), np.array([[2.0]]), ["y"])
    assert math.isnan(one.r2)


def test_most_confused_pairs_come_first() -> None:
    """The diagonal does not count, and neither do pairs that never happened."""
    matrix: Any = np.array([[9, 1, 0], [4, 8, 0], [0, 2, 7]])
    assert most_confused(matrix, 5) == [(1, 0, 4), (2, 1, 2), (0, 1, 1)]
    assert most_confused(matrix, 1) == [(1, 0, 4)]
