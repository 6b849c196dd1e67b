"""What Keras will call an object of a config: the name of a metric in the logs, the class behind an alias."""

from __future__ import annotations

from nnrun.catalog.reading import catalog
from nnrun.config.keras_object import KerasObject


def metric_log_name(metric: KerasObject) -> str:
    """Returns the name under which Keras logs a metric, without `val_`.

    That is its `name` argument, an alias as it was written (`mse`, `acc`), or the default of its class
    (`auc` for `AUC`).
    """
    name = metric.arguments.get("name")
    if isinstance(name, str):
        return name
    info = None if metric.class_name is None else catalog().find("metric", metric.class_name)
    if info is None or info.log_name is None or (metric.name != info.name and not metric.arguments):
        return metric.name
    return info.log_name


def canonical_loss(loss: KerasObject) -> str | None:
    """Returns the class of a loss, or None where Keras chooses it by the labels (`crossentropy`)."""
    return loss.class_name
