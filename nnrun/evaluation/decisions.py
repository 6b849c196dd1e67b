"""From the outputs of a network to classes and probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.experiment import Experiment
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import loss_class

_SQUASHING = frozenset({"sigmoid", "hard_sigmoid", "softmax"})
_SIGNED_LABELS = frozenset({"Hinge", "SquaredHinge", "hinge", "squared_hinge"})

_NO_PROBABILITIES = frozenset({"Hinge", "SquaredHinge", "CategoricalHinge", "CosineSimilarity", "Circle"})
"""Losses that make scores of the outputs, of which only the order counts."""

# What softmax with half precision may be off.
_TOLERANCE = 0.01


def threshold_of(experiment: Experiment) -> float:
    """Returns the output of a single unit above which a sample belongs to the second class.

    It is 0.5 for a probability (a sigmoid unit, or any unit that is trained towards the labels 0 and 1) and 0
    for a logit (`from_logits: true`) and for the hinge losses, whose labels are -1 and 1.
    """
    if last_activation(experiment) in _SQUASHING:
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


def gives_probabilities(loss: KerasObject) -> bool:
    """Returns whether outputs that were trained with a loss for classes can be probabilities."""
    return loss_class(loss) not in _NO_PROBABILITIES


def probabilities_of(predictions: NDArray[Any], experiment: Experiment) -> NDArray[np.float64] | None:
    """Returns the probability of each class, or None where the outputs are none and cannot become some.

    Logits (`from_logits: true`) go through softmax, a single one through the logistic function. Other outputs
    are probabilities as they are, if they lie between 0 and 1; several that do not add up to 1 are divided by
    their sum, as Keras's cross-entropy does.

    Args:
        predictions: Outputs of the network, shape `(samples, outputs)`.
        experiment: What the network was trained with.

    Returns:
        Shape `(samples, outputs)`, and `(samples, 2)` for a single output, which belongs to the second class.
    """
    loss = experiment.compile.loss
    if not gives_probabilities(loss):
        return None
    exact = predictions.astype(np.float64)
    if loss.arguments.get("from_logits") is True and last_activation(experiment) not in _SQUASHING:
        exact = logistic(exact) if exact.shape[1] == 1 else softmax(exact)
    if exact.min(initial=0) < 0 or exact.max(initial=0) > 1:
        return None
    if exact.shape[1] == 1:
        return np.concatenate([1 - exact, exact], axis=1)
    total = exact.sum(axis=1, keepdims=True)
    if np.abs(total - 1).max(initial=0) <= _TOLERANCE:
        return exact
    return exact / total if total.min() > 0 else None


def logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the probability that each logit stands for."""
    # Written with tanh, it overflows nowhere.
    return 0.5 * (1 + np.tanh(0.5 * logits))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the probabilities that the logits of a sample stand for, shape `(samples, classes)`."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def last_activation(experiment: Experiment) -> str | None:
    """Returns the name of the activation at the end of a network, or None where it has none."""
    layer = experiment.model.layers[-1]
    activation = layer.arguments.get("activation")
    if activation is None and layer.class_name == "Softmax":
        return "softmax"
    if isinstance(activation, KerasObject):
        return activation.name
    return activation if isinstance(activation, str) else None
