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
EVEN = 40  # five full batches

Arrays = tuple[np.ndarray, ...]
History = list[dict[str, float]]


@pytest.fixture(scope="module")
def keras() -> Any:
    """Keras, imported as nnrun imports it."""
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    import keras

    return keras


def train_with_fit(
    model: Any, train: Arrays, validation: Arrays, class_weight: Any = None, epochs: int = EPOCHS
) -> History:
    """Trains with `fit`, one epoch at a time on the samples in nnrun's order, without its own shuffling."""
    from nnrun.training.ordering import epoch_order
    from nnrun.training.steps import flat

    history: History = []
    for epoch in range(1, epochs + 1):
        order = epoch_order(len(train[0]), SEED, epoch, shuffle=True)
        x, y, *weights = (array[order] for array in train)
        logs = model.fit(
            x,
            y,
            sample_weight=weights[0] if weights else None,
            batch_size=BATCH,
            epochs=epoch,
            initial_epoch=epoch - 1,
            shuffle=False,
            verbose=0,
            class_weight=class_weight,
            validation_data=validation,
            validation_batch_size=BATCH,
        ).history
        history.append(flat({name: values[-1] for name, values in logs.items()}))
    return history


def train_with_nnrun(
    model: Any,
    train: Arrays,
    validation: Arrays,
    class_weight: Any = None,
    epochs: int = EPOCHS,
    *,
    stream: bool = False,
) -> History:
    """Trains with nnrun's engine; `stream` hands it the samples in pieces of two batches."""
    from nnrun.data.splits import Split
    from nnrun.events import EpochEnded, Event
    from nnrun.training.batches import arrays_of, resident
    from nnrun.training.engine import Engine, Schedule
    from nnrun.training.hooks import Hooks
    from nnrun.training.streaming import StreamedData

    x, y, *weights = train
    classes = (np.argmax(y, axis=-1) if y.shape[-1] > 1 else y.ravel()).astype(np.int32)
    arrays = arrays_of(Split(x, y, classes, *weights), class_weight)
    history: History = []

    def listen(event: Event) -> None:
        if isinstance(event, EpochEnded):
            history.append(dict(event.metrics))

    engine = Engine(
        model=model,
        train=StreamedData(arrays, len(x), BATCH, 2) if stream else resident(arrays, BATCH),
        validation=resident(validation, BATCH),
        schedule=Schedule(epochs, SEED),
        hooks=Hooks([], model, epochs, 6),
        emit=listen,
        jit_compile=model.jit_compile,
    )
    engine.prepare()
    engine.run(lambda epoch, logs: False)
    return history


def state(model: Any) -> list[np.ndarray]:
    """Returns all variables of a model and its optimizer."""
    return [np.array(variable.numpy()) for variable in [*model.variables, *model.optimizer.variables]]


def assert_equal(
    make: Callable[[], Any],
    data: tuple[Arrays, Arrays],
    class_weight: Any = None,
    epochs: int = EPOCHS,
    *,
    stream: bool = False,
) -> None:
    """Fails unless both ways of training give the same bits."""
    by_fit, by_nnrun, before = make(), make(), make()
    expected = train_with_fit(by_fit, *data, class_weight, epochs)
    assert train_with_nnrun(by_nnrun, *data, class_weight, epochs, stream=stream) == expected
    pairs = list(zip(state(by_fit), state(by_nnrun), strict=True))
    assert len(pairs) > 4
    for wanted, received in pairs:
        np.testing.assert_array_equal(received, wanted)
    assert any(not np.array_equal(a, b) for a, b in zip(state(before), state(by_nnrun), strict=False))


