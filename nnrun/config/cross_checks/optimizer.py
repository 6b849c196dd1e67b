"""Arguments of an optimizer against each other."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.problems import KeyPath

_CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")


def gradients_are_clipped_once(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """Keras clips gradients in one way at most."""
    yield from _clipped_twice(experiment.compile.optimizer, ("compile", "optimizer"))


def _clipped_twice(optimizer: KerasObject, path: KeyPath) -> Iterator[Finding]:
    given = [name for name in _CLIPPING if optimizer.arguments.get(name) is not None]
    if len(given) > 1:
        yield Finding(
            (*path, optimizer.name, given[1]),
            "optimizer-arguments",
            f"{optimizer.name} can have only one of {', '.join(_CLIPPING)}, and {given[0]} is there already",
            f"remove {given[1]} or {given[0]}",
            at="key",
        )
    inner = optimizer.arguments.get("inner_optimizer")
    if isinstance(inner, KerasObject):
        yield from _clipped_twice(inner, (*path, optimizer.name, "inner_optimizer"))
