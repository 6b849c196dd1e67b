"""When XLA compiles the loops: a rule that looks at the config alone."""

from __future__ import annotations

from typing import Any

import pytest

from nnrun.config.experiment import CompileSection
from nnrun.config.keras_object import KerasObject
from nnrun.training.xla import MINIMUM_STEPS, Compilation, choose_compilation


def layer(name: str, **arguments: Any) -> KerasObject:
    """Returns a layer of a config."""
    return KerasObject("layer", name, name, arguments)


DENSE = [layer("Dense", units=3), layer("BatchNormalization"), layer("Dense", units=2)]


def choose(
    layers: list[KerasObject],
    steps: int = 1000,
    device: str = "CPU",
    asked: Any = "auto",
    metrics: tuple[str, ...] = (),
) -> Compilation:
    """Applies the rule."""
    section = CompileSection(
        optimizer=KerasObject("optimizer", "adam", "Adam"),
        loss=KerasObject("loss", "mse", "MeanSquaredError"),
        metrics=[KerasObject("metric", name, name) for name in metrics],
        jit_compile=asked,
    )
    return choose_compilation(section, layers, steps, device)


def test_long_epochs_of_dense_layers_are_compiled() -> None:
    """Short ones would not make up for the time of compiling."""
    assert choose(DENSE, MINIMUM_STEPS).jit_compile
    assert not choose(DENSE, MINIMUM_STEPS - 1).jit_compile


@pytest.mark.parametrize("name", ["Conv2D", "MaxPooling1D", "MultiHeadAttention", "StringLookup", "Dropout"])
def test_other_layers_are_not_compiled(name: str) -> None:
    """Convolutions become slower, and of others nothing is known; the reason names the layer."""
    chosen = choose([*DENSE, layer(name)])
    assert not chosen.jit_compile
    assert name in chosen.reason


def test_layers_within_layers_count() -> None:
    """A wrapper is as good as what it wraps."""
    assert choose([layer("Bidirectional", layer=layer("LSTM", units=2))]).jit_compile
    assert not choose([layer("Bidirectional", layer=layer("ConvLSTM1D", filters=2))]).jit_compile


def test_dropout_within_recurrent_layers_counts() -> None:
    """Random numbers are what XLA is slow at."""
    assert choose([layer("LSTM", units=2, dropout=0.0)]).jit_compile
    assert not choose([layer("LSTM", units=2, dropout=0.1)]).jit_compile
    assert not choose([layer("GRU", units=2, recurrent_dropout=0.1)]).jit_compile


def test_recurrent_layers_are_left_to_a_gpu() -> None:
    """There, cuDNN has them."""
    layers = [layer("LSTM", units=3)]
    assert choose(layers).jit_compile
    assert not choose(layers, device="GPU:0").jit_compile
    assert choose(DENSE, device="GPU:0").jit_compile


def test_a_metric_that_would_be_rounded_otherwise_is_a_reason_not_to() -> None:
    """The figures are those of `fit`."""
    assert not choose(DENSE, metrics=("AUC",)).jit_compile
    assert choose(DENSE, metrics=("Precision",)).jit_compile


@pytest.mark.parametrize("asked", [True, False])
def test_what_the_config_says_is_done(asked: bool) -> None:
    """Whatever the rule would choose."""
    assert choose([layer("Conv2D")], 1, asked=asked).jit_compile is asked
    assert choose(DENSE, asked=asked).jit_compile is asked
