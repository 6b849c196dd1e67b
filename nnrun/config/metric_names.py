"""Under which names the losses and metrics of an experiment are logged."""

from __future__ import annotations

from nnrun.catalog.reading import catalog
from nnrun.config.experiment import Experiment
from nnrun.config.keras_object import KerasObject


def log_name(metric: KerasObject) -> str:
    """Returns the name under which Keras logs a metric.

    It is the metric's own `name`, else the alias as written (`acc` logs as `acc`), else that of the class.
    """
    given = metric.arguments.get("name")
    if isinstance(given, str):
        return given
    if metric.class_name is None or (metric.name != metric.class_name and not metric.arguments):
        return metric.name
    info = catalog().find("metric", metric.class_name)
    return (info.log_name if info is not None else None) or metric.name


def value_names(metric: KerasObject, experiment: Experiment) -> tuple[str, ...]:
    """Returns the names of the numbers that a metric gives: `f1_score_0` and so on where it gives one per class."""
    name, count = log_name(metric), _values(metric, experiment)
    return (name,) if count is None else tuple(f"{name}_{index}" for index in range(count))


def _values(metric: KerasObject, experiment: Experiment) -> int | None:
    thresholds = metric.arguments.get("thresholds")
    if isinstance(thresholds, tuple) and len(thresholds) > 1:
        return len(thresholds)
    argument = _PER_OUTPUT.get(metric.class_name or "")
    if argument is None or metric.arguments.get(*argument) is not None:
        return None
    # Only here, as a mistake in the layers must not keep all other metrics from being compared.
    return _outputs(experiment)


_PER_OUTPUT = {
    "F1Score": ("average", None),
    "FBetaScore": ("average", None),
    "R2Score": ("class_aggregation", "uniform_average"),
}
"""Metrics with a number for each output where an argument, here with its default, is null."""


def _outputs(experiment: Experiment) -> int | None:
    """Returns the units of the last layer that has units; what comes behind it changes no shape in most networks."""
    for layer in reversed(experiment.model.layers):
        units = layer.arguments.get("units")
        if isinstance(units, int):
            return units
    return None


def train_names(experiment: Experiment) -> tuple[str, ...]:
    """Returns the names that each epoch logs about training, `loss` first."""
    metrics = [name for metric in experiment.compile.metrics for name in value_names(metric, experiment)]
    weighted = [
        name for metric in experiment.compile.weighted_metrics for name in value_names(metric, experiment)
    ]
    # Keras prefixes a weighted metric only where a plain one has the same name.
    return (
        "loss",
        *dict.fromkeys([*metrics, *(f"weighted_{name}" if name in metrics else name for name in weighted)]),
    )


def logged_names(experiment: Experiment, validates: bool) -> tuple[str, ...]:
    """Returns all names that an epoch logs.

    Args:
        experiment: The experiment.
        validates: Whether there are validation data.
    """
    names = train_names(experiment)
    return (*names, *(f"val_{name}" for name in names)) if validates else names
