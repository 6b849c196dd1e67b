"""An evaluation as JSON: complete enough for a program to decide by it, and to draw its curves again."""

from __future__ import annotations

from typing import Any

from nnrun.evaluation.calibration import Calibration
from nnrun.evaluation.evaluate import Evaluation
from nnrun.evaluation.ranking import Ranking, corners
from nnrun.evaluation.scores import Averages, Classification, TargetScores
from nnrun.events import plain

FORMAT = 1
"""Version of the layout; it grows when a reader has to know."""

CURVE_POINTS = 500
"""Of a curve with more corners, so many are kept; its areas are those of all of them."""


def to_record(evaluation: Evaluation) -> dict[str, Any]:
    """Returns the content of `evaluation/<split>-<weights>.json`.

    Numbers that are not finite are the strings `"nan"`, `"inf"` and `"-inf"`, as JSON has none.
    """
    record: dict[str, Any] = {
        "format": FORMAT,
        "run": evaluation.run,
        "name": evaluation.name,
        "split": evaluation.split,
        "data": None if evaluation.data is None else str(evaluation.data.absolute()),
        "weights": evaluation.weights,
        "model_sha256": evaluation.model_sha256,
        "samples": evaluation.samples,
        "data_changed": evaluation.data_changed,
        "fingerprint": evaluation.fingerprint,
        "figures": evaluation.figures(),
        "metrics": evaluation.metrics,
    }
    if evaluation.classification is not None:
        record |= _classes(evaluation.classification)
    if evaluation.ranking is not None and evaluation.classification is not None:
        record["roc"] = _curve(evaluation.ranking, evaluation.classification.classes[1].name)
    if evaluation.calibration is not None:
        record["calibration"] = _calibration(evaluation.calibration, binary=evaluation.ranking is not None)
    if evaluation.regression is not None:
        record["targets"] = [_target(one) for one in evaluation.regression]
    finite: dict[str, Any] = plain(record)
    return finite


def _classes(scores: Classification) -> dict[str, Any]:
    return {
        "accuracy": scores.accuracy,
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


def _averages(averages: Averages) -> dict[str, float]:
    return {"precision": averages.precision, "recall": averages.recall, "f1": averages.f1}


def _curve(curve: Ranking, positive: str) -> dict[str, Any]:
    shown = corners(curve, CURVE_POINTS)
    return {
        "positive": positive,
        "auc": curve.roc_auc,
        "average_precision": curve.average_precision,
        "false_positive_rate": shown.false_positive_rate.tolist(),
        "true_positive_rate": shown.true_positive_rate.tolist(),
        "precision": shown.precision.tolist(),
        "threshold": shown.threshold.tolist(),
    }


def _calibration(measured: Calibration, *, binary: bool) -> dict[str, Any]:
    return {
        "of": "positive" if binary else "predicted",
        "ece": measured.error,
        "bins": [
            {
                "low": float(measured.edges[number]),
                "high": float(measured.edges[number + 1]),
                "samples": int(samples),
                "stated": float(measured.stated[number]),
                "observed": float(measured.observed[number]),
            }
            for number, samples in enumerate(measured.samples)
            if samples
        ],
    }


def _target(one: TargetScores) -> dict[str, Any]:
    return {
        "name": one.name,
        "mae": one.mae,
        "rmse": one.rmse,
        "r2": one.r2,
        "residuals": {"mean": one.bias, **one.residuals},
    }
