"""What the list of layers says about the output of the network, without building it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnrun.config.cross_checks.finding import argument_path
from nnrun.config.experiment import Experiment
from nnrun.config.keras_object import KerasObject
from nnrun.config.problems import KeyPath

_PASSING = frozenset(
    {"Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization"}
)
"""Layers that change neither the shape nor, at inference, the values."""

_ACTIVATION_LAYERS = {
    "Softmax": "softmax",
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "PReLU": "prelu",
}


@dataclass(frozen=True, slots=True)
class Output:
    """The end of a network whose last layer with weights is `Dense`.

    Args:
        units: Numbers that it puts out per sample.
        units_path: Where that is said.
        activation: The last activation function; `linear` where there is none.
        activation_path: Where it is said, or the layer that has none.
        layer: The layer with the weights, as a person would call it.
    """

    units: int
    units_path: KeyPath
    activation: str
    activation_path: KeyPath
    layer: KerasObject


def output_of(experiment: Experiment) -> Output | None:
    """Returns the output of the network, or None where the last layers are others than `Dense`."""
    activation: str | None = None
    activation_path: KeyPath = ()
    for index in range(len(experiment.model.layers) - 1, -1, -1):
        layer = experiment.model.layers[index]
        base: KeyPath = ("model", "layers", index)
        if layer.class_name in _PASSING:
            continue
        own = layer_activation(layer)
        if activation is None and own not in (None, "linear"):
            activation = own
            activation_path = argument_path(base, layer, "activation")
        if layer.class_name == "Activation" or layer.class_name in _ACTIVATION_LAYERS:
            continue
        units = layer.arguments.get("units")
        if layer.class_name != "Dense" or not isinstance(units, int):
            return None
        return Output(
            units,
            argument_path(base, layer, "units"),
            activation or "linear",
            activation_path or argument_path(base, layer, "activation"),
            layer,
        )
    return None


def layer_activation(layer: KerasObject) -> str | None:
    """Returns the activation function that a layer applies: `linear` for none, None if it cannot be told."""
    if layer.class_name in _ACTIVATION_LAYERS:
        return _ACTIVATION_LAYERS[layer.class_name]
    value: Any = layer.arguments.get("activation")
    if value is None:
        return "linear"
    name = value.name if isinstance(value, KerasObject) else value
    return str(name).lower() if isinstance(name, str) else None
