"""What a cross-check returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import label_form_or_none
from nnrun.config.problems import KeyPath, Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction, or something doubtful, between parts of a config.

    Args:
        path: The value to point at.
        code: Stable name of the kind of problem.
        message: What was expected and what is there.
        hint: What to do.
        severity: Errors make the config invalid.
        at: Whether to point at the value or its key.
    """

    path: KeyPath
    code: str
    message: str
    hint: str = ""
    severity: Severity = "error"
    at: Literal["key", "value"] = "value"


Check = Callable[[Experiment, DataFacts], Iterator[Finding]]


def argument_path(base: KeyPath, item: KerasObject, argument: str) -> KeyPath:
    """Returns the path of an argument of a Keras object, or of its class name where it is left out."""
    if argument in item.arguments:
        return (*base, item.name, argument)
    return (*base, item.name) if item.arguments else base


def loss_contradicts_target(experiment: Experiment, facts: DataFacts) -> bool:
    """Returns whether the loss is of the wrong kind for the target, so that nothing else can be judged by it."""
    form = label_form_or_none(experiment.compile.loss)
    return (form == "values") != (facts.target == "values") if form and facts.target else False


def validation_split(experiment: Experiment, facts: DataFacts) -> str | None:
    """Returns the split that is validated on after each epoch, or None."""
    if experiment.fit.validation_data is not None:
        return experiment.fit.validation_data
    split = experiment.dataset.split
    has_one = split.validation is not None or split.fold is not None or "validation" in facts.splits
    return "validation" if has_one else None
