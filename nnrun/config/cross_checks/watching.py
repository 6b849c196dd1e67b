"""How callbacks and the section `checkpoint` watch their metric: in which direction, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.catalog.reading import catalog
from nnrun.config.cross_checks.finding import Finding, argument_path, validation_split
from nnrun.config.directions import Direction, direction
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.metric_names import log_name
from nnrun.config.problems import KeyPath

_WATCHERS = frozenset({"EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint"})
_UNDIRECTED = frozenset({
    "FalseNegatives", "FalsePositives", "TrueNegatives", "TruePositives", "Mean", "Sum",
})  # fmt: skip
"""Metrics of which Keras does not know whether more is better."""


def mode_fits_metric(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """`mode` asks for more of what should grow, and for less of what should shrink."""
    for path, watcher, monitor in _watchers(experiment):
        mode = watcher.arguments.get("mode")
        if mode in ("min", "max"):
            where = argument_path(path, watcher, "mode")
            yield from _contradiction(experiment, monitor, str(mode), f"{watcher.name} takes", where)
    checkpoint = experiment.checkpoint
    if checkpoint.mode != "auto":
        monitor = checkpoint.monitor or "loss"
        path = ("checkpoint", "mode")
        yield from _contradiction(experiment, monitor, checkpoint.mode, "checkpoint takes", path)


def automatic_mode_is_known(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """Where no `mode` is given, it is known whether more of the metric is better."""
    for path, watcher, monitor in _watchers(experiment):
        metric = _metric(experiment, monitor)
        # Others of these callbacks take less to be better where they do not know; EarlyStopping stops.
        automatic = watcher.arguments.get("mode", "auto") == "auto" and watcher.class_name == "EarlyStopping"
        if automatic and metric is not None and metric.class_name in _UNDIRECTED:
            best = direction(metric.class_name.lower().replace("false", "false_").replace("true", "true_"))
            yield Finding(
                argument_path(path, watcher, "monitor"),
                "monitor-mode",
                f"Keras does not know whether more or less of {monitor} is better",
                f"add mode: {best or 'min, or mode: max'}",
            )
    checkpoint = experiment.checkpoint
    if checkpoint.monitor is not None and checkpoint.mode == "auto" and direction(checkpoint.monitor) is None:
        best = _direction(experiment, checkpoint.monitor)
        yield Finding(
            ("checkpoint", "monitor"),
            "monitor-mode",
            f"the name {checkpoint.monitor} does not tell whether more or less of it is better: less is taken",
            f"add mode: {best or 'max, or mode: min'}",
            "warning",
        )


def patience_fits_epochs(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """A callback that waits longer than the training lasts does nothing."""
    epochs = experiment.fit.epochs
    for path, watcher, _ in _watchers(experiment):
        for name, does in (("patience", "waits"), ("start_from_epoch", "begins only after")):
            value = _value(watcher, name)
            if isinstance(value, int) and value >= epochs:
                yield Finding(
                    argument_path(path, watcher, name),
                    "patience-epochs",
                    f"{watcher.name} {does} {value} epochs, the training has {epochs}: it will never act",
                    f"write {name}: {max(epochs // 5, 1)}, or more epochs" if epochs > 1 else "",
                    "warning",
                )
                break


def restored_weights_are_validated(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """The weights that are brought back are the best on data that the network was not trained on."""
    if validation_split(experiment, facts) is None:
        return
    for path, watcher, monitor in _watchers(experiment):
        if watcher.arguments.get("restore_best_weights") is True and not monitor.startswith("val_"):
            yield Finding(
                argument_path(path, watcher, "restore_best_weights"),
                "restore-training",
                f"the weights of the best {monitor} on the training data are restored, not on the validation data",
                f"write monitor: val_{monitor}",
                "warning",
            )


def _watchers(experiment: Experiment) -> Iterator[tuple[KeyPath, KerasObject, str]]:
    """Yields the callbacks that watch a metric, with their path and its name."""
    for index, callback in enumerate(experiment.fit.callbacks):
        monitor = _value(callback, "monitor") if callback.class_name in _WATCHERS else None
        if isinstance(monitor, str):
            yield ("fit", "callbacks", index), callback, monitor


def _value(callback: KerasObject, name: str) -> object:
    """Returns an argument, or its default; None where the callback has none of this name."""
    if name in callback.arguments:
        return callback.arguments[name]
    info = catalog().find("callback", callback.class_name or "")
    argument = info.arguments.get(name) if info is not None else None
    return None if argument is None else argument.default


def _metric(experiment: Experiment, monitor: str) -> KerasObject | None:
    """Returns the metric of the config that is logged under a name."""
    bare = monitor.removeprefix("val_")
    metrics = (*experiment.compile.metrics, *experiment.compile.weighted_metrics)
    return next((metric for metric in metrics if log_name(metric) == bare), None)


def _direction(experiment: Experiment, monitor: str) -> Direction | None:
    """Returns the direction of a metric, also where the user gave it a name of their own."""
    metric = _metric(experiment, monitor)
    if metric is None or metric.class_name is None:
        return direction(monitor)
    info = catalog().find("metric", metric.class_name)
    return direction((info.log_name if info is not None else None) or metric.class_name)


def _contradiction(
    experiment: Experiment, monitor: str, mode: str, who: str, path: KeyPath
) -> Iterator[Finding]:
    best = _direction(experiment, monitor)
    if best is not None and best != mode:
        words = {"min": "the lowest", "max": "the highest"}
        message = f"{who} {words[mode]} {monitor} for the best, though {words[best]} should be"
        yield Finding(path, "monitor-mode", message, f"write mode: {best}", "warning")
