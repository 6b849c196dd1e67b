"""The layers against the shape of the samples and against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding, argument_path
from nnrun.config.cross_checks.network import layer_activation
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import LABEL_FORMS, loss_class

_SAME_RANK = frozenset({
    "Dense", "Activation", "Softmax", "ReLU", "LeakyReLU", "PReLU", "ELU", "Dropout", "GaussianDropout",
    "GaussianNoise", "AlphaDropout", "ActivityRegularization", "BatchNormalization", "LayerNormalization",
    "GroupNormalization", "UnitNormalization", "RMSNormalization", "Rescaling", "Identity", "Masking",
})  # fmt: skip
_SEVERAL_INPUTS = frozenset({
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract", "HashedCrossing",
    "Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention",
})  # fmt: skip
_PASSING = frozenset(
    {"Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization"}
)
_DROPOUTS = frozenset({"Dropout", "GaussianDropout", "AlphaDropout"})
_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN"})
_SPATIAL = re.compile(
    r"(?:Separable|Depthwise)?Conv(?P<conv>[123])D(?:Transpose)?"
    r"|(?P<all>Global)?(?:Max|Average)Pooling(?P<pool>[123])D"
    r"|(?:SpatialDropout|ZeroPadding|Cropping|UpSampling)(?P<other>[123])D"
)
_SHAPES = {
    1: "one row of numbers",
    2: "a sequence (steps, features)",
    3: "an image (height, width, channels)",
    4: "a volume (depth, height, width, channels)",
}


def layers_fit_their_input(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Every layer gets as many dimensions as it needs, and the last one puts out one row per sample."""
    if facts.shape is None:
        return
    rank: int | None = len(facts.shape)
    layers = experiment.model.layers
    unflattened: int | None = None
    for index, layer in enumerate(layers):
        needed = _needed_rank(layer)
        if rank is not None and needed is not None and rank != needed:
            given = _SHAPES.get(rank, "another shape") + (f" {facts.shape}" if index == 0 else "")
            message = f"layer {index} {layer.name} needs {_SHAPES[needed]} per sample, it gets {given}"
            yield Finding(("model", "layers", index), "layer-input", message, _rank_advice(rank, needed))
            return
        if layer.class_name == "Dense" and rank is not None and rank > 1 and unflattened is None:
            unflattened = index
        rank = _rank_after(layer, rank)
        if rank is None:
            return
        if rank == 1:
            unflattened = None
    loss = experiment.compile.loss
    if (
        rank is not None
        and rank > 1
        and unflattened is not None
        and (loss_class(loss) or loss.name) in LABEL_FORMS
    ):
        name = layers[unflattened].name
        yield Finding(
            ("model", "layers", unflattened),
            "missing-flatten",
            f"layer {unflattened} {name} gets {_SHAPES.get(rank, 'several dimensions')} per sample, so the "
            "network does not put out one row per sample",
            f"put Flatten before {name}",
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
            yield Finding(("model", "layers", index), "late-input", f"{name} can only be the first layer")


def token_numbers_fit(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """The embedding has a row for the greatest token number."""
    first = next(
        (layer for layer in experiment.model.layers if layer.class_name not in ("Input", "InputLayer")), None
    )
    if first is None or first.class_name != "Embedding" or facts.max_token is None:
        return
    size = first.arguments.get("input_dim")
    if isinstance(size, int) and size <= facts.max_token:
        path = argument_path(("model", "layers", experiment.model.layers.index(first)), first, "input_dim")
        yield Finding(
            path,
            "token-numbers",
            f"expected input_dim above {facts.max_token}, the greatest token of the data; received {size}",
            f"write input_dim: {facts.max_token + 1}",
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


def _needed_rank(layer: KerasObject) -> int | None:
    found = _SPATIAL.fullmatch(layer.class_name or "")
    if found is not None:
        return int(found["conv"] or found["pool"] or found["other"]) + 1
    if layer.class_name in _RECURRENT:
        return 2
    return 1 if layer.class_name == "RepeatVector" else None


def _rank_after(layer: KerasObject, rank: int | None) -> int | None:
    """Returns the dimensions of a sample after a layer, or None where this module does not know."""
    name = layer.class_name or ""
    found = _SPATIAL.fullmatch(name)
    if found is not None:
        return 1 if found["all"] and not layer.arguments.get("keepdims") else rank
    if name in _RECURRENT:
        return 2 if layer.arguments.get("return_sequences") else 1
    if name == "Bidirectional":
        inner = layer.arguments.get("layer")
        return _rank_after(inner, rank) if isinstance(inner, KerasObject) else None
    if name in _SAME_RANK:
        return rank
    if name == "Flatten":
        return 1
    if name == "Embedding":
        return None if rank is None else rank + 1
    if name == "RepeatVector":
        return 2
    shape = layer.arguments.get(
        {"Reshape": "target_shape", "Input": "shape", "InputLayer": "shape"}.get(name, "")
    )
    return len(shape) if isinstance(shape, (list, tuple)) else None


def _rank_advice(rank: int, needed: int) -> str:
    if needed == 3 and rank == 2:
        return "add a channel with Reshape before it"
    if rank == 1:
        return "put Reshape before it, or Embedding where the samples are token numbers"
    if rank == 3 and needed == 2:
        return "put Reshape before it"
    return "put Reshape or Flatten before it"
