"""How well predictions match the truth: figures for classes and for values.

The figures are scikit-learn's (`confusion_matrix`, `precision_recall_fscore_support`, `r2_score`, ...), and the
tests compare them with it exactly; computing them here saves the 0.9 s that importing it costs.

Where a ratio has no denominator, these rules hold:

- precision, recall and F1 are 0 for a class that was never predicted, or never occurs;
- a class that neither occurs nor is predicted does not count in the macro averages;
- R2 of a constant target is 1 for exact predictions and otherwise 0; of fewer than two samples it is not defined (NaN).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.int64]

QUANTILES: Mapping[str, float] = {
    "min": 0.0, "p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0,
}  # fmt: skip
"""Which quantiles of the residuals are told."""


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How well one class is recognised.

    Args:
        name: Name of the class.
        precision: Share of the samples predicted as this class that are of it.
        recall: Share of the samples of this class that are predicted as it.
        f1: Harmonic mean of precision and recall.
        support: Samples of this class.
        predicted: Samples predicted as this class.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


@dataclass(frozen=True, slots=True)
class Averages:
    """Precision, recall and F1 over all classes.

    Args:
        precision: Mean of the precisions.
        recall: Mean of the recalls.
        f1: Mean of the F1 scores.
    """

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Classification:
    """Everything that a confusion matrix tells.

    Args:
        confusion_matrix: Samples by true class (row) and predicted class (column), shape `(classes, classes)`.
        classes: One entry per class, in the order of the rows.
        accuracy: Share of the samples whose class is predicted; NaN without samples.
        macro: Averages in which every class counts the same.
        weighted: Averages in which every class counts by its support.
    """

    confusion_matrix: Matrix
    classes: tuple[ClassScores, ...]
    accuracy: float
    macro: Averages
    weighted: Averages


@dataclass(frozen=True, slots=True)
class TargetScores:
    """How far predicted values lie from the true ones.

    Args:
        name: Name of the target.
        mae: Mean absolute error, in the unit of the target.
        rmse: Square root of the mean squared error, in the unit of the target.
        r2: Coefficient of determination: 1 is exact, 0 is no better than always predicting the mean.
        bias: Mean of the residuals, which are true minus predicted values, in the unit of the target.
        residuals: Their quantiles, by the names in `QUANTILES`.
    """

    name: str
    mae: float
    rmse: float
    r2: float
    bias: float
    residuals: Mapping[str, float]


def confusion_matrix(truth: NDArray[Any], predicted: NDArray[Any], classes: int) -> Matrix:
    """Counts samples by true and predicted class.

    Args:
        truth: Number of the true class of each sample, shape `(samples,)`, each in `[0, classes)`.
        predicted: Number of the predicted class, shape `(samples,)`, each in `[0, classes)`.
        classes: How many classes there are.

    Returns:
        Counts of shape `(classes, classes)`; rows are true classes, columns predicted ones.
    """
    cells = truth.astype(np.int64) * classes + predicted.astype(np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def classification(matrix: Matrix, names: Sequence[str]) -> Classification:
    """Derives all figures from a confusion matrix.

    Args:
        matrix: Shape `(classes, classes)`; rows are true classes.
        names: Names of the classes, in the order of the rows.
    """
    correct = np.diag(matrix).astype(np.float64)
    support = matrix.sum(axis=1)
    predicted = matrix.sum(axis=0)
    precision = _ratio(correct, predicted)
    recall = _ratio(correct, support)
    # 2PR / (P + R) written in counts: one division, as in scikit-learn, so that both round alike.
    f1 = _ratio(2 * correct, support + predicted)
    occurring = (support + predicted) > 0
    return Classification(
        confusion_matrix=matrix,
        classes=tuple(
            ClassScores(name, float(p), float(r), float(f), int(s), int(n))
            for name, p, r, f, s, n in zip(names, precision, recall, f1, support, predicted, strict=True)
        ),
        accuracy=float(correct.sum() / matrix.sum()) if matrix.any() else float("nan"),
        macro=_averages(precision, recall, f1, occurring.astype(np.float64)),
        weighted=_averages(precision, recall, f1, support.astype(np.float64)),
    )


def regression(
    truth: NDArray[Any], predicted: NDArray[Any], names: Sequence[str]
) -> tuple[TargetScores, ...]:
    """Compares predicted values with the true ones, each target for itself.

    Args:
        truth: Shape `(samples, targets)`.
        predicted: Shape `(samples, targets)`.
        names: Names of the targets.
    """
    # float32 sums over many samples would lose digits.
    exact = truth.astype(np.float64)
    error = predicted.astype(np.float64) - exact
    squared = (error**2).sum(axis=0)
    spread = ((exact - exact.mean(axis=0)) ** 2).sum(axis=0)
    quantiles = np.quantile(-error, list(QUANTILES.values()), axis=0)
    return tuple(
        TargetScores(
            name=name,
            mae=float(np.abs(error[:, column]).mean()),
            rmse=float(np.sqrt(squared[column] / len(exact))),
            r2=_r2(float(squared[column]), float(spread[column]), len(exact)),
            bias=float(-error[:, column].mean()),
            residuals=dict(zip(QUANTILES, quantiles[:, column].tolist(), strict=True)),
        )
        for column, name in enumerate(names)
    )


def most_confused(matrix: Matrix, limit: int) -> list[tuple[int, int, int]]:
    """Finds the pairs of classes that are mistaken most often.

    Args:
        matrix: Shape `(classes, classes)`; rows are true classes.
        limit: How many pairs, at most.

    Returns:
        `(true class, predicted class, samples)`, most samples first; ties in the order of the classes.
    """
    mistakes = matrix.copy()
    np.fill_diagonal(mistakes, 0)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:limit]
    pairs = [(int(cell // len(matrix)), int(cell % len(matrix))) for cell in order]
    return [(row, column, int(mistakes[row, column])) for row, column in pairs if mistakes[row, column]]


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.zeros(len(part), np.float64), where=whole > 0)
    return ratio


def _averages(
    precision: NDArray[np.float64],
    recall: NDArray[np.float64],
    f1: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> Averages:
    if not weights.any():
        return Averages(0.0, 0.0, 0.0)
    return Averages(*(float(np.average(values, weights=weights)) for values in (precision, recall, f1)))


def _r2(squared: float, spread: float, samples: int) -> float:
    if samples < 2:
        return float("nan")
    if spread == 0:
        return 1.0 if squared == 0 else 0.0
    return 1.0 - squared / spread
