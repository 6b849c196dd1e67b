"""The figures of a finished run on one of its splits, or on new data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nnrun.data.labelled import Origins
from nnrun.data.splits import SplitName
from nnrun.evaluation.answers import Answers, ClassAnswers, ValueAnswers, answers_of
from nnrun.evaluation.calibration import Calibration, brier_score, calibration, log_loss
from nnrun.evaluation.model_file import model_sha256
from nnrun.evaluation.ranking import Ranking, ranking, top_accuracies
from nnrun.evaluation.scores import (
    Classification,
    TargetScores,
    classification,
    confusion_matrix,
    regression,
)
from nnrun.rundir.reading import Run
from nnrun.training.recall import Recall, recall

Weights = Literal["best", "last"]

# What an accuracy of 32 bits may be off.
_ROUNDING = 1e-6

_NO_NAME = re.compile(r"[^\w.-]")
"""What cannot stand in the name of a figure that a requirement gives."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a network is worth on one split, or on new data.

    Args:
        run: Id of the run.
        name: Name of the experiment.
        split: Which split; `data` for new data.
        weights: Those of the best epoch, or of the last one.
        samples: Samples in the split.
        metrics: The compiled loss and metrics by name, as Keras computes them; `loss` first.
        classification: Figures by class; None for regression.
        ranking: ROC and precision-recall curve of the second of two classes; None for more.
        calibration: Of the probability of the second of two classes; for more of them of the predicted class,
            which comes true where the prediction is right. None without probabilities.
        probabilistic: Other figures of the probabilities, by name.
        regression: Figures by target; None for classification.
        data_changed: Whether the data are not those that the run was trained on.
        data: The file or folder of the new data; None for those of the run.
        fingerprint: That of the data.
        model_sha256: Checksum of the file of the network, which tells whether it was trained further since.
        answers: What the network said to each sample.
        origins: Where the samples come from; None where that is not known.
    """

    run: str
    name: str
    split: str
    weights: Weights
    samples: int
    metrics: dict[str, float]
    classification: Classification | None
    ranking: Ranking | None
    calibration: Calibration | None
    probabilistic: dict[str, float]
    regression: tuple[TargetScores, ...] | None
    data_changed: bool
    data: Path | None = None
    fingerprint: str = ""
    model_sha256: str = ""
    answers: Answers | None = field(default=None, repr=False, compare=False)
    origins: Origins | None = field(default=None, repr=False, compare=False)

    def figures(self) -> dict[str, float]:
        """Returns every figure that is one number, by name: Keras's metrics first, then those computed here.

        A metric of the config keeps its value where a figure has the same name; but an accuracy that is a share of
        samples is told exactly, not as the nearest 32-bit float: 0.982 is not less than 0.982.
        """
        figures: dict[str, float] = {}
        scores = self.classification
        if scores is not None:
            figures["accuracy"] = scores.accuracy
            for kind, mean in (("macro", scores.macro), ("weighted", scores.weighted)):
                figures |= {
                    f"{kind}_precision": mean.precision,
                    f"{kind}_recall": mean.recall,
                    f"{kind}_f1": mean.f1,
                }
        if self.ranking is not None:
            area = self.ranking.roc_auc
            figures |= {"auc": area, "roc_auc": area, "average_precision": self.ranking.average_precision}
        figures |= self.probabilistic
        if self.regression:
            for name in ("mae", "rmse", "r2"):
                figures[name] = float(np.mean([getattr(one, name) for one in self.regression]))
        known = dict(self.metrics)
        if "accuracy" in known and abs(known["accuracy"] - figures.get("accuracy", np.nan)) < _ROUNDING:
            known["accuracy"] = figures["accuracy"]
        return known | {name: value for name, value in figures.items() if name not in known}

    def values(self) -> dict[str, float]:
        """Returns the figures that a requirement may name: also those by class and target, as `recall/setosa`."""
        values = self.figures()
        if self.classification is not None:
            for one in self.classification.classes:
                name = _NO_NAME.sub("_", one.name)
                values |= {
                    f"precision/{name}": one.precision,
                    f"recall/{name}": one.recall,
                    f"f1/{name}": one.f1,
                }
        for target in self.regression or ():
            name = _NO_NAME.sub("_", target.name)
            values |= {f"mae/{name}": target.mae, f"rmse/{name}": target.rmse, f"r2/{name}": target.r2}
        return values


def evaluate_run(
    run: Run,
    split: SplitName | None,
    weights: Weights,
    device: str = "auto",
    data: Path | None = None,
) -> Evaluation:
    """Loads data and network of a run and computes its figures.

    Args:
        run: The run.
        split: Which split; by default the test split, else the validation split, else the training split.
        weights: Those of the best epoch, or of the last one.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
        data: New labelled data of the same kind, instead of those of the run.

    Raises:
        DataError: The run has no such split or weights, or its data are gone, or the new ones do not fit.
        ConfigError: The run's config cannot be used any more.
        UsageError: A split of new data is asked for, or the source of the run has no file.
    """
    return evaluation_of(run, recall(run, split, weights, device, data), weights)


def evaluation_of(run: Run, recalled: Recall, weights: Weights) -> Evaluation:
    """Computes the figures of what a network said.

    Args:
        run: The run.
        recalled: What its network said to a split.
        weights: Those that it had.

    Raises:
        DataError: Its answers are no finite numbers, or no classes of the data.
    """
    answers = answers_of(recalled)
    return Evaluation(
        run=run.id,
        name=run.name,
        split=recalled.split_name if recalled.data is None else "data",
        weights=weights,
        samples=len(recalled.split),
        metrics=recalled.metrics,
        **_judged(answers),
        data_changed=recalled.data_changed,
        data=recalled.data,
        fingerprint=recalled.splits.fingerprint,
        model_sha256=model_sha256(run, weights),
        answers=answers,
        origins=recalled.labelled.origins(recalled.split_name),
    )


def figures_of(answers: Answers) -> dict[str, float]:
    """Returns every figure that is one number of answers that no run gave; see `Evaluation.figures`."""
    return Evaluation(
        run="",
        name="",
        split="",
        weights="best",
        samples=len(answers.truth),
        metrics={},
        data_changed=False,
        **_judged(answers),
    ).figures()


def _judged(answers: Answers | None) -> dict[str, Any]:
    """Returns the fields of an evaluation that follow from the answers alone."""
    classes = answers if isinstance(answers, ClassAnswers) else None
    values = answers if isinstance(answers, ValueAnswers) else None
    return {
        "classification": None
        if classes is None
        else classification(
            confusion_matrix(classes.truth, classes.predicted, len(classes.names)), classes.names
        ),
        "ranking": None if classes is None else ranking_of(classes),
        "calibration": None if classes is None else calibration_of(classes),
        "probabilistic": {} if classes is None else probabilistic(classes),
        "regression": None if values is None else regression(values.truth, values.predicted, values.names),
    }


def ranking_of(answers: ClassAnswers) -> Ranking | None:
    """Returns how well the scores of two classes order the samples; None for more classes."""
    if len(answers.names) != 2:
        return None
    return ranking(answers.truth, answers.scores[:, 0])


def calibration_of(answers: ClassAnswers) -> Calibration | None:
    """Returns how far probabilities can be believed: of the second of two classes, else of the predicted class."""
    confidence = answers.confidence
    if answers.probabilities is None or confidence is None:
        return None
    if len(answers.names) == 2:
        return calibration(answers.probabilities[:, 1], answers.truth)
    return calibration(confidence, answers.predicted == answers.truth)


def probabilistic(answers: ClassAnswers) -> dict[str, float]:
    """Returns the figures of scores and probabilities that are one number, by name."""
    figures: dict[str, float] = {}
    if len(answers.names) > 2 and answers.scores.shape[1] == len(answers.names):
        for k, share in top_accuracies(answers.truth, answers.scores).items():
            figures[f"top_{k}_accuracy"] = share
    if answers.probabilities is not None:
        figures["log_loss"] = log_loss(answers.truth, answers.probabilities)
        figures["brier_score"] = brier_score(answers.truth, answers.probabilities)
    measured = calibration_of(answers)
    if measured is not None:
        figures["ece"] = measured.error
    return figures