def classification_data(labels: str, samples: int = SAMPLES) -> tuple[Arrays, Arrays]:
    """Returns training and validation data of three classes in five features."""
    random = np.random.default_rng(5)
    x = random.normal(size=(samples + 13, 5)).astype(np.float32)
    index = random.integers(0, 3, samples + 13)
    if labels == "one_hot":
        y = np.eye(3, dtype=np.float32)[index]
    elif labels == "binary":
        y = (index > 0).astype(np.float32)[:, None]
    elif labels == "values":
        y = (x[:, :2] ** 2 + 0.1).astype(np.float32)
    else:
        y = index.astype(np.int32)[:, None]
    return (x[:samples], y[:samples]), (x[samples:], y[samples:])


def dense(
    keras: Any,
    optimizer: Callable[[], Any],
    loss: Any,
    units: int,
    activation: str | None,
    metrics: Callable[[], list[Any]] = lambda: ["accuracy"],
    **compiled: Any,
) -> Callable[[], Any]:
    """Returns a maker of a compiled dense network with dropout."""

    def make() -> Any:
        keras.utils.clear_session()
        keras.utils.set_random_seed(SEED)
        model = keras.Sequential(
            [
                keras.Input((5,)),
                keras.layers.Dense(16, activation="relu"),
                keras.layers.Dropout(0.3),
                keras.layers.Dense(units, activation=activation),
            ]
        )
        model.compile(
            optimizer=optimizer(), loss=loss, metrics=metrics(), **{"jit_compile": False} | compiled
        )
        return model

    return make


def stack(
    keras: Any, layers: Callable[[], list[Any]], loss: str = "binary_crossentropy", **compiled: Any
) -> Callable[[], Any]:
    """Returns a maker of any compiled stack of layers."""

    def make() -> Any:
        keras.utils.clear_session()
        keras.utils.set_random_seed(SEED)
        model = keras.Sequential(layers())
        settings = {"optimizer": "adam", "metrics": ["accuracy"], "jit_compile": False}
        model.compile(loss=loss, **settings | compiled)
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
    plain = train_with_nnrun(make(), *data)
    weighted = train_with_nnrun(make(), *data, {0: 1.0, 1: 3.0, 2: 0.25})
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


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("samples", [SAMPLES, EVEN, 5])
@pytest.mark.parametrize("stream", [False, True])
def test_batches_give_the_bits_of_fit(keras: Any, jit_compile: bool, samples: int, stream: bool) -> None:
    """With and without a short last batch, and with nothing but one; with XLA, against `fit` with XLA; in pieces."""
    make = dense(
        keras,
        lambda: keras.optimizers.Adam(0.05),
        "categorical_crossentropy",
        3,
        "softmax",
        jit_compile=jit_compile,
    )
    assert_equal(make, classification_data("one_hot", samples), stream=stream)


def test_sample_weights_give_the_bits_of_fit(keras: Any) -> None:
    """Weights by sample, with metrics that take them into account and metrics that do not."""
    make = dense(
        keras,
        lambda: keras.optimizers.Adam(0.05),
        "categorical_crossentropy",
        3,
        "softmax",
        weighted_metrics=["accuracy", "mse"],
    )
    (x, y), validation = classification_data("one_hot")
    weights = np.random.default_rng(1).random(len(x)).astype(np.float32)
    assert_equal(make, ((x, y, weights), validation))


def test_sample_and_class_weights_multiply(keras: Any) -> None:
    """`fit` takes one of them; both together are the product."""
    make = dense(keras, lambda: keras.optimizers.Adam(0.05), "categorical_crossentropy", 3, "softmax")
    (x, y), validation = classification_data("one_hot")
    weights = np.random.default_rng(1).random(len(x)).astype(np.float32)
    by_class = np.array([1.0, 3.0, 0.25], np.float32)[y.argmax(axis=1)]
    both, product = make(), make()
    history = train_with_nnrun(both, (x, y, weights), validation, {0: 1.0, 1: 3.0, 2: 0.25})
    assert history == train_with_fit(product, (x, y, weights * by_class), validation)
    for one, other in zip(state(both), state(product), strict=True):
        np.testing.assert_array_equal(one, other)


