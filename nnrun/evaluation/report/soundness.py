"""Whether the record of an evaluation has everything that the page shows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnrun.evaluation.report.texts import number
from nnrun.evaluation.scores import QUANTILES

_CURVE = ("false_positive_rate", "true_positive_rate", "precision", "threshold")


def is_sound(record: Mapping[str, Any]) -> bool:
    """Tells whether a record is one as `nnrun.evaluation.record` writes it.

    Raises:
        KeyError: It is not.
        TypeError: Likewise.
        ValueError: Likewise.
        AttributeError: Likewise.
    """
    found = isinstance(record["samples"], int) and isinstance(record["data_changed"], bool)
    found &= record["split"] in ("train", "validation", "test") and record["weights"] in ("best", "last")
    found &= _are_numbers(record["figures"].values()) and _are_numbers(record["metrics"].values())
    if "classes" in record:
        found &= _classes(record)
    if "roc" in record:
        found &= _roc(record)
    if "calibration" in record:
        parts = ("samples", "stated", "observed")
        bins = record["calibration"]["bins"]
        found &= record["calibration"]["of"] == "predicted" or len(record["classes"]) == 2
        found &= _are_numbers([record["calibration"]["ece"], *(one[part] for one in bins for part in parts)])
        found &= all(isinstance(one["samples"], int) and one["samples"] > 0 for one in bins)
    if "targets" in record:
        parts = ("mae", "rmse", "r2")
        found &= len(record["targets"]) > 0
        found &= _are_numbers(one[part] for one in record["targets"] for part in parts)
        found &= _are_numbers(
            one["residuals"][part] for one in record["targets"] for part in ("mean", *QUANTILES)
        )
        found &= all(isinstance(one["name"], str) for one in record["targets"])
    return bool(found)


def _classes(record: Mapping[str, Any]) -> bool:
    kinds = ("precision", "recall", "f1")
    classes = record["classes"]
    matrix = np.array(record["confusion_matrix"], np.int64)
    found = len(classes) > 0 and matrix.shape == (len(classes), len(classes)) and bool((matrix >= 0).all())
    found &= _are_numbers(one[kind] for one in classes for kind in kinds)
    found &= _are_numbers(record[mean][kind] for mean in ("macro", "weighted") for kind in kinds)
    found &= all(isinstance(one["name"], str) for one in classes)
    return found and all(isinstance(one[kind], int) for one in classes for kind in ("support", "predicted"))


def _roc(record: Mapping[str, Any]) -> bool:
    roc = record["roc"]
    lists = [roc[name] for name in _CURVE]
    found = len({len(values) for values in lists}) == 1 and len(record["classes"]) == 2
    found &= _are_numbers(
        [roc["auc"], roc["average_precision"], *(value for values in lists for value in values)]
    )
    return found and isinstance(roc["positive"], str)


def _are_numbers(values: Any) -> bool:
    found: Sequence[Any] = list(values)
    return all(number(value) is not None for value in found)
