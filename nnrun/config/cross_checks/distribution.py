"""The section `distribute` against what cannot be divided among devices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nnrun.config.cross_checks.finding import Finding
from nnrun.config.experiment import DistributeSection, Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import loss_class
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
    if strategy == "none":
        return
    path: KeyPath = ("compile", "loss")
    if loss_class(loss) == "Circle":
        message = "the loss compares the samples of a batch, and each device sees a part of it only"
        yield Finding(path, "not-divisible", f"with distribute.strategy {strategy}: {message}")
    elif loss.arguments.get("reduction", "mean") not in _MEANS:
        yield Finding(
            (*path, loss.name, "reduction"),
            "not-divisible",
            f"with distribute.strategy {strategy}, expected sum_over_batch_size or mean, as each device sees a part"
            " of the batch only",
        )


def layers_can_be_divided(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """No layer keeps a state per row of a batch, as rows come to another device in the next one."""
    strategy = experiment.distribute.strategy
    if strategy == "none":
        return
    for path, layer in _objects(experiment.model.layers, ("model", "layers")):
        if layer.arguments.get("stateful") is True:
            yield Finding(
                (*path, layer.name, "stateful"),
                "not-divisible",
                f"with distribute.strategy {strategy}, no layer can carry its state from batch to batch",
            )
        if layer.class_name == "BatchNormalization" and layer.arguments.get("synchronized") is not True:
            yield Finding(
                path,
                "not-divisible",
                f"with distribute.strategy {strategy}, each device normalizes by the statistics of its own part of a"
                " batch, so that the result depends on the number of devices",
                "write synchronized: true for those of the whole batch",
                severity="warning",
            )


def distribution_keys_matter(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """A key that says something about several devices has a strategy that reads it, and XLA is not asked for."""
    section = experiment.distribute
    for key, strategies in _READ_BY.items():
        # A resolved config says everything, so the default is no wish.
        wished = getattr(section, key) != DistributeSection.model_fields[key].default
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


def _objects(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, KerasObject]]:
    """Yields the Keras objects in a value, also those that are arguments of others, and where they are."""
    if isinstance(value, KerasObject):
        yield path, value
        yield from _objects(value.arguments, (*path, value.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _objects(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _objects(item, (*path, index))
