"""Whatever watches a metric names one that will be logged."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.catalog.reading import catalog
from nnrun.config.cross_checks.finding import Finding, argument_path, validation_split
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.metric_names import logged_names, train_names
from nnrun.config.problems import KeyPath
from nnrun.config.suggestions import closest

_LEARNING_RATES = frozenset({"learning_rate", "lr"})  # Keras adds it to the logs where a callback changes it


def callback_monitors_exist(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """The monitor of every callback is logged, also where Keras's default is meant."""
    for index, callback in enumerate(experiment.fit.callbacks):
        info = catalog().find("callback", callback.class_name) if callback.class_name else None
        if info is None or "monitor" not in info.arguments:
            continue
        if callback.class_name == "ModelCheckpoint" and not callback.arguments.get("save_best_only"):
            continue  # it looks at its monitor only then
        path = argument_path(("fit", "callbacks", index), callback, "monitor")
        given = callback.arguments.get("monitor")
        name = given if given is not None else info.arguments["monitor"].default
        if isinstance(name, str):
            who = f"{callback.name} watches" if given is not None else f"{callback.name} by default watches"
            yield from unknown_metric(name, who, path, experiment, facts)


def checkpoint_monitor_exists(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """The metric that decides about the best epoch is logged."""
    name = experiment.checkpoint.monitor
    if name is not None:
        yield from unknown_metric(name, "checkpoint watches", ("checkpoint", "monitor"), experiment, facts)


def unknown_metric(
    name: str, who: str, path: KeyPath, experiment: Experiment, facts: DataFacts
) -> Iterator[Finding]:
    """Finds that a metric is not logged.

    Args:
        name: The metric.
        who: What needs it, with a verb: `EarlyStopping watches`.
        path: Where it is named.
        experiment: The experiment.
        facts: What is known about its data.
    """
    validates = validation_split(experiment, facts) is not None
    names = logged_names(experiment, validates)
    if name in names or name in _LEARNING_RATES:
        return
    if name in logged_names(experiment, True) and facts.more_splits:
        return  # loading the data will tell
    if not validates and name.startswith("val_"):
        instead = _meant(name.removeprefix("val_"), train_names(experiment)) or "loss"
        yield Finding(
            path,
            "unknown-monitor",
            f"{who} {name}, but there are no validation data",
            f"set dataset.split.validation or fit.validation_data, or watch {instead}",
        )
        return
    meant = _meant(name, names)
    hint = f"did you mean {meant!r}?" if meant else "add the metric to compile.metrics"
    yield Finding(path, "unknown-monitor", f"{who} {name!r}, logged are {', '.join(names)}", hint)


def _meant(name: str, names: tuple[str, ...]) -> str | None:
    """Returns the logged name that was meant, also for `acc` where the metric is `accuracy`."""
    prefix = "val_" if name.startswith("val_") else ""
    bare = name.removeprefix("val_")
    inside = [known for known in names if known.startswith(prefix) and len(bare) >= 3 and bare in known]
    if inside:
        return inside[0]
    # `val_loss` is never a misspelt `val_accuracy`, however alike the prefix makes them.
    close = closest(bare, [known.removeprefix(prefix) for known in names if known.startswith(prefix)])
    return prefix + close if close else closest(name, names)
