"""What the cross-checks say about metrics and callbacks is what Keras does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnrun.catalog.reading import catalog
from nnrun.config.cross_checks.metrics import metrics_fit_labels
from nnrun.config.cross_checks.watching import automatic_mode_is_known
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.load import load_experiment
from nnrun.config.metric_names import train_names
from tests.configs import write_iris

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

NEEDED: dict[str, str] = {
    "IoU": "{num_classes: 3, target_class_ids: [0]}",
    "MeanIoU": "{num_classes: 3}",
    "OneHotIoU": "{num_classes: 3, target_class_ids: [0]}",
    "OneHotMeanIoU": "{num_classes: 3}",
    "PrecisionAtRecall": "{recall: 0.5}",
    "RecallAtPrecision": "{precision: 0.5}",
    "SensitivityAtSpecificity": "{specificity: 0.5}",
    "SpecificityAtSensitivity": "{sensitivity: 0.5}",
}
"""What these metrics do not work without."""

MISLEADING = frozenset({
    "CategoricalAccuracy", "CategoricalCrossentropy", "CategoricalHinge", "IoU", "MeanIoU", "OneHotIoU",
    "OneHotMeanIoU", "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "TopKCategoricalAccuracy",
})  # fmt: skip
"""Metrics that are computed from labels of any form, but of some have nothing to do with the question."""

ENDS = {
    "categorical_crossentropy": (3, "softmax"),
    "sparse_categorical_crossentropy": (3, "softmax"),
    "binary_crossentropy": (1, "sigmoid"),
    "mean_squared_error": (1, "linear"),
}
"""Units and activation of the last layer for a loss of each form of labels."""


def metrics() -> list[str]:
    """Returns every metric that a config may use, as a config writes it."""
    usable = [
        name
        for name, info in catalog().classes("metric").items()
        if (not info.refused and not info.abstract and not set(info.required) - {"fn", "normalizer"})
        or name in NEEDED
    ]
    return [f"{name}: {NEEDED[name]}" if name in NEEDED else name for name in usable] + ["accuracy", "acc"]


def trains(metric: KerasObject, loss: str) -> tuple[bool, Any]:
    """Returns whether one step with a metric succeeds, and the metric's own direction."""
    import keras
    import numpy as np
    import tensorflow as tf

    units, activation = ENDS[loss]
    numbers = np.arange(12) % 3
    labels = {
        "categorical_crossentropy": np.eye(3, dtype="float32")[numbers],
        "sparse_categorical_crossentropy": numbers.astype("int32"),
        "binary_crossentropy": (numbers % 2).astype("float32").reshape(-1, 1),
        "mean_squared_error": np.linspace(-1, 1, 12, dtype="float32").reshape(-1, 1),
    }[loss]
    made: Any = metric.name
    if metric.class_name is not None:
        made = getattr(keras.metrics, metric.class_name)(**metric.keyword_arguments())
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, activation=activation)])
    model.compile("sgd", loss, metrics=[made], run_eagerly=True)
    samples = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
    try:
        model.train_on_batch(samples, labels)
    except (ValueError, TypeError, tf.errors.OpError):
        return False, None
    return True, getattr(model.metrics[1].metrics[0], "_direction", None)


def loaded(folder: Path, metric: str, loss: str, *overrides: str) -> Experiment:
    """Returns an experiment with one metric."""
    written = f"[{{{metric}}}]" if ":" in metric else f"[{metric}]"
    path = write_iris(folder, ("[accuracy]", written), ("categorical_crossentropy", loss))
    return load_experiment(path, overrides).experiment


@pytest.mark.filterwarnings("ignore:In loss categorical_crossentropy")
@pytest.mark.parametrize("loss", ENDS)
def test_a_metric_is_an_error_where_keras_fails_or_misleads(tmp_path: Path, loss: str) -> None:
    """For each form of labels: the check refuses the metrics with which a step fails, and what misleads."""
    wrong = []
    for metric in metrics():
        experiment = loaded(tmp_path, metric, loss)
        found = metrics_fit_labels(experiment, DataFacts())
        refused = any(finding.severity == "error" for finding in found)
        made = experiment.compile.metrics[0]
        if trains(made, loss)[0] == refused and not (refused and made.class_name in MISLEADING):
            wrong.append(metric)
    assert wrong == []


def test_early_stopping_needs_a_mode_exactly_where_keras_knows_no_direction(tmp_path: Path) -> None:
    """Metrics without a direction of their own need `mode`, the others do not."""
    wrong = []
    for metric in metrics():
        loss = "sparse_categorical_crossentropy" if "Sparse" in metric else "categorical_crossentropy"
        name = train_names(loaded(tmp_path, metric, loss))[1]
        watching = f"fit.callbacks=[EarlyStopping: {{monitor: {name}}}]"
        experiment = loaded(tmp_path, metric, loss, watching)
        refused = list(automatic_mode_is_known(experiment, DataFacts()))
        ran, direction = trains(experiment.compile.metrics[0], loss)
        if ran and bool(refused) != (direction is None):
            wrong.append(metric)
    assert wrong == []
