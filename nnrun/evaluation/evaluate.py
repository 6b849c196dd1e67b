"""The figures of a finished run on one of its splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnrun.data.splits import SplitName
from nnrun.errors import DataError
from nnrun.evaluation.decisions import predicted_classes, threshold_of
from nnrun.evaluation.scores import (
    Averages,
    Classification,
    TargetScores,
    classification,
    confusion_matrix,
    regression,
)
from nnrun.rundir.reading import Run
from nnrun.training.recall import Recall, recall

Weights = Literal["best", "last"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a network is worth on one split.

    Args:
        run: Id of the run.
        name: Name of the experiment.
        split: Which split.
        weights: Those of the best epoch, or of the last one.
        samples: Samples in the split.
        metrics: The compiled loss and metrics by name, as Keras computes them; `loss` first.
        classification: Figures by class; None for regression.
        regression: Figures by target; None for classification.
        data_changed: Whether the data are not those that the run was trained on.
    """

    run: str
    name: str
    split: SplitName
    weights: Weights
    samples: int
    metrics: dict[str, float]
    classification: Classification | None
    regression: tuple[TargetScores, ...] | None
    data_changed: bool

    def values(self) -> dict[str, float]:
        """Returns the figures that a requirement may name: Keras's, and those derived here that it has not."""
        values = dict(self.metrics)
        if self.classification is not None:
            macro = self.classification.macro
            values |= {"macro_precision": macro.precision, "macro_recall": macro.recall, "macro_f1": macro.f1}
            values.setdefault("accuracy", self.classification.accuracy)
        elif self.regression is not None and len(self.regression) == 1:
            (only,) = self.regression
            values = {"mae": only.mae, "rmse": only.rmse, "r2": only.r2} | values
        return values


def evaluate_run(run: Run, split: SplitName | None, weights: Weights, device: str = "auto") -> Evaluation:
    """Loads data and network of a run and computes its figures.

    Args:
        run: The run.
        split: Which split; by default the test split, else the validation split, else the training split.
        weights: Those of the best epoch, or of the last one.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.

    Raises:
        DataError: The run has no such split or weights, or its data are gone.
        ConfigError: The run's config cannot be used any more.
    """
    recalled = recall(run, split, weights, device)
    return Evaluation(
        run=run.id,
        name=run.name,
        split=recalled.split_name,
        weights=weights,
        samples=len(recalled.split),
        metrics=recalled.metrics,
        classification=_classification(recalled),
        regression=_regression(recalled),
        data_changed=recalled.data_changed,
    )


def _classification(recalled: Recall) -> Classification | None:
    names, truth = recalled.splits.class_names, recalled.split.class_index
    if names is None or truth is None:
        return None
    outputs = _outputs(recalled.predictions)
    predicted = predicted_classes(outputs, threshold_of(recalled.experiment))
    if len(predicted) and int(predicted.max()) >= len(names):
        raise DataError(
            f"the network predicts class number {int(predicted.max())}, and there are {len(names)} classes",
            "Give the last layer one unit per class.",
        )
    return classification(confusion_matrix(truth, predicted, len(names)), names)


def _regression(recalled: Recall) -> tuple[TargetScores, ...] | None:
    if recalled.splits.class_names is not None:
        return None
    truth = recalled.split.y
    predicted = _outputs(recalled.predictions)
    if predicted.shape != truth.shape:
        return None  # an output of another shape than the targets (a sequence, say) has Keras's figures only
    names = recalled.splits.preprocessing.target_names
    if names is None or len(names) != truth.shape[1]:
        names = (
            tuple(f"target {number}" for number in range(truth.shape[1]))
            if truth.shape[1] > 1
            else ("target",)
        )
    return regression(truth, predicted, names)


def _outputs(predictions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns one row of outputs per sample, also where the network gives a single number without an axis."""
    return predictions.reshape(len(predictions), -1)


def to_record(evaluation: Evaluation) -> dict[str, Any]:
    """Returns the content of `evaluation/<split>-<weights>.json`.

    Numbers that are not finite are the strings `"nan"`, `"inf"` and `"-inf"`, as JSON has none.
    """
    record: dict[str, Any] = {
        "run": evaluation.run,
        "name": evaluation.name,
        "split": evaluation.split,
        "weights": evaluation.weights,
        "samples": evaluation.samples,
        "data_changed": evaluation.data_changed,
        "metrics": {name: _number(value) for name, value in evaluation.metrics.items()},
    }
    scores = evaluation.classification
    if scores is not None:
        record |= {
            "accuracy": _number(scores.accuracy),
            "classes": [
                {
                    "name": one.name,
                    "precision": one.precision,
                    "recall": one.recall,
                    "f1": one.f1,
                    "support": one.support,
                    "predicted": one.predicted,
                }
                for one in scores.classes
            ],
            "macro": _averages(scores.macro),
            "weighted": _averages(scores.weighted),
            "confusion_matrix": scores.confusion_matrix.tolist(),
        }
    if evaluation.regression is not None:
        record["targets"] = [
            {"name": one.name, "mae": _number(one.mae), "rmse": _number(one.rmse), "r2": _number(one.r2)}
            for one in evaluation.regression
        ]
    return record


def _averages(averages: Averages) -> dict[str, float]:
    return {"precision": averages.precision, "recall": averages.recall, "f1": averages.f1}


def _number(value: float) -> float | str:
    return value if np.isfinite(value) else str(value)
