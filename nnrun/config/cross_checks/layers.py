"""The layers against the shape of the samples and against each other."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding, argument_path
from nnrun.config.cross_checks.network import layer_activation
from nnrun.config.datasets import CsvData, TextData
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import LABEL_FORMS, loss_class
from nnrun.config.problems import KeyPath
from nnrun.config.shapes import KINDS, Walk, walk, written

_SEVERAL_INPUTS = frozenset({
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract", "HashedCrossing",
    "Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention",
})  # fmt: skip
_PASSING = frozenset(
    {"Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization"}
)
_ARRANGING = frozenset({"Input", "InputLayer", "Reshape", "Flatten", "Permute"})
_DROPOUTS = frozenset({"Dropout", "GaussianDropout", "AlphaDropout"})


def layers_fit_their_input(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Every layer can take its input, and the last one puts out one row per sample."""
    layers = experiment.model.layers
    way = walk(layers, facts.shape)
    if way.misfit is not None and way.shape is not None:
        from nnrun.config.shapes.advice import advice  # needed for errors only

        index = len(way.rows)
        base: KeyPath = ("model", "layers", index)
        layer, misfit, shape = layers[index], way.misfit, way.shape
        kind = KINDS.get(len(shape))
        received = misfit.received or (f"{kind} {written(shape)}" if kind else written(shape))
        tokens = facts.dtype == "int32"
        yield Finding(
            base if misfit.argument is None else argument_path(base, layer, misfit.argument),
            "layer-input",
            f"layer {index} {layer.name} expects {misfit.expected}, it receives {received}",
            advice(misfit, way.rows, shape, tokens=tokens),
        )
    loss = experiment.compile.loss
    if way.complete and (loss_class(loss) or loss.name) in LABEL_FORMS:
        yield from _rows_at_the_end(way)


def _rows_at_the_end(way: Walk) -> Iterator[Finding]:
    """Points at the first dense layer that got more than a row, where the network does not end with one."""
    unflattened: int | None = None
    for index, row in enumerate(way.rows):
        if row.layer.class_name == "Dense" and len(row.given) > 1 and unflattened is None:
            unflattened = index
        if len(row.effect.shape) == 1:
            unflattened = None
    if unflattened is None:
        return
    row = way.rows[unflattened]
    hint = f"put Flatten before {row.layer.name}"
    if unflattened:
        before = way.rows[unflattened - 1].layer
        recurrent = before.arguments.get("layer", before)
        if isinstance(recurrent, KerasObject) and recurrent.arguments.get("return_sequences") is True:
            hint = f"remove return_sequences from layer {unflattened - 1} {before.name}, or {hint}"
    kind = KINDS.get(len(row.given), "several dimensions")
    yield Finding(
        ("model", "layers", unflattened),
        "missing-flatten",
        f"layer {unflattened} {row.layer.name} receives {kind} {written(row.given)} per sample, so the "
        "network does not put out one row per sample",
        hint,
    )


def layers_take_one_input(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """A sequence of layers gives each of them one input."""
    for index, layer in enumerate(experiment.model.layers):
        name = layer.class_name or ""
        if name in _SEVERAL_INPUTS:
            message = f"{name} takes several inputs; in a sequence of layers it gets one"
            yield Finding(("model", "layers", index), "several-inputs", message)
        elif name.endswith(("Cell", "Cells")):
            message = f"{name} does one step of a sequence and is no layer by itself"
            hint = (
                f"write {name.removesuffix('Cell')}, or put it into RNN"
                if name.endswith("Cell")
                else "put it into RNN"
            )
            yield Finding(("model", "layers", index), "several-inputs", message, hint)
        elif name in ("Input", "InputLayer") and index > 0:
            message = f"{name} can only be the first layer"
            yield Finding(("model", "layers", index), "late-input", message, "remove it")


def token_numbers_fit(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """An embedding gets token numbers, and has a row for the greatest."""
    layers = experiment.model.layers
    index = next(
        (number for number, layer in enumerate(layers) if layer.class_name not in _ARRANGING), len(layers)
    )
    if index < len(layers) and layers[index].class_name == "Embedding":
        size, path = layers[index].arguments.get("input_dim"), ("model", "layers", index)
        if facts.max_token is not None and isinstance(size, int) and size <= facts.max_token:
            yield Finding(
                argument_path(path, layers[index], "input_dim"),
                "token-numbers",
                f"expected input_dim above {facts.max_token}, the greatest token of the data; received {size}",
                f"write input_dim: {facts.max_token + 1}",
            )
        data = experiment.dataset
        if isinstance(data, TextData) and data.output != "int":
            yield Finding(
                path,
                "token-floats",
                f"layer {index} Embedding expects token numbers, it receives one number per word of the vocabulary",
                "write output: int, or remove Embedding",
                "warning",
            )
        elif facts.dtype != "int32" and experiment.dataset.scale != "none":
            yield Finding(
                path,
                "token-floats",
                f"layer {index} Embedding expects token numbers, it receives scaled data",
                "remove dataset.scale, or Embedding: fractions are cut off before the table is looked up",
                "warning",
            )
    elif index < len(layers) and layers[index].class_name == "Dense" and facts.dtype == "int32":
        hint = "put Embedding before it"
        if isinstance(experiment.dataset, TextData):
            hint += ", or set dataset.output: multi_hot"
        if isinstance(experiment.dataset, CsvData):
            hint += ", or remove dataset.encode"
        yield Finding(
            ("model", "layers", index),
            "token-quantities",
            f"layer {index} Dense gets token numbers and takes them for quantities, which they are not",
            hint,
            "warning",
        )
    for number, layer in enumerate(layers[index + 1 :], index + 1):
        if layer.class_name == "Embedding":
            yield Finding(
                ("model", "layers", number),
                "token-floats",
                f"layer {number} Embedding expects token numbers, it receives the output of {layers[number - 1].name}",
                "put it first: fractions are cut off before the table is looked up, and no layer before it learns",
                "warning",
            )


def dense_layers_have_a_nonlinearity(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """Two dense layers with nothing between them are one."""
    linear: int | None = None
    layers = experiment.model.layers
    for index, layer in enumerate(layers):
        if layer.class_name == "Dense":
            if linear is not None:
                yield Finding(
                    argument_path(("model", "layers", linear), layers[linear], "activation"),
                    "no-nonlinearity",
                    f"layer {linear} {layers[linear].name} has no activation: with layer {index} {layer.name}"
                    " it can do no more than that layer alone",
                    "write activation: relu",
                    "warning",
                )
            linear = index if layer_activation(layer) == "linear" else None
        elif layer.class_name not in _PASSING:
            linear = None


def dropout_is_not_last(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """Dropout after the output drops results."""
    last = len(experiment.model.layers) - 1
    layer = experiment.model.layers[last]
    if layer.class_name in _DROPOUTS:
        path = ("model", "layers", last)
        message = f"{layer.name} after the output sets results to 0 during training"
        yield Finding(path, "dropout-last", message, "put it before the last layer with weights", "warning")
