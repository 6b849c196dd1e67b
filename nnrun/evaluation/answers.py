"""What a network answers to the samples of a split, beside the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.errors import DataError
from nnrun.evaluation.decisions import predicted_classes, probabilities_of, threshold_of
from nnrun.training.recall import Recall


@dataclass(frozen=True, slots=True, eq=False)
class ClassAnswers:
    """Answers of a network that tells classes apart.

    Args:
        names: Names of the classes, in the order of their numbers.
        truth: Number of the true class of each sample, shape `(samples,)`.
        predicted: Number of the predicted class, shape `(samples,)`.
        scores: What grows with the belief in a class, shape `(samples, classes)`; for two classes
            `(samples, 1)`, for the second one.
        probabilities: Of each class, shape `(samples, classes)`; None where the loss makes none of the outputs.
    """

    names: tuple[str, ...]
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None

    @property
    def confidence(self) -> NDArray[np.float64] | None:
        """Probability of the predicted class of each sample, shape `(samples,)`."""
        if self.probabilities is None:
            return None
        confidence: NDArray[np.float64] = self.probabilities[np.arange(len(self.predicted)), self.predicted]
        return confidence

    def mistakes(self) -> NDArray[np.int64]:
        """Returns the positions of the samples that are predicted wrongly, the most confident mistakes first.

        Where there are no probabilities, the distance of the score from that of the true class decides, or for
        two classes its size.
        """
        wrong = np.flatnonzero(self.truth != self.predicted)
        confidence = self.confidence
        if confidence is not None:
            strength = confidence[wrong]
        elif self.scores.shape[1] == 1:
            strength = np.abs(self.scores[wrong, 0])
        else:
            own = self.scores[wrong, self.truth[wrong]]
            strength = self.scores[wrong, self.predicted[wrong]] - own
        return wrong[np.argsort(-strength, kind="stable")]


@dataclass(frozen=True, slots=True, eq=False)
class ValueAnswers:
    """Answers of a network that predicts numbers.

    Args:
        names: Names of the targets.
        truth: True values, shape `(samples, targets)`.
        predicted: Predicted ones, shape `(samples, targets)`.
    """

    names: tuple[str, ...]
    truth: NDArray[np.float64]
    predicted: NDArray[np.float64]


Answers = ClassAnswers | ValueAnswers


def answers_of(recalled: Recall) -> Answers | None:
    """Returns the answers of a network, or None where its outputs have another form than the targets.

    Raises:
        DataError: An output is not finite, or there are more outputs than classes and one of them won.
    """
    # One row of outputs per sample, also where the network gives a single number without an axis.
    outputs = recalled.predictions.reshape(len(recalled.predictions), -1)
    _check_finite(outputs)
    names, truth = recalled.splits.class_names, recalled.split.class_index
    if names is None or truth is None:
        return _values(recalled, outputs)
    experiment = recalled.experiment
    predicted = predicted_classes(outputs, threshold_of(experiment))
    if len(predicted) and int(predicted.max()) >= len(names):
        raise DataError(
            f"the network predicts class number {int(predicted.max())}, and there are {len(names)} classes",
            "Give the last layer one unit per class.",
        )
    probabilities = probabilities_of(outputs, experiment)
    scores = outputs.astype(np.float64)
    if len(names) == 2 and scores.shape[1] > 1:
        scores = scores[:, 1:2] - scores[:, 0:1] if probabilities is None else probabilities[:, 1:2]
    return ClassAnswers(
        names,
        truth.astype(np.int64),
        predicted,
        scores[:, : len(names)],
        None if probabilities is None else probabilities[:, : len(names)],
    )


def _values(recalled: Recall, outputs: NDArray[Any]) -> ValueAnswers | None:
    truth = np.asarray(recalled.split.y)
    if outputs.shape != truth.shape:
        return None  # an output of another shape than the targets (a sequence, say) has Keras's figures only
    names = recalled.splits.preprocessing.target_names
    if names is None or len(names) != truth.shape[1]:
        several = tuple(f"target {number}" for number in range(truth.shape[1]))
        names = several if len(several) > 1 else ("target",)
    # float32 sums over many samples would lose digits.
    return ValueAnswers(names, truth.astype(np.float64), outputs.astype(np.float64))


def _check_finite(outputs: NDArray[Any]) -> None:
    wrong = int((~np.isfinite(outputs)).any(axis=1).sum())
    if wrong:
        raise DataError(
            f"the outputs of the network are no finite numbers for {wrong:,} of {len(outputs):,} samples",
            "Its weights have diverged; try those of another epoch with --weights.",
        )