LOSSES = {
    "one_hot": ["CategoricalFocalCrossentropy", "CategoricalHinge", "KLDivergence", "CosineSimilarity"],
    "index": ["CategoricalGeneralizedCrossEntropy"],
    "binary": ["BinaryFocalCrossentropy", "Hinge", "SquaredHinge"],
    "values": [
        "MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError",
        "Huber", "LogCosh", "Poisson",
    ],
}  # fmt: skip
OUTPUTS = {
    "one_hot": (3, "softmax"),
    "index": (3, "softmax"),
    "binary": (1, "sigmoid"),
    "values": (2, "softplus"),
}


@pytest.mark.parametrize(("labels", "loss"), [(labels, loss) for labels in LOSSES for loss in LOSSES[labels]])
def test_every_loss_gives_the_bits_of_fit(keras: Any, labels: str, loss: str) -> None:
    """All losses that a config can name and that are not tried above."""
    units, activation = OUTPUTS[labels]
    make = dense(
        keras,
        keras.optimizers.Adam,
        getattr(keras.losses, loss)(),
        units,
        activation,
        list,
    )
    assert_equal(make, classification_data(labels))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_metrics_of_classes_give_the_bits_of_fit(keras: Any, jit_compile: bool) -> None:
    """Curves, thresholds, ranks and figures by class, each with state of its own."""
    # What XLA makes of the area under a curve differs in the last digit; the rule leaves such networks alone.
    curves = [] if jit_compile else ["ROC", "PR"]

    def metrics() -> list[Any]:
        names = ["CategoricalAccuracy", "CategoricalCrossentropy", "F1Score", "Recall", "CosineSimilarity"]
        return [
            *(getattr(keras.metrics, name)() for name in names),
            *(keras.metrics.AUC(curve=curve, multi_label=curve == "PR", name=curve) for curve in curves),
            keras.metrics.TopKCategoricalAccuracy(2),
            keras.metrics.Precision(thresholds=[0.2, 0.5, 0.8]),
            keras.metrics.PrecisionAtRecall(0.6),
            keras.metrics.SensitivityAtSpecificity(0.4),
            keras.metrics.OneHotMeanIoU(num_classes=3),
        ]

    make = dense(
        keras,
        keras.optimizers.Adam,
        "categorical_crossentropy",
        3,
        "softmax",
        metrics,
        jit_compile=jit_compile,
    )
    assert_equal(make, classification_data("one_hot"))


def test_metrics_of_values_give_the_bits_of_fit(keras: Any) -> None:
    """Errors, and the coefficient of determination."""

    def metrics() -> list[Any]:
        names = ["MeanAbsoluteError", "RootMeanSquaredError", "R2Score", "LogCoshError", "PearsonCorrelation"]
        return [getattr(keras.metrics, name)() for name in names]

    make = dense(keras, keras.optimizers.Adam, "mse", 2, None, metrics)
    assert_equal(make, classification_data("values"))


