"""The same batches give the same bits as `model.fit`: weights, optimizer, losses and metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

EPOCHS = 3
SEED = 11
SAMPLES = 45
BATCH = 8  # five full batches and one of five samples


@pytest.fixture(scope="module")
def keras() -> Any:
    """Keras, imported as nnrun imports it."""
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    import keras

    return keras


def train_with_fit(
    make: Callable[[], Any], data: Any, class_weight: Any
) -> tuple[Any, list[dict[str, float]]]:
    """Trains with `fit`, one epoch at a time on the samples in nnrun's order, without its own shuffling."""
    from nnrun.training.ordering import epoch_order

    (x, y), validation = data
    model = make()
    history: list[dict[str, float]] = []
    for epoch in range(1, EPOCHS + 1):
        order = epoch_order(len(x), SEED, epoch, shuffle=True)
        logs = model.fit(
            x[order],
            y[order],
            batch_size=BATCH,
            epochs=epoch,
            initial_epoch=epoch - 1,
            shuffle=False,
            verbose=0,
            class_weight=class_weight,
            validation_data=validation,
            validation_batch_size=BATCH,
        ).history
        history.append({name: values[-1] for name, values in logs.items()})
    return model, history


def train_with_nnrun(
    make: Callable[[], Any], data: Any, class_weight: Any
) -> tuple[Any, list[dict[str, float]]]:
    """Trains with nnrun's engine."""
    from nnrun.data.splits import Split
    from nnrun.events import EpochEnded, Event
    from nnrun.training.batches import to_device
    from nnrun.training.engine import Engine, Schedule
    from nnrun.training.hooks import Hooks

    (x, y), (x_validation, y_validation) = data
    classes = (np.argmax(y, axis=-1) if y.shape[-1] > 1 else y.ravel()).astype(np.int32)
    history: list[dict[str, float]] = []

    def listen(event: Event) -> None:
        if isinstance(event, EpochEnded):
            history.append(dict(event.metrics))

    model = make()
    engine = Engine(
        model=model,
        train=to_device(Split(x, y, classes), BATCH, class_weight),
        validation=to_device(Split(x_validation, y_validation), BATCH),
        schedule=Schedule(EPOCHS, SEED),
        hooks=Hooks([], model, EPOCHS, 6),
        emit=listen,
    )
    engine.prepare()
    engine.run(lambda epoch, logs: False)
    return model, history


def state(model: Any) -> list[np.ndarray]:
    """Returns all variables of a model and its optimizer."""
    return [np.array(variable.numpy()) for variable in [*model.variables, *model.optimizer.variables]]


def assert_equal(make: Callable[[], Any], data: Any, class_weight: Any = None) -> None:
    """Fails unless both ways of training give the same bits."""
    by_fit, fit_history = train_with_fit(make, data, class_weight)
    by_nnrun, history = train_with_nnrun(make, data, class_weight)
    assert history == fit_history
    pairs = list(zip(state(by_fit), state(by_nnrun), strict=True))
    assert len(pairs) > 4
    for expected, received in pairs:
        np.testing.assert_array_equal(received, expected)
    before = make()
    assert any(not np.array_equal(a, b) for a, b in zip(state(before), state(by_nnrun), strict=False))


def classification_data(labels: str) -> Any:
    """Returns training and validation data of three classes in five features."""
    random = np.random.default_rng(5)
    x = random.normal(size=(SAMPLES + 13, 5)).astype(np.float32)
    index = random.integers(0, 3, SAMPLES + 13)
    if labels == "one_hot":
        y = np.eye(3, dtype=np.float32)[index]
    elif labels == "binary":
        y = (index > 0).astype(np.float32)[:, None]
    else:
        y = index.astype(np.int32)[:, None]
    return (x[:SAMPLES], y[:SAMPLES]), (x[SAMPLES:], y[SAMPLES:])


