"""How much a network believes in each class: probabilities where its loss makes the outputs such, else scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnrun.config.experiment import Experiment
from nnrun.evaluation.decisions import gives_probabilities, last_activation, logistic, softmax

_SHARES = frozenset({"softmax"})
_SINGLE = frozenset({"sigmoid", "hard_sigmoid"})

_TINY = np.finfo(np.float64).tiny

Form = Literal["probabilities", "independent", "logits", "scores"]
"""`probabilities`: those of the classes, or that of the second of two. `independent`: several that need not add up to
1, which Keras's cross-entropies divide by their sum. `logits`: before softmax, or before the logistic function."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What the outputs of a network mean.

    Args:
        form: How they become probabilities.
    """

    form: Form

    @property
    def word(self) -> str:
        """What one is called."""
        return "score" if self.form == "scores" else "probability"

    @property
    def plural(self) -> str:
        """What several are called."""
        return "scores" if self.form == "scores" else "probabilities"

    def apply(self, outputs: NDArray[Any]) -> NDArray[np.float32]:
        """Returns the belief in each class.

        Args:
            outputs: Outputs of the network, shape `(samples, outputs)`; a single one is about the second of
                two classes.

        Returns:
            Shape `(samples, classes)`; the outputs themselves, to the last bit, where they are probabilities.
        """
        exact = outputs.astype(np.float64)
        if outputs.shape[1] == 1:
            if self.form == "scores":
                return np.concatenate([-outputs, outputs], axis=1).astype(np.float32)
            second = logistic(exact) if self.form == "logits" else exact
            return np.concatenate([1 - second, second], axis=1).astype(np.float32)
        if self.form == "logits":
            return softmax(exact).astype(np.float32)
        if self.form == "independent":
            shares: NDArray[np.float64] = exact / np.maximum(exact.sum(axis=1, keepdims=True), _TINY)
            return shares.astype(np.float32)
        return outputs.astype(np.float32, copy=False)


def belief_of(experiment: Experiment) -> Belief:
    """Returns what the outputs of a network for classes mean, by its loss and its last activation."""
    loss = experiment.compile.loss
    activation = last_activation(experiment)
    if not gives_probabilities(loss):
        return Belief("scores")
    if activation in _SHARES:
        return Belief("probabilities")
    if activation in _SINGLE:
        units = experiment.model.layers[-1].arguments.get("units")
        return Belief("probabilities" if units == 1 else "independent")
    return Belief("logits" if loss.arguments.get("from_logits") is True else "scores")
