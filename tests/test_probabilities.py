"""Figures of scores and probabilities, compared with scikit-learn's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nnrun.evaluation.answers import ClassAnswers
from nnrun.evaluation.calibration import brier_score, calibration, log_loss
from nnrun.evaluation.ranking import corners, ranking, top_accuracies

EXACT: dict[str, Any] = {"rel": 1e-12, "abs": 1e-12}


def binary(samples: int, ties: bool, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Returns labels of both classes, and scores that know a little about them."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, samples)
    truth[:2] = 0, 1
    scores = random.random(samples) * 0.7 + 0.3 * truth
    return truth, scores.round(1) if ties else scores


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 80), st.booleans(), st.integers(0, 10_000))
def test_curves_are_those_of_scikit_learn(samples: int, ties: bool, seed: int) -> None:
    """Points, areas and thresholds, also where scores are equal."""
    from sklearn import metrics

    truth, scores = binary(samples, ties, seed)
    ours = ranking(truth, scores)
    x, y, thresholds = metrics.roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose(ours.false_positive_rate, x, rtol=0, atol=1e-15)
    np.testing.assert_allclose(ours.true_positive_rate, y, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(ours.threshold, thresholds)
    assert ours.roc_auc == pytest.approx(metrics.roc_auc_score(truth, scores), **EXACT)
    assert ours.average_precision == pytest.approx(metrics.average_precision_score(truth, scores), **EXACT)
    precision, recall, _ = metrics.precision_recall_curve(truth, scores)
    np.testing.assert_allclose(ours.precision[::-1], [*precision[:-1], 1.0], atol=1e-15)
    np.testing.assert_allclose(ours.true_positive_rate[::-1], recall, atol=1e-15)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 80), st.booleans(), st.integers(0, 10_000))
def test_corners_are_those_of_scikit_learn(samples: int, ties: bool, seed: int) -> None:
    """What lies on a straight line is left out, and the areas stay those of the whole curve."""
    from sklearn import metrics

    truth, scores = binary(samples, ties, seed)
    whole = ranking(truth, scores)
    ours = corners(whole, 500)
    area = metrics.auc(ours.false_positive_rate, ours.true_positive_rate)
    assert area == pytest.approx(whole.roc_auc, **EXACT)
    assert ours.roc_auc == whole.roc_auc
    x, _, _ = metrics.roc_curve(truth, scores)
    assert len(ours.threshold) <= len(x) + 1


def test_a_long_curve_is_thinned_evenly() -> None:
    """A curve of thousands of corners keeps its ends and its shape."""
    from sklearn.metrics import auc

    truth, scores = binary(20_000, False, 3)
    whole = ranking(truth, scores)
    ours = corners(whole, 500)
    assert 250 <= len(ours.threshold) <= 502
    assert ours.false_positive_rate[[0, -1]].tolist() == [0, 1]
    assert ours.true_positive_rate[[0, -1]].tolist() == [0, 1]
    assert auc(ours.false_positive_rate, ours.true_positive_rate) == pytest.approx(whole.roc_auc, abs=2e-3)


def test_an_area_needs_both_classes() -> None:
    """Where only one class occurs, nothing can be ranked."""
    assert math.isnan(ranking(np.zeros(5, int), np.linspace(0, 1, 5)).roc_auc)
    assert math.isnan(ranking(np.ones(5, int), np.linspace(0, 1, 5)).roc_auc)


def rows(samples: int, classes: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Returns labels, and probabilities that add up to 1."""
    random = np.random.default_rng(seed)
    raw = random.random((samples, classes)) ** 3 + 1e-9
    return random.integers(0, classes, samples), raw / raw.sum(axis=1, keepdims=True)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(3, 12), st.booleans(), st.integers(0, 10_000))
def test_top_k_is_that_of_scikit_learn(samples: int, classes: int, ties: bool, seed: int) -> None:
    """For every k below the number of classes, also where scores are equal."""
    from sklearn.metrics import top_k_accuracy_score

    truth, scores = rows(samples, classes, seed)
    scores = scores.round(1) if ties else scores
    ours = top_accuracies(truth, scores)
    assert list(ours) == [k for k in (2, 3, 5, 10) if k < classes]
    for k, share in ours.items():
        assert share == top_k_accuracy_score(truth, scores, k=k, labels=list(range(classes)))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(2, 12), st.booleans(), st.integers(0, 10_000))
def test_losses_are_those_of_scikit_learn(samples: int, classes: int, sure: bool, seed: int) -> None:
    """Log loss and Brier score, also where a probability is exactly 0 or 1."""
    from sklearn import metrics

    truth, probabilities = rows(samples, classes, seed)
    if sure:
        probabilities = np.eye(classes)[probabilities.argmax(axis=1)]
    every = list(range(classes))
    expected = metrics.log_loss(truth, probabilities, labels=every)
    assert log_loss(truth, probabilities) == pytest.approx(expected, **EXACT)
    if classes == 2:
        expected = metrics.brier_score_loss(truth, probabilities[:, 1])
    else:  # of more classes it is in scikit-learn since version 1.7 only
        expected = ((np.eye(classes)[truth] - probabilities) ** 2).sum(axis=1).mean()
    assert brier_score(truth, probabilities) == pytest.approx(expected, **EXACT)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 80), st.booleans(), st.integers(0, 10_000))
def test_calibration_is_that_of_scikit_learn(samples: int, ties: bool, seed: int) -> None:
    """Bins, also where probabilities lie on their limits; the error is the weighted distance."""
    from sklearn.calibration import calibration_curve

    truth, probability = binary(samples, ties, seed)
    ours = calibration(probability, truth)
    observed, stated = calibration_curve(truth, probability, n_bins=10)
    used = ours.samples > 0
    np.testing.assert_allclose(ours.observed[used], observed, atol=1e-12)
    np.testing.assert_allclose(ours.stated[used], stated, atol=1e-12)
    assert ours.samples.sum() == samples
    shares = ours.samples[used] / samples
    assert ours.error == pytest.approx(float((shares * np.abs(observed - stated)).sum()), **EXACT)


def answers(truth: list[int], probabilities: list[list[float]]) -> ClassAnswers:
    """Returns answers of a network with softmax."""
    array = np.array(probabilities)
    names = tuple("abc"[: array.shape[1]])
    return ClassAnswers(names, np.array(truth), array.argmax(axis=1), array, array)


def test_the_most_confident_mistakes_come_first() -> None:
    """What is right is left out; ties keep the order of the split."""
    given = answers([0, 1, 1, 2], [[0.6, 0.4, 0], [0.9, 0.1, 0], [0, 1, 0], [0.1, 0.9, 0]])
    assert given.mistakes().tolist() == [1, 3]
    assert given.confidence is not None
    assert given.confidence.tolist() == [0.6, 0.9, 1.0, 0.9]


def test_mistakes_without_probabilities_go_by_the_score() -> None:
    """The scores of a hinge loss are no probabilities, but their size is a strength."""
    scores = np.array([[0.2], [-0.9], [0.8]])
    given = ClassAnswers(("a", "b"), np.array([0, 1, 0]), np.array([1, 0, 1]), scores, None)
    assert given.mistakes().tolist() == [1, 2, 0]
    several = np.array([[2.0, 1, 0], [0, 5, 1], [1, 0, 0]])
    given = ClassAnswers(("a", "b", "c"), np.array([1, 2, 0]), np.array([0, 1, 0]), several, None)
    assert given.mistakes().tolist() == [1, 0]
