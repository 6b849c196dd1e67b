"""The end of the network against the loss and the labels."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding, loss_contradicts_target
from nnrun.config.cross_checks.network import output_of
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.labels import LABEL_FORMS, UNSUPPORTED, label_form_or_none, loss_class

_LOSS = ("compile", "loss")

_CROSSENTROPIES = frozenset({
    "CategoricalCrossentropy", "CategoricalFocalCrossentropy", "SparseCategoricalCrossentropy",
    "BinaryCrossentropy", "BinaryFocalCrossentropy",
})  # fmt: skip


def loss_is_supported(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """There are labels for the loss."""
    loss = experiment.compile.loss
    name = loss_class(loss) or loss.name
    if name not in LABEL_FORMS:
        reason = UNSUPPORTED.get(name, "nnrun does not know which labels it takes")
        yield Finding(_LOSS, "unsupported-loss", f"the loss {loss.name} cannot be used: {reason}", at="value")


def loss_fits_target(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Losses for classes need classes, losses for numbers need numbers, binary ones need two classes."""
    form, loss = label_form_or_none(experiment.compile.loss), experiment.compile.loss.name
    if facts.classes == 1 and form in ("one_hot", "index", "binary"):
        yield Finding(
            ("dataset", "target") if experiment.dataset.source == "csv" else ("dataset",),
            "one-class",
            "all samples are of one class: there is nothing to tell apart",
            "choose another target, or use a loss for numbers",
            at="value" if experiment.dataset.source == "csv" else "key",
        )
        return
    if form == "values" and facts.target == "classes":
        yield Finding(
            _LOSS, "loss-target", f"expected a loss for classes, as the target is a class; received {loss}",
            "use categorical_crossentropy, or binary_crossentropy for two classes",
        )  # fmt: skip
    elif form in ("one_hot", "index", "binary") and facts.target == "values":
        yield Finding(
            _LOSS, "loss-target", f"expected a loss for numbers, as the target is a number; received {loss}",
            "use mean_squared_error",
        )  # fmt: skip
    elif form == "binary" and facts.classes is not None and facts.classes != 2:
        yield Finding(
            _LOSS, "loss-classes", f"{loss} is for two classes, the data have {facts.classes}",
            f"use categorical_crossentropy, with {facts.classes} units and softmax in the last layer",
        )  # fmt: skip


def units_fit_labels(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """The last layer puts out as many numbers as the labels have."""
    output, loss = output_of(experiment), experiment.compile.loss.name
    form = label_form_or_none(experiment.compile.loss)
    if output is None or form is None or facts.classes == 1:
        return
    units, path, classes = output.units, output.units_path, facts.classes
    if form == "binary":
        if units != 1:
            yield Finding(
                path, "units-loss", f"expected 1 unit in the last layer for {loss}, received {units}",
                "write units: 1 with sigmoid, or use categorical_crossentropy with softmax",
            )  # fmt: skip
    elif form in ("one_hot", "index") and loss_class(experiment.compile.loss) != "Circle":
        if facts.target == "values":
            return
        if classes is not None and (units < classes or (units > classes and form == "one_hot")):
            yield Finding(
                path, "units-classes",
                f"expected {classes} units in the last layer, one per class of the data; received {units}",
                f"write units: {classes}",
            )  # fmt: skip
        elif classes is not None and units > classes:
            message = f"the last layer has {units} units, the data only {classes} classes"
            yield Finding(path, "units-classes", message, f"write units: {classes}", "warning")
        elif units == 1:
            yield Finding(
                path, "units-loss", f"expected one unit per class in the last layer for {loss}, received 1",
                "for two classes use binary_crossentropy with sigmoid",
            )  # fmt: skip
    elif form == "values" and facts.target != "classes" and units != facts.targets:
        yield Finding(
            path, "units-targets",
            f"expected {facts.targets} unit{'s' if facts.targets > 1 else ''} in the last layer, one per "
            f"target column; received {units}",
            f"write units: {facts.targets}",
        )  # fmt: skip


def softmax_has_several_units(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """Softmax over one unit is always 1."""
    output = output_of(experiment)
    if output is not None and output.units == 1 and output.activation == "softmax":
        yield Finding(
            output.activation_path, "softmax-one-unit", "softmax over a single unit is always 1",
            "use sigmoid, with binary_crossentropy",
        )  # fmt: skip


def activation_fits_loss(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """The loss gets probabilities, or logits where it says so."""
    output, loss = output_of(experiment), experiment.compile.loss
    form = label_form_or_none(loss)
    if output is None or form is None or loss_contradicts_target(experiment, facts):
        return
    activation = output.activation
    wanted = "sigmoid" if form == "binary" else "softmax"
    message = hint = ""
    if form == "values":
        if activation in ("softmax", "sigmoid"):
            message = f"{activation} in the last layer puts out only numbers between 0 and 1"
            hint = "remove it, unless the target lies between 0 and 1"
    elif loss_class(loss) not in _CROSSENTROPIES or (activation == "softmax" and output.units == 1):
        return
    elif loss.arguments.get("from_logits") is True:
        if activation in ("softmax", "sigmoid"):
            message = f"{loss.name} with from_logits expects no activation at the end, received {activation}"
            hint = f"remove {activation}, or from_logits"
    elif activation == "sigmoid" and wanted == "softmax":
        message = f"{loss.name} expects probabilities that add up to 1, those of sigmoid do not"
        hint = "write activation: softmax"
    elif activation not in (wanted, "hard_sigmoid"):
        given = "none" if activation == "linear" else activation
        message = f"{loss.name} expects {wanted} at the end of the network, received {given}"
        hint = f"write activation: {wanted}"
    if message:
        yield Finding(output.activation_path, "activation-loss", message, hint, "warning")
