"""What Keras's callbacks need beside their arguments: files in the run directory, metrics, an optimizer."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

from nnrun.config.cross_checks.finding import Finding, argument_path, validation_split
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.metric_names import logged_names
from nnrun.config.problems import KeyPath

PATH_ARGUMENTS: Mapping[str, str] = {
    "BackupAndRestore": "backup_dir",
    "CSVLogger": "filename",
    "ModelCheckpoint": "filepath",
    "TensorBoard": "log_dir",
}
"""Arguments of callbacks that name a file or folder to write, which lies in the run directory."""

_OWN_FILES = frozenset({
    ".", "config.yaml", "resolved.yaml", "run.json", "metrics.csv", "events.jsonl", "summary.json", "model.txt",
    "model", "checkpoints", "evaluation", "plots", "train.log",
})  # fmt: skip
"""What nnrun itself writes into a run directory."""

_ENDINGS = {False: ".keras", True: ".weights.h5"}


def callback_files_lie_in_the_run(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """A callback writes into the run directory only, and over nothing that nnrun writes."""
    for path, callback, given in _paths(experiment):
        normal = Path(os.path.normpath(given))
        first = normal.parts[0] if normal.parts else "."
        if normal.is_absolute() or first == "..":
            message = f"expected a path in the run directory, received {given!r}"
            yield Finding(path, "outside-run", message, "write a relative path without '..'")
        elif first in _OWN_FILES:
            message = f"{given!r} is what nnrun itself writes into the run directory"
            yield Finding(path, "own-file", message, f"choose another name for {callback.name}")


def checkpoint_files_can_be_named(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """The file of ModelCheckpoint has the ending that Keras wants, and placeholders that it fills."""
    for path, callback, given in _paths(experiment):
        if callback.class_name != "ModelCheckpoint":
            continue
        ending = _ENDINGS[callback.arguments.get("save_weights_only") is True]
        if not given.endswith(ending):
            yield Finding(path, "bad-file-name", f"expected a name that ends in {ending}, received {given!r}")
            continue
        try:
            fields = [field for _, field, _, _ in Formatter().parse(given) if field is not None]
        except ValueError as error:
            yield Finding(path, "bad-file-name", f"the placeholders in {given!r} are malformed: {error}")
            continue
        per_batch = isinstance(callback.arguments.get("save_freq"), int)
        names = logged_names(experiment, validation_split(experiment, facts) is not None and not per_batch)
        known = ["epoch", *(["batch"] if per_batch else []), *names]
        for field in fields:
            if field not in known:
                message = f"there is no {field!r} to put into {given!r}"
                yield Finding(path, "bad-file-name", message, f"there are {', '.join(known)}")


def moving_averages_are_kept(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """SwapEMAWeights needs an optimizer that keeps moving averages of the weights."""
    optimizer = experiment.compile.optimizer
    inner = optimizer.arguments.get("inner_optimizer", optimizer)
    if isinstance(inner, KerasObject) and inner.arguments.get("use_ema") is True:
        return
    for index, callback in enumerate(experiment.fit.callbacks):
        if callback.class_name == "SwapEMAWeights":
            yield Finding(
                ("fit", "callbacks", index),
                "no-moving-average",
                f"{callback.name} needs an optimizer that keeps moving averages of the weights",
                f"write use_ema: true below {optimizer.name}",
            )


def _paths(experiment: Experiment) -> Iterator[tuple[KeyPath, KerasObject, str]]:
    for index, callback in enumerate(experiment.fit.callbacks):
        argument = PATH_ARGUMENTS.get(callback.class_name or "")
        given = callback.arguments.get(argument) if argument is not None else None
        if argument is not None and isinstance(given, str):
            yield argument_path(("fit", "callbacks", index), callback, argument), callback, given
