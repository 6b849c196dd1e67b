"""Whether probabilities mean what they say.

The figures are scikit-learn's (`calibration_curve`, `brier_score_loss`, `log_loss`); the tests compare them. The
expected calibration error is that of Guo et al., "On Calibration of Modern Neural Networks" (2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 10


@dataclass(frozen=True, slots=True)
class Calibration:
    """Stated probabilities beside the shares that came true, in bins of equal width.

    Args:
        edges: Limits of the bins, from 0 to 1, shape `(bins + 1,)`; a probability on a limit lies below it.
        samples: Samples in each bin, shape `(bins,)`.
        stated: Their mean probability; NaN in an empty bin.
        observed: The share of them for which it came true; NaN in an empty bin.
        error: Expected calibration error: the mean distance between the two, weighted by the samples.
    """

    edges: Floats
    samples: NDArray[np.int64]
    stated: Floats
    observed: Floats
    error: float


def calibration(probability: NDArray[Any], came_true: NDArray[Any], bins: int = BINS) -> Calibration:
    """Compares probabilities with what came true.

    Args:
        probability: Of each sample, shape `(samples,)`, from 0 to 1.
        came_true: 0 or 1, shape `(samples,)`.
        bins: Into how many bins of equal width they are put.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.searchsorted(edges[1:-1], probability)
    samples = np.bincount(place, minlength=bins).astype(np.int64)
    stated, observed = (
        np.divide(
            np.bincount(place, weights=values, minlength=bins),
            samples,
            out=np.full(bins, np.nan),
            where=samples > 0,
        )
        for values in (probability, came_true)
    )
    distance = np.abs(stated - observed)[samples > 0]
    error = float(np.average(distance, weights=samples[samples > 0]))
    return Calibration(edges, samples, stated, observed, error)


def log_loss(truth: NDArray[Any], probabilities: NDArray[Any]) -> float:
    """Returns the mean of the negative logarithm of the probability of the true class.

    Args:
        truth: Number of the true class of each sample, shape `(samples,)`.
        probabilities: One per class, shape `(samples, classes)`, float64.
    """
    own = probabilities[np.arange(len(truth)), truth]
    tiny = np.finfo(np.float64).eps
    return float(-np.log(np.clip(own, tiny, 1 - tiny)).mean())


def brier_score(truth: NDArray[Any], probabilities: NDArray[Any]) -> float:
    """Returns the mean squared distance of the probabilities from 1 for the true class and 0 for the others.

    For two classes it is half of that: the mean squared error of one of the two probabilities.

    Args:
        truth: Number of the true class of each sample, shape `(samples,)`.
        probabilities: One per class, shape `(samples, classes)`, float64.
    """
    own = probabilities[np.arange(len(truth)), truth]
    squared = (probabilities**2).sum(axis=1) - own**2 + (1 - own) ** 2
    return float(squared.mean() / (2 if probabilities.shape[1] == 2 else 1))


def interval(
    shares: NDArray[np.float64], samples: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns between which limits the true shares lie with 95 % (Wilson's score interval).

    Args:
        shares: What was observed, shape `(bins,)`.
        samples: Of how many samples, shape `(bins,)`, all above 0.
    """
    z = 1.96
    middle = (shares + z**2 / (2 * samples)) / (1 + z**2 / samples)
    half = z / (1 + z**2 / samples) * np.sqrt(shares * (1 - shares) / samples + z**2 / (4 * samples**2))
    # At 0 and 1 one limit is the share itself, but for rounding.
    return np.clip(middle - half, 0, shares), np.clip(middle + half, shares, 1)
