"""How much each class counts in the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nnrun.config.load import LoadedConfig
from nnrun.data.splits import Splits
from nnrun.training.building import refused

_SHOWN = 10


def class_weights(loaded: LoadedConfig, splits: Splits) -> dict[int, float] | None:
    """Returns the weights that `fit.class_weight` gives, by class number; the config may write names.

    Args:
        loaded: The config.
        splits: The data.

    Raises:
        ConfigError: It names a class that the data do not have.
    """
    given = loaded.experiment.fit.class_weight
    if given is None:
        return None
    if given == "auto":
        index = splits.train.class_index
        return None if index is None else balanced(index)
    names = splits.class_names or ()
    weights: dict[int, float] = {}
    for key, weight in given.items():
        if key in names:
            weights[names.index(key)] = weight
        elif key.isdigit() and int(key) < len(names):
            weights[int(key)] = weight
        else:
            raise refused(
                loaded,
                ("fit", "class_weight", key),
                f"there is no class '{key}'.",
                f"The classes are {', '.join(names[:20])}." if names else "The target is no class.",
            )
    return weights


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
