"""How well scores put samples into order: ROC and precision-recall curve, and the true class among the first k.

The figures are scikit-learn's (`roc_curve`, `roc_auc_score`, `precision_recall_curve`, `average_precision_score`,
`top_k_accuracy_score`); the tests compare them. Where only one class occurs, an area is not defined and NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TOP = (2, 3, 5, 10)
"""For which k it is counted how often the true class is among the first k."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What scores of two classes are worth at every threshold, the highest first.

    Args:
        false_positive_rate: Share of the negative samples with at least that score, shape `(thresholds,)`.
        true_positive_rate: Share of the positive samples (recall), likewise; both begin with 0.
        precision: Share of the samples with at least that score that are positive, likewise; 1 for none.
        threshold: The score; the first one is infinite.
        roc_auc: Area under the true over the false positive rate: the probability that a positive sample has a
            higher score than a negative one.
        average_precision: Mean of the precisions, weighted by the growth of the recall.
    """

    false_positive_rate: Floats
    true_positive_rate: Floats
    precision: Floats
    threshold: Floats
    roc_auc: float
    average_precision: float


def ranking(truth: NDArray[Any], scores: NDArray[Any]) -> Ranking:
    """Ranks samples by their score.

    Args:
        truth: Whether each sample is positive, 0 or 1, shape `(samples,)`.
        scores: What grows with the belief that it is, shape `(samples,)`.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order].astype(np.float64)
    # Samples with equal scores are told apart by no threshold.
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    true = np.cumsum(truth[order], dtype=np.float64)[last]
    false = 1.0 + last - true
    false_rate = _from_zero(_share(false))
    true_rate = _from_zero(_share(true))
    precision = np.append(1.0, true / (true + false))
    return Ranking(
        false_positive_rate=false_rate,
        true_positive_rate=true_rate,
        precision=precision,
        threshold=np.append(np.inf, ordered[last]),
        roc_auc=float((np.diff(false_rate) * (true_rate[1:] + true_rate[:-1])).sum() / 2),
        average_precision=float(np.sum(np.diff(true_rate) * precision[1:])),
    )


def corners(curve: Ranking, limit: int) -> Ranking:
    """Returns a curve with fewer points and the same areas.

    Points on a straight line of the ROC curve are left out, then so many of the others that `limit` are left.

    Args:
        curve: The curve.
        limit: How many points it may have, at least 2.
    """
    x, y = curve.false_positive_rate, curve.true_positive_rate
    # The rates are counts divided by their sum, which rounds.
    bends = (np.abs(np.diff(x, 2)) > 1e-12) | (np.abs(np.diff(y, 2)) > 1e-12)
    kept = np.flatnonzero(np.concatenate([[True], bends, [True]])) if len(x) > 2 else np.arange(len(x))
    if len(kept) > limit:
        # Evenly along the curve, not by threshold: most scores lie close to 0 and 1.
        walked = np.cumsum(np.abs(np.diff(x[kept], prepend=0)) + np.abs(np.diff(y[kept], prepend=0)))
        wanted = np.searchsorted(walked, np.linspace(0, walked[-1], limit))
        kept = np.unique(np.concatenate([[kept[0]], kept[wanted.clip(0, len(kept) - 1)], [kept[-1]]]))
    return Ranking(
        x[kept],
        y[kept],
        curve.precision[kept],
        curve.threshold[kept],
        curve.roc_auc,
        curve.average_precision,
    )


def top_accuracies(truth: NDArray[Any], scores: NDArray[Any]) -> dict[int, float]:
    """Returns for some k how often the true class is among the k with the highest scores.

    Args:
        truth: Number of the true class of each sample, shape `(samples,)`.
        scores: One per class, shape `(samples, classes)`. Of equal scores, those of later classes come first.

    Returns:
        The shares by k, for those of `TOP` that are below the number of classes.
    """
    own = scores[np.arange(len(truth)), truth][:, np.newaxis]
    later = np.arange(scores.shape[1]) > truth[:, np.newaxis]
    before = ((scores > own) | ((scores == own) & later)).sum(axis=1)
    return {k: float(np.mean(before < k)) for k in TOP if k < scores.shape[1]}


def _share(counts: Floats) -> Floats:
    total = float(counts[-1])
    return counts / total if total else np.full(len(counts), math.nan)


def _from_zero(values: Floats) -> Floats:
    return np.append(0.0, values)
