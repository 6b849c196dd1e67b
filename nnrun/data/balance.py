"""Weights of classes that balance how frequent they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_SHOWN = 10


def balanced(index: NDArray[np.int32]) -> dict[int, float]:
    """Returns weights that make all classes count the same, by class number.

    They are those of scikit-learn's `compute_class_weight("balanced")`: samples / (classes * samples of the class).

    Args:
        index: The class of each training sample, shape `(samples,)`.
    """
    classes, counts = np.unique(index, return_counts=True)
    weights = len(index) / (len(classes) * counts)
    return dict(zip(classes.tolist(), weights.tolist(), strict=True))


def weights_note(weights: Mapping[int, float], names: Sequence[str]) -> str:
    """Returns a sentence that says how much each class counts."""
    shown = [f"{names[number]} {weight:.4g}" for number, weight in list(weights.items())[:_SHOWN]]
    more = f", and {len(weights) - _SHOWN} more" if len(weights) > _SHOWN else ""
    return f"class weights, as fit.class_weight is auto: {', '.join(shown)}{more}"
