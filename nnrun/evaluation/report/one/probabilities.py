"""What the probabilities are worth: how they order the samples of two classes, and whether they come true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.evaluation.calibration import interval
from nnrun.evaluation.report.blocks import Section
from nnrun.evaluation.report.charts import Chart, Charts, Curve, at_y, diagonal
from nnrun.evaluation.report.material import Material, Missing
from nnrun.evaluation.report.texts import figure, number, plural

_UNIT = (0.0, 1.0)
_SMALLEST, _LARGEST = 3.0, 9.0
"""Radius of a dot that stands for few samples, and for most of them, in pixels."""


def section(material: Material) -> Section | None:
    """Returns ROC, precision-recall and calibration curve, as far as they are defined."""
    found = material.judgement
    if isinstance(found, Missing):
        return None
    record = found.record
    charts: list[Chart] = []
    summary = ""
    roc, calibration = record.get("roc"), record.get("calibration")
    if roc is not None:
        area = number(roc["auc"])
        if area is not None and np.isfinite(area):
            charts += _ranking(roc, record)
            summary = f"Positive is the class {roc['positive']}. "
    if calibration is not None and calibration["bins"]:
        charts.append(_calibration(calibration, record))
        summary += "Of samples with a probability of 80 %, 80 % should turn out so."
    return Section("probabilities", "Probabilities", [Charts(charts)], summary.strip()) if charts else None


def _ranking(roc: Mapping[str, Any], record: Mapping[str, Any]) -> list[Chart]:
    x, y, precision = (
        _array(roc[name]) for name in ("false_positive_rate", "true_positive_rate", "precision")
    )
    remarks = [f"threshold {_threshold(value)}" for value in roc["threshold"]]
    area, average = figure(number(roc["auc"]) or 0.0), figure(number(roc["average_precision"]) or 0.0)
    positives = record["classes"][1]["support"] / max(record["samples"], 1)
    return [
        Chart(
            title=f"ROC curve, area {area}",
            described=f"True over false positive rate at every threshold; the area below it is {area}.",
            x="false positive rate",
            y="true positive rate",
            curves=[Curve("true positive rate", x, y, remarks=remarks)],
            marks=[diagonal(0, 1)],
            nearest="point",
            x_range=_UNIT,
            y_range=_UNIT,
            square=True,
        ),
        Chart(
            title=f"Precision and recall, average {average}",
            described=f"Precision over recall at every threshold; the average precision is {average}.",
            x="recall",
            y="precision",
            curves=[Curve("precision", y, precision, remarks=remarks)],
            marks=[at_y(positives)],
            nearest="point",
            x_range=_UNIT,
            y_range=_UNIT,
            square=True,
        ),
    ]


def _calibration(calibration: Mapping[str, Any], record: Mapping[str, Any]) -> Chart:
    bins = calibration["bins"]
    samples = np.array([one["samples"] for one in bins], np.int64)
    stated, observed = (_array([one[name] for one in bins]) for name in ("stated", "observed"))
    low, high = interval(observed, samples)
    of = f"of {record['classes'][1]['name']}" if calibration["of"] == "positive" else "of the predicted class"
    error = figure(number(calibration["ece"]) or 0.0)
    return Chart(
        title=f"Calibration, error {error}",
        described=f"What came true over the stated probability; the expected calibration error is {error}.",
        x=f"stated probability {of}",
        y="share that came true",
        curves=[
            Curve(
                "came true",
                stated,
                observed,
                style="dots",
                remarks=[plural(int(count), "sample") for count in samples],
                low=low,
                high=high,
                sizes=_SMALLEST + (_LARGEST - _SMALLEST) * np.sqrt(samples / samples.max()),
            )
        ],
        marks=[diagonal(0, 1)],
        nearest="point",
        x_range=_UNIT,
        y_range=_UNIT,
        square=True,
    )


def _threshold(value: Any) -> str:
    known = number(value)
    return "above all scores" if known is None or not np.isfinite(known) else figure(known)


def _array(values: list[Any]) -> NDArray[np.float64]:
    return np.array([np.nan if (known := number(value)) is None else known for value in values])
