"""Outputs of networks, many batches at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnrun.data.rows import MappedRows

pytestmark = pytest.mark.tensorflow


def networks() -> dict[str, Any]:
    """One network per kind of layer that computes differently for other batches, by name."""
    import keras

    keras.utils.set_random_seed(1)
    layers = keras.layers
    stacks = {
        "dense": ((30,), [layers.Dense(64, activation="relu"), layers.Dropout(0.5), layers.Dense(1)]),
        "convolution": (
            (12, 12, 1),
            [layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(10, activation="softmax")],
        ),
        "recurrent": ((6, 3), [layers.LSTM(5), layers.Dense(2)]),
        "normalised": ((7,), [layers.BatchNormalization(), layers.Dense(3)]),
        "sequence": ((6, 3), [layers.Dense(4)]),
    }
    return {name: keras.Sequential([keras.Input(shape), *stack]) for name, (shape, stack) in stacks.items()}


@pytest.mark.parametrize("name", ["dense", "convolution", "recurrent", "normalised", "sequence"])
def test_outputs_are_those_of_keras(name: str) -> None:
    """Equal to the last bit to `predict` of Keras with batches that fill the vectors of the processor."""
    from nnrun.training.predicting import Predictor

    model = networks()[name]
    x = np.random.default_rng(0).normal(size=(96, *model.input_shape[1:])).astype(np.float32)
    np.testing.assert_array_equal(Predictor(model, 16)(x), model.predict(x, batch_size=32, verbose=0))


@pytest.mark.parametrize("name", ["dense", "convolution", "recurrent", "normalised", "sequence"])
def test_a_sample_is_predicted_alike_alone_and_among_others(name: str) -> None:
    """Neither the batch size nor what stands beside a sample changes a bit."""
    from nnrun.training.predicting import Predictor

    model = networks()[name]
    x = np.random.default_rng(0).normal(size=(37, *model.input_shape[1:])).astype(np.float32)
    expected = Predictor(model, 64)(x)
    for size in (1, 2, 3, 36):
        np.testing.assert_array_equal(Predictor(model, size)(x), expected)
    predictor = Predictor(model, 16)
    np.testing.assert_array_equal(np.concatenate([predictor(x[n : n + 1]) for n in range(37)]), expected)


def test_no_samples_have_no_outputs() -> None:
    """An empty array gives one, of the right shape."""
    from nnrun.training.predicting import Predictor

    assert Predictor(networks()["dense"], 8)(np.zeros((0, 30), np.float32)).shape == (0, 1)


def test_mapped_samples_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """More samples than fit in one call: the same outputs, never all of them at once."""
    from nnrun.training import predicting

    model = networks()["dense"]
    x = np.random.default_rng(0).normal(size=(500, 30)).astype(np.float32)
    most = 0

    def prepare(rows: Any) -> Any:
        nonlocal most
        most = max(most, len(rows))
        return rows

    expected = predicting.Predictor(model, 16)(x)
    monkeypatch.setattr(predicting, "_CALL_BYTES", 16 * 31 * 4)
    mapped = MappedRows(x, np.arange(500)[::-1], prepare)
    np.testing.assert_array_equal(predicting.Predictor(model, 16)(mapped), expected[::-1])
    assert most == 16


def test_batches_fit_the_layers() -> None:
    """Wide layers get small batches, narrow ones large ones, and never fewer than in training."""
    import keras

    from nnrun.training.predicting import fitting_batch_size

    narrow = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    wide = keras.Sequential([keras.Input((256, 256, 3)), keras.layers.Conv2D(32, 3)])
    assert fitting_batch_size(narrow, 1) == 1024
    assert fitting_batch_size(narrow, 5000) == 5008
    assert fitting_batch_size(wide, 1) == 16
    assert fitting_batch_size(wide, 20) == 32
