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


def train_names(experiment: Experiment) -> tuple[str, ...]:
    """Returns the names that each epoch logs about training, `loss` first."""
    metrics = [log_name(metric) for metric in experiment.compile.metrics]
    weighted = [log_name(metric) for metric in experiment.compile.weighted_metrics]
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
