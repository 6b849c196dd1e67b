"""Whether XLA compiles the loop over the batches: a rule that looks at the config, so that it never depends on a mood.

XLA makes one program of a whole loop. Small dense steps become up to ten times faster, recurrent layers three times;
convolutions become two to three times slower on a CPU, and so does whatever draws random numbers, which XLA does
eighteen times as slowly there. Compiling takes around a second, whatever the network.
Measured on two cores without a GPU; on a GPU, recurrent layers are left to cuDNN.

The number of epochs must not matter: a run of 10 epochs that is continued to 20 has to give the bits of a run of 20.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnrun.config.experiment import CompileSection
from nnrun.config.keras_object import KerasObject

MINIMUM_STEPS = 64
"""Batches per epoch from which compiling pays within some tens of epochs."""

SIMPLE = frozenset(
    {
        "Activation", "ActivityRegularization", "BatchNormalization", "Dense", "ELU", "Embedding", "Flatten",
        "GlobalAveragePooling1D", "GlobalMaxPooling1D", "Identity", "Input", "InputLayer", "LayerNormalization",
        "LeakyReLU", "Masking", "PReLU", "Permute", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Softmax",
        "UnitNormalization",
    }
)  # fmt: skip
"""Layers that are faster compiled, everywhere."""

DROPOUT = ("dropout", "recurrent_dropout")
"""Arguments of recurrent layers that make them draw random numbers."""

ROUNDED_OTHERWISE = frozenset({"AUC"})
"""Metrics whose result XLA rounds in another way in a loop than in a single step, as in `fit`, by 1e-7."""

RECURRENT = frozenset(
    {"Bidirectional", "GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "SimpleRNN", "SimpleRNNCell"}
)
"""Layers that are faster compiled on a CPU."""


@dataclass(frozen=True, slots=True)
class Compilation:
    """Whether XLA compiles, and why.

    Args:
        jit_compile: Whether it does.
        reason: One clause, for the record of the run.
    """

    jit_compile: bool
    reason: str


def choose_compilation(
    section: CompileSection, layers: Sequence[KerasObject], steps: int, device: str, strategy: str = "none"
) -> Compilation:
    """Decides whether XLA compiles the loops of a training.

    Args:
        section: The `compile` section; what `jit_compile` says there is done.
        layers: The layers of the config.
        steps: Batches per epoch.
        device: `CPU` or `GPU:N`.
        strategy: The strategy under which several devices train, or `none`.
    """
    if strategy != "none":
        return Compilation(False, f"not with distribute.strategy {strategy}")
    if isinstance(section.jit_compile, bool):
        return Compilation(section.jit_compile, "compile.jit_compile says so")
    faster = SIMPLE if device.startswith("GPU") else SIMPLE | RECURRENT
    for layer in _all_layers(layers):
        name = layer.class_name or layer.name
        if name not in faster:
            return Compilation(False, f"{name} is not known to gain")
        if any(layer.arguments.get(argument) for argument in DROPOUT):
            return Compilation(False, f"{name} draws random numbers")
    for metric in (*section.metrics, *section.weighted_metrics):
        if metric.class_name in ROUNDED_OTHERWISE:
            return Compilation(False, f"{metric.class_name} would be rounded in another way")
    if steps < MINIMUM_STEPS:
        return Compilation(False, f"fewer than {MINIMUM_STEPS} batches per epoch")
    return Compilation(True, f"layers that gain, and at least {MINIMUM_STEPS} batches per epoch")


def _all_layers(value: Any) -> Iterator[KerasObject]:
    """Yields all layers, also those that are arguments of others."""
    if isinstance(value, KerasObject):
        if value.family == "layer":
            yield value
        yield from _all_layers(value.arguments)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _all_layers(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _all_layers(item)
