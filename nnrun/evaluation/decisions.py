"""From the outputs of a network to classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.experiment import Experiment
from nnrun.config.keras_object import KerasObject

_SQUASHING = frozenset({"sigmoid", "hard_sigmoid", "softmax"})
_SIGNED_LABELS = frozenset({"Hinge", "SquaredHinge", "hinge", "squared_hinge"})


def threshold_of(experiment: Experiment) -> float:
    """Returns the output of a single unit above which a sample belongs to the second class.

    It is 0.5 for a probability (a sigmoid unit, or any unit that is trained towards the labels 0 and 1) and 0
    for a logit (`from_logits: true`) and for the hinge losses, whose labels are -1 and 1.
    """
    if _last_activation(experiment) in _SQUASHING:
        # Even with `from_logits: true`: what `predict` returns is behind the sigmoid.
        return 0.5
    loss = experiment.compile.loss
    if loss.arguments.get("from_logits") is True or loss.name in _SIGNED_LABELS:
        return 0.0
    return 0.5


def predicted_classes(predictions: NDArray[Any], threshold: float) -> NDArray[np.int64]:
    """Decides for one class per sample.

    Args:
        predictions: Outputs of the network, shape `(samples, outputs)`. Several outputs are one per class and the
            greatest decides; a single one is compared with the threshold.
        threshold: See `threshold_of`.

    Returns:
        Class numbers, shape `(samples,)`.
    """
    if predictions.shape[1] == 1:
        above: NDArray[np.int64] = (predictions[:, 0] > threshold).astype(np.int64)
        return above
    greatest: NDArray[np.int64] = np.argmax(predictions, axis=1).astype(np.int64)
    return greatest


def _last_activation(experiment: Experiment) -> str | None:
    layer = experiment.model.layers[-1]
    activation = layer.arguments.get("activation")
    if activation is None and layer.class_name == "Softmax":
        return "softmax"
    if isinstance(activation, KerasObject):
        return activation.name
    return activation if isinstance(activation, str) else None