def dense(
    keras: Any, optimizer: Callable[[], Any], loss: str, units: int, activation: str | None
) -> Callable[[], Any]:
    """Returns a maker of a compiled dense network with dropout."""

    def make() -> Any:
        keras.utils.set_random_seed(SEED)
        model = keras.Sequential(
            [
                keras.Input((5,)),
                keras.layers.Dense(16, activation="relu"),
                keras.layers.Dropout(0.3),
                keras.layers.Dense(units, activation=activation),
            ]
        )
        model.compile(optimizer=optimizer(), loss=loss, metrics=["accuracy"])
        return model

    return make


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adadelta"])
def test_optimizer_gives_the_bits_of_fit(keras: Any, name: str) -> None:
    """Dropout, a short last batch and validation included."""
    make = dense(
        keras, lambda: getattr(keras.optimizers, name)(0.05), "categorical_crossentropy", 3, "softmax"
    )
    assert_equal(make, classification_data("one_hot"))


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adadelta"])
def test_class_weights_give_the_bits_of_fit(keras: Any, name: str) -> None:
    """Weights by class become weights by sample, as in `fit`."""
    make = dense(
        keras, lambda: getattr(keras.optimizers, name)(0.05), "categorical_crossentropy", 3, "softmax"
    )
    assert_equal(make, classification_data("one_hot"), {0: 1.0, 1: 3.0, 2: 0.25})


def test_class_weight_changes_the_result(keras: Any) -> None:
    """The test above would pass if both sides ignored the weights."""
    make = dense(keras, lambda: keras.optimizers.SGD(0.05), "categorical_crossentropy", 3, "softmax")
    data = classification_data("one_hot")
    _, plain = train_with_nnrun(make, data, None)
    _, weighted = train_with_nnrun(make, data, {0: 1.0, 1: 3.0, 2: 0.25})
    assert plain != weighted


def test_sparse_labels_give_the_bits_of_fit(keras: Any) -> None:
    """Integer labels."""
    make = dense(keras, lambda: keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy", 3, "softmax")
    assert_equal(make, classification_data("index"))


def test_binary_labels_give_the_bits_of_fit(keras: Any) -> None:
    """One sigmoid unit."""
    make = dense(keras, lambda: keras.optimizers.Adadelta(1.0), "binary_crossentropy", 1, "sigmoid")
    assert_equal(make, classification_data("binary"), {0: 0.5, 1: 2.0})


def test_schedule_and_clipping_give_the_bits_of_fit(keras: Any) -> None:
    """A learning-rate schedule counts every batch, also within a chunk."""

    def optimizer() -> Any:
        rate = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=3, decay_rate=0.7)
        return keras.optimizers.SGD(rate, momentum=0.9, clipnorm=0.5)

    make = dense(keras, optimizer, "categorical_crossentropy", 3, "softmax")
    assert_equal(make, classification_data("one_hot"))


def test_convolution_gives_the_bits_of_fit(keras: Any) -> None:
    """Convolution, pooling, batch normalisation with its moving statistics, and regularisation losses."""
    random = np.random.default_rng(2)
    x = random.normal(size=(SAMPLES + 13, 8, 8, 1)).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[random.integers(0, 4, SAMPLES + 13)]

    def make() -> Any:
        keras.utils.set_random_seed(SEED)
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
                keras.layers.BatchNormalization(),
                keras.layers.MaxPooling2D(),
                keras.layers.Flatten(),
                keras.layers.Dropout(0.5),
                keras.layers.Dense(4, activation="softmax"),
            ]
        )
        model.compile(
            optimizer="rmsprop",
            loss="categorical_crossentropy",
            metrics=["accuracy", keras.metrics.AUC(name="auc")],
        )
        return model

    assert_equal(make, ((x[:SAMPLES], y[:SAMPLES]), (x[SAMPLES:], y[SAMPLES:])))


def test_recurrent_network_gives_the_bits_of_fit(keras: Any) -> None:
    """Embedding and LSTM over token numbers, with masking of zeros."""
    random = np.random.default_rng(3)
    x = random.integers(0, 20, size=(SAMPLES + 13, 6)).astype(np.int32)
    y = (x[:, :1] > 10).astype(np.float32)

    def make() -> Any:
        keras.utils.set_random_seed(SEED)
        model = keras.Sequential(
            [
                keras.Input((6,), dtype="int32"),
                keras.layers.Embedding(20, 4, mask_zero=True),
                keras.layers.LSTM(5, dropout=0.2),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
        return model

    assert_equal(make, ((x[:SAMPLES], y[:SAMPLES]), (x[SAMPLES:], y[SAMPLES:])))
