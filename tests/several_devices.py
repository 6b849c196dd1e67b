"""Trains models on one device and on three logical ones, and prints how much the results differ.

A program of its own, as the devices of a process have to be made before TensorFlow starts, and all its trainings have
to share one strategy.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nnrun.training.startup import load_tensorflow

load_tensorflow()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers, metrics, optimizers  # noqa: E402

from nnrun.config.experiment import DistributeSection  # noqa: E402
from nnrun.data.splits import Split  # noqa: E402
from nnrun.events import EpochEnded, Event  # noqa: E402
from nnrun.interrupts import Interrupts  # noqa: E402
from nnrun.training.batches import arrays_of, resident  # noqa: E402
from nnrun.training.distribution import Distribution, start  # noqa: E402
from nnrun.training.engine import Engine, Schedule  # noqa: E402
from nnrun.training.hooks import Hooks  # noqa: E402
from nnrun.training.replicas import several_devices  # noqa: E402
from nnrun.training.snapshot import Snapshot, take  # noqa: E402
from nnrun.training.streaming import StreamedData  # noqa: E402

REPLICAS = 3
EPOCHS = 3
SAMPLES, VALIDATION = 45, 14
BATCH = 8  # parts of 2, 3 and 3 samples, and a last batch of five: 1, 2 and 2

Make = Callable[[], keras.Sequential]
Arrays = tuple[np.ndarray, ...]


def labelled(x: np.ndarray, y: np.ndarray) -> tuple[Arrays, Arrays]:
    """Returns training and validation data."""
    return (x[:SAMPLES], y[:SAMPLES]), (x[SAMPLES:], y[SAMPLES:])


random = np.random.default_rng(5)
VALUES = random.normal(size=(SAMPLES + VALIDATION, 5)).astype(np.float32)
INDEX = random.integers(0, 3, SAMPLES + VALIDATION)
CLASSES = labelled(VALUES, np.eye(3, dtype=np.float32)[INDEX])
BINARY = labelled(VALUES, (INDEX > 0).astype(np.float32)[:, None])
NUMBERS = labelled(VALUES, VALUES[:, :2] ** 2 + 0.1)
ONE_HOT = np.eye(3, dtype=np.float32)[INDEX]
TOKENS = labelled(random.integers(0, 9, VALUES.shape).astype(np.int32), ONE_HOT)
IMAGES = labelled(random.normal(size=(len(VALUES), 6, 6, 1)).astype(np.float32), ONE_HOT)


def train(
    make: Make,
    data: tuple[Arrays, Arrays],
    distribution: Distribution | None,
    *,
    batch: int = BATCH,
    class_weight: dict[int, float] | None = None,
    stream: bool = False,
    epochs: range = range(1, EPOCHS + 1),
    restored: Snapshot | None = None,
) -> tuple[keras.Sequential, list[dict[str, float]]]:
    """Trains a new model; returns it with the logs of the epochs."""
    (x, y), validation = data
    index = (np.argmax(y, axis=-1) if y.shape[-1] > 1 else y.ravel()).astype(np.int32)
    arrays = arrays_of(Split(x, y, index), class_weight)
    history: list[dict[str, float]] = []

    def listen(event: Event) -> None:
        if isinstance(event, EpochEnded):
            history.append(dict(event.metrics))

    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    several = {} if distribution is None else several_devices(distribution.strategy)
    with tf.distribute.get_strategy().scope() if distribution is None else distribution.strategy.scope():
        model = make()
    engine = Engine(
        model=model,
        train=StreamedData(arrays, len(x), batch, 2) if stream else resident(arrays, batch),
        validation=resident(validation, BATCH),
        schedule=Schedule(epochs.stop - 1, 11, first_epoch=epochs.start),
        hooks=Hooks([], model, EPOCHS, 6),
        emit=listen,
        restored=restored,
        **several,
    )
    engine.prepare()
    engine.run(lambda epoch, logs: False)
    return model, history


def model_of(
    optimizer: Callable[[], optimizers.Optimizer],
    *hidden: Callable[[], keras.Layer],
    loss: Any = "categorical_crossentropy",
    measured: Callable[[], list[Any]] = lambda: ["accuracy"],
    units: int = 3,
    activation: str | None = "softmax",
    shape: tuple[int, ...] = (5,),
    dtype: str = "float32",
    **compiled: Any,
) -> Make:
    """Returns what makes a model with these layers before the last one."""

    def make() -> keras.Sequential:
        inner = [layer() for layer in hidden] or [layers.Dense(7, activation="tanh")]
        model = keras.Sequential(
            [keras.Input(shape, dtype=dtype), *inner, layers.Dense(units, activation=activation)]
        )
        model.compile(optimizer(), loss, metrics=measured(), jit_compile=False, **compiled)
        return model

    return make


adam = partial(optimizers.Adam, 0.05)
dense = partial(layers.Dense, 7, activation="tanh")
normalized = partial(layers.BatchNormalization, synchronized=True)

CASES: dict[str, tuple[Make, tuple[Arrays, Arrays], dict[str, Any]]] = {
    "pieces, a last batch of one": (model_of(adam), CLASSES, {"batch": 11, "stream": True}),
    "class weights, clipnorm, regularizers, constraint": (
        model_of(
            partial(optimizers.SGD, 0.5, momentum=0.9, clipnorm=0.1),
            partial(dense, kernel_regularizer="l2", activity_regularizer="l1", bias_constraint="max_norm"),
            weighted_metrics=["accuracy"],
        ),
        CLASSES,
        {"class_weight": {0: 2.0, 2: 0.5}},
    ),
    "global_clipnorm, accumulated gradients": (
        model_of(partial(adam, global_clipnorm=0.1, gradient_accumulation_steps=3)),
        CLASSES,
        {},
    ),
    "loss scale": (model_of(lambda: optimizers.LossScaleOptimizer(adam(clipnorm=0.1))), CLASSES, {}),
    "batches of one, AUC, Precision": (
        model_of(
            partial(optimizers.SGD, 0.05),
            loss="binary_crossentropy",
            units=1,
            activation="sigmoid",
            measured=lambda: [metrics.AUC(), metrics.Precision(thresholds=0.3)],
        ),
        BINARY,
        {"batch": 1},
    ),
    "moving averages, R2Score": (
        model_of(
            partial(optimizers.AdamW, 0.05, use_ema=True, ema_overwrite_frequency=4),
            loss="mse",
            units=2,
            activation=None,
            measured=lambda: ["mae", metrics.R2Score()],
        ),
        NUMBERS,
        {},
    ),
    "convolution, synchronized BatchNormalization": (
        model_of(
            adam,
            # No bias: the next layer takes it away, and Adam makes steps of the rounding errors that are left.
            lambda: layers.Conv2D(4, 3, use_bias=False),
            normalized,
            layers.Flatten,
            shape=(6, 6, 1),
        ),
        IMAGES,
        {},
    ),
    "embedding": (
        model_of(
            partial(adam, clipnorm=0.3),
            lambda: layers.Embedding(9, 4, mask_zero=True),
            lambda: layers.LSTM(4),
            dtype="int32",
        ),
        TOKENS,
        {},
    ),
}
"""Models that have to be those of a single device, with their data and how they are trained."""


def difference(name: str, distribution: Distribution) -> dict[str, float]:
    """Returns the greatest difference of a weight, and that of a metric, to training on one device."""
    make, data, options = CASES[name]
    (one, expected), (several, history) = (train(make, data, on, **options) for on in (None, distribution))
    pairs = zip(take(one).arrays, take(several).arrays, strict=True)
    assert len(history) == EPOCHS
    return {
        "weights": max(float(np.abs(a.astype(np.float64) - b).max()) for a, b in pairs if a.size),
        "metrics": max(abs(a[key] - b[key]) for a, b in zip(expected, history, strict=True) for key in a),
    }


def own_statistics(distribution: Distribution) -> dict[str, Any]:
    """Tells what BatchNormalization and Dropout do on several devices, and whether that can be continued."""
    make = model_of(adam, dense, layers.BatchNormalization, partial(layers.Dropout, 0.4))
    whole, _ = train(make, CLASSES, distribution)
    half, _ = train(make, CLASSES, distribution, epochs=range(1, 2))
    rest, _ = train(make, CLASSES, distribution, epochs=range(2, EPOCHS + 1), restored=take(half))
    averages = [variable.value.values for variable in whole.layers[1].non_trainable_variables]
    (seeds,) = (generator.state.value.values for generator in whole.layers[2]._seed_generators)
    return {
        "equal averages": all(np.array_equal(mine[0], other) for mine in averages for other in mine[1:]),
        "seeds": len({int(seed.numpy()[0]) for seed in seeds}),
        "resumed": all(map(np.array_equal, take(whole).arrays, take(rest).arrays)),
    }


def main() -> None:
    """Prints what was found, as JSON."""
    section = DistributeSection(strategy="mirrored", devices=REPLICAS)
    distribution = start(section, "cpu", None, {}, Interrupts())
    found: dict[str, Any] = {name: difference(name, distribution) for name in CASES}
    found["own"] = own_statistics(distribution)
    found["facts"] = distribution.facts()
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