@pytest.mark.parametrize(
    "arguments",
    [
        {"gradient_accumulation_steps": 3},
        {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 4},
        {"global_clipnorm": 0.1},
        {"clipvalue": 0.01, "weight_decay": 0.01},
        {"loss_scale_factor": 128.0},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_optimizer_arguments_give_the_bits_of_fit(keras: Any, arguments: dict[str, Any]) -> None:
    """Accumulated, clipped and scaled gradients, decay, moving averages of the weights."""
    make = dense(
        keras,
        lambda: keras.optimizers.SGD(0.1, momentum=0.9, **arguments),
        "categorical_crossentropy",
        3,
        "softmax",
    )
    # `fit` puts the averages in place at its end, and here it is called once per epoch.
    assert_equal(make, classification_data("one_hot"), epochs=1 if "use_ema" in arguments else EPOCHS)


def test_loss_weights_give_the_bits_of_fit(keras: Any) -> None:
    """A weight of the whole loss."""
    make = dense(keras, keras.optimizers.SGD, "categorical_crossentropy", 3, "softmax", loss_weights=[2.5])
    assert_equal(make, classification_data("one_hot"))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_gives_the_bits_of_fit(keras: Any, policy: str) -> None:
    """With 16-bit floats the loss is scaled, by a factor that is part of the state."""
    keras.config.set_dtype_policy(policy)
    try:
        make = dense(keras, keras.optimizers.Adam, "categorical_crossentropy", 3, "softmax")
        assert_equal(make, classification_data("one_hot"))
    finally:
        keras.config.set_dtype_policy("float32")


def image_data(samples: int = SAMPLES) -> tuple[Arrays, Arrays]:
    """Returns training and validation data of four classes of small images."""
    random = np.random.default_rng(2)
    x = random.normal(size=(samples + 13, 8, 8, 1)).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[random.integers(0, 4, samples + 13)]
    return (x[:samples], y[:samples]), (x[samples:], y[samples:])


@pytest.mark.parametrize("samples", [SAMPLES, EVEN])
def test_convolution_gives_the_bits_of_fit(keras: Any, samples: int) -> None:
    """Convolution, pooling, batch normalisation with its moving statistics, and regularisation losses."""

    def layers() -> list[Any]:
        return [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
            keras.layers.BatchNormalization(),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(4, activation="softmax", activity_regularizer="l1"),
        ]

    make = stack(keras, layers, "categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy", "auc"])
    assert_equal(make, image_data(samples))


def test_augmentation_gives_the_bits_of_fit(keras: Any) -> None:
    """Layers that change images at random, by seeds that are part of the state."""

    def layers() -> list[Any]:
        return [
            keras.Input((8, 8, 1)),
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomTranslation(0.2, 0.2),
            keras.layers.GaussianNoise(0.1),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax"),
        ]

    assert_equal(stack(keras, layers, "categorical_crossentropy"), image_data())


def token_data(samples: int = SAMPLES) -> tuple[Arrays, Arrays]:
    """Returns training and validation data of two classes of sequences of token numbers."""
    random = np.random.default_rng(3)
    x = random.integers(0, 20, size=(samples + 13, 6)).astype(np.int32)
    y = (x[:, :1] > 10).astype(np.float32)
    return (x[:samples], y[:samples]), (x[samples:], y[samples:])


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("samples", [SAMPLES, EVEN])
def test_embedding_gives_the_bits_of_fit(keras: Any, samples: int, jit_compile: bool) -> None:
    """The mean over a sequence, where TensorFlow rounds otherwise if it knows the size of a batch."""

    def layers() -> list[Any]:
        return [
            keras.Input((6,), dtype="int32"),
            keras.layers.Embedding(20, 4),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]

    assert_equal(stack(keras, layers, jit_compile=jit_compile), token_data(samples))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_recurrent_network_gives_the_bits_of_fit(keras: Any, jit_compile: bool) -> None:
    """Embedding with masking of zeros, and recurrent layers in both directions."""

    def layers() -> list[Any]:
        return [
            keras.Input((6,), dtype="int32"),
            keras.layers.Embedding(20, 4, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True)),
            keras.layers.LSTM(5, dropout=0.2),
            keras.layers.Dense(1, activation="sigmoid"),
        ]

    assert_equal(stack(keras, layers, jit_compile=jit_compile), token_data())


def test_stateful_network_gives_the_bits_of_fit(keras: Any) -> None:
    """A recurrent layer that carries its state from batch to batch, which fixes the size of a batch."""

    def layers() -> list[Any]:
        return [
            keras.Input(batch_shape=(BATCH, 6), dtype="int32"),
            keras.layers.Embedding(20, 4),
            keras.layers.LSTM(5, stateful=True),
            keras.layers.Dense(1, activation="sigmoid"),
        ]

    train, (x, y) = token_data(EVEN)
    assert_equal(stack(keras, layers), (train, (x[:BATCH], y[:BATCH])))
