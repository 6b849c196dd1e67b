"""The section `distribute` against what cannot be divided among devices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nnrun.config.cross_checks.finding import Finding
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.problems import KeyPath

_MEANS = frozenset({"sum_over_batch_size", "mean"})
"""How a loss may be reduced, so that the loss of a batch is the mean of its parts by their size."""


_READ_BY: Mapping[str, tuple[str, ...]] = {
    "devices": ("mirrored", "multi_worker"),
    "wait_seconds": ("multi_worker",),
}
"""Which strategies read a key of the section."""


def losses_can_be_divided(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """The loss of a batch follows from the losses of its parts."""
    loss, strategy = experiment.compile.loss, experiment.distribute.strategy
    if strategy != "none" and loss.arguments.get("reduction", "mean") not in _MEANS:
        yield Finding(
            ("compile", "loss", loss.name, "reduction"),
            "not-divisible",
            f"with distribute.strategy {strategy}, expected sum_over_batch_size or mean, as each device sees a part"
            " of the batch only",
        )


def layers_can_be_divided(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """No layer keeps a state per row of a batch, as rows come to another device in the next one."""
    if experiment.distribute.strategy == "none":
        return
    for index, layer in enumerate(experiment.model.layers):
        for path in _stateful(layer, ("model", "layers", index)):
            yield Finding(
                path,
                "not-divisible",
                f"with distribute.strategy {experiment.distribute.strategy}, no layer can carry its state from batch"
                " to batch",
            )


def distribution_keys_matter(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """A key that says something about several devices has a strategy that reads it, and XLA is not asked for."""
    section = experiment.distribute
    for key, strategies in _READ_BY.items():
        # A resolved config says everything, so the default is no wish.
        wished = getattr(section, key) != type(section).model_fields[key].default
        if wished and section.strategy not in strategies:
            yield Finding(
                ("distribute", key),
                "no-effect",
                f"nothing reads it with distribute.strategy {section.strategy}",
                f"set distribute.strategy to {' or '.join(strategies)}, or leave {key} out",
            )
    if section.strategy != "none" and experiment.compile.jit_compile is True:
        yield Finding(
            ("compile", "jit_compile"),
            "no-effect",
            f"XLA does not compile loops over several devices (distribute.strategy {section.strategy})",
            "leave it out",
        )


def _stateful(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    """Yields the paths of `stateful: true` in a layer and in those that are its arguments."""
    if isinstance(value, KerasObject):
        if value.arguments.get("stateful") is True:
            yield (*path, value.name, "stateful")
        for name, argument in value.arguments.items():
            yield from _stateful(argument, (*path, value.name, name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _stateful(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _stateful(item, (*path, index))
