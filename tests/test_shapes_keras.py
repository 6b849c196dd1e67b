"""The shapes and parameter counts of nnrun are those of Keras, for random layers, arguments and inputs."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from nnrun.config.keras_object import KerasObject
from nnrun.config.shapes import Effect, MisfitError, NotKnownError, Shape, effect_of
from nnrun.config.shapes.layer import WRAPPERS
from nnrun.config.shapes.table import LAYERS

ROUNDS = 24
"""Random cases per layer; with all layers they take about half a minute."""

Draw = Callable[[random.Random], dict[str, Any]]


def maybe(rng: random.Random, **choices: Any) -> dict[str, Any]:
    """Returns some of the arguments, each with one of its values; a function draws its value."""
    return {
        name: values(rng) if callable(values) else rng.choice(values)
        for name, values in choices.items()
        if rng.random() < 0.6
    }


def sizes(count: int, low: int = 1, high: int = 3) -> Callable[[random.Random], Any]:
    """Draws one number for all dimensions, or one for each."""
    return lambda rng: (
        rng.randint(low, high) if rng.random() < 0.4 else [rng.randint(low, high) for _ in range(count)]
    )


def pairs(count: int) -> Callable[[random.Random], Any]:
    """Draws what padding and cropping take."""

    def draw(rng: random.Random) -> Any:
        if count == 1:
            return sizes(2, 0)(rng)
        if rng.random() < 0.5:
            return sizes(count, 0)(rng)
        return [[rng.randint(0, 3), rng.randint(0, 3)] for _ in range(count)]

    return draw


def convolution(rank: int, *, causal: bool = False, **more: Any) -> Draw:
    """Draws the arguments of a layer with a kernel."""
    padding = ["valid", "same", *(["causal"] if causal else [])]

    def draw(rng: random.Random) -> dict[str, Any]:
        strided = rng.random() < 0.7
        return {
            "kernel_size": sizes(rank)(rng),
            **maybe(rng, padding=padding, use_bias=[True, False], trainable=[True, False], **more),
            **(maybe(rng, strides=sizes(rank)) if strided else maybe(rng, dilation_rate=sizes(rank))),
        }

    return draw


def with_filters(draw: Draw) -> Draw:
    """Adds the number of filters."""
    return lambda rng: {"filters": rng.randint(1, 6), **draw(rng)}


def arguments(**choices: Any) -> Draw:
    """Draws some of these arguments."""
    return lambda rng: maybe(rng, **choices)


def required(draw: Draw, **choices: Any) -> Draw:
    """Adds arguments that are always given."""
    return lambda rng: {
        **{name: value(rng) if callable(value) else rng.choice(value) for name, value in choices.items()},
        **draw(rng),
    }


def recurrent(**more: Any) -> Draw:
    """Draws the arguments of a recurrent layer."""
    choices = {name: [True, False] for name in ("return_sequences", "use_bias", "trainable")}
    return required(arguments(**choices, **more), units=lambda rng: rng.randint(1, 4))


def inner(*names: str) -> Callable[[random.Random], KerasObject]:
    """Draws a layer to wrap."""
    return lambda rng: layer_of(rng.choice(names), rng)


def permutation(rng: random.Random) -> list[int]:
    """Draws dimensions in some order, seldom a wrong one."""
    dims = list(range(1, rng.randint(1, 4) + 1))
    rng.shuffle(dims)
    return [*dims, 1] if rng.random() < 0.1 else dims


NORMALIZATION = arguments(axis=[-1, 1, 2, 3], scale=[True, False], center=[True, False])
IMAGE_SIZE = required(arguments(), height=[1, 3, 20], width=[1, 4, 20])
NOTHING = arguments()

SPATIAL: Mapping[str, Callable[[int], Draw]] = {
    "MaxPooling": lambda rank: arguments(
        pool_size=sizes(rank), strides=sizes(rank), padding=["valid", "same"]
    ),
    "AveragePooling": lambda rank: required(
        arguments(strides=sizes(rank), padding=["valid", "same"]), pool_size=sizes(rank)
    ),
    "GlobalMaxPooling": lambda rank: arguments(keepdims=[True, False]),
    "GlobalAveragePooling": lambda rank: arguments(keepdims=[True, False]),
    "ZeroPadding": lambda rank: arguments(padding=pairs(rank)),
    "Cropping": lambda rank: arguments(cropping=pairs(rank)),
    "UpSampling": lambda rank: arguments(size=[1, 2, 3] if rank == 1 else sizes(rank)),
    "SpatialDropout": lambda rank: required(NOTHING, rate=[0.5]),
    "Conv": lambda rank: with_filters(convolution(rank, causal=rank == 1, groups=[1, 2, 3])),
    "SeparableConv": lambda rank: with_filters(convolution(rank, depth_multiplier=[1, 2])),
    "DepthwiseConv": lambda rank: convolution(rank, depth_multiplier=[1, 2]),
}

DRAWS: dict[str, Draw] = {
    **{
        f"{name}{rank}D": draw(rank)
        for name, draw in SPATIAL.items()
        for rank in (1, 2, 3)
        if f"{name}{rank}D" in LAYERS
    },
    **{
        f"Conv{rank}DTranspose": with_filters(convolution(rank, output_padding=sizes(rank, 0, 1)))
        for rank in (1, 2, 3)
    },
    "Dense": required(
        arguments(use_bias=[True, False], trainable=[True, False], activation=["relu", None]), units=[1, 7]
    ),
    "Embedding": required(NOTHING, input_dim=[50], output_dim=[1, 4]),
    "Flatten": NOTHING,
    "Reshape": required(
        NOTHING,
        target_shape=lambda rng: [
            rng.choice([-1, 1, 2, 3, 4, 6, 8, 12]) for _ in range(rng.choice([1, 1, 2, 2, 3]))
        ],
    ),
    "Permute": required(NOTHING, dims=permutation),
    "RepeatVector": required(NOTHING, n=[1, 5]),
    "SimpleRNN": recurrent(),
    "GRU": recurrent(reset_after=[True, False]),
    "LSTM": recurrent(unit_forget_bias=[True, False]),
    "BatchNormalization": lambda rng: {
        **NORMALIZATION(rng), **maybe(rng, renorm=[True, False], trainable=[True, False])
    },
    "LayerNormalization": lambda rng: {
        **NORMALIZATION(rng), **({"axis": [1, -1]} if rng.random() < 0.2 else {})
    },
    "RMSNormalization": arguments(axis=[-1, 1, 2, 3]),
    "GroupNormalization": lambda rng: {**NORMALIZATION(rng), "groups": rng.choice([1, 2, 3])},
    "UnitNormalization": arguments(axis=[-1, 1, 2, 3, [1, 2]]),
    "Activation": required(NOTHING, activation=["relu", "softmax", "swish"]),
    "ReLU": arguments(max_value=[6.0]),
    "LeakyReLU": NOTHING,
    "ELU": NOTHING,
    "Softmax": NOTHING,
    "PReLU": arguments(shared_axes=[[1], [1, 2], [3], [2, 3]], trainable=[False]),
    **{name: required(NOTHING, rate=[0.2]) for name in ("Dropout", "AlphaDropout", "GaussianDropout")},
    "GaussianNoise": required(NOTHING, stddev=[0.2]),
    "ActivityRegularization": arguments(l2=[0.1]),
    "Masking": NOTHING,
    "Identity": NOTHING,
    "Rescaling": required(NOTHING, scale=[0.1]),
    "RandomBrightness": required(NOTHING, factor=[0.1]),
    "RandomContrast": required(NOTHING, factor=[0.1]),
    "RandomFlip": arguments(mode=["horizontal"]),
    "RandomRotation": required(NOTHING, factor=[0.1]),
    "RandomShear": arguments(x_factor=[0.1], y_factor=[0.1]),
    "RandomTranslation": required(NOTHING, height_factor=[0.1], width_factor=[0.1]),
    "RandomZoom": required(NOTHING, height_factor=[0.1]),
    "RandomCrop": IMAGE_SIZE,
    "CenterCrop": IMAGE_SIZE,
    "Resizing": IMAGE_SIZE,
    "Bidirectional": required(
        arguments(merge_mode=["concat", "sum", "mul", "ave"], trainable=[True, False]),
        layer=inner("SimpleRNN", "GRU", "LSTM"),
    ),
    "TimeDistributed": required(
        arguments(trainable=[True, False]),
        layer=inner("Dense", "Conv2D", "Flatten", "LSTM", "BatchNormalization", "MaxPooling2D", "Reshape"),
    ),
}  # fmt: skip

RANKS = {"RepeatVector": 1, "SimpleRNN": 2, "GRU": 2, "LSTM": 2, "Bidirectional": 2}


def layer_of(name: str, rng: random.Random) -> KerasObject:
    """Returns a layer with random arguments."""
    return KerasObject("layer", name, name, DRAWS[name](rng))


def shape_for(name: str, rng: random.Random) -> Shape:
    """Returns a shape that often has the dimensions that a layer takes."""
    digits = [int(letter) for letter in name if letter.isdigit()]
    rank = digits[0] + 1 if digits else RANKS.get(name, 3 if name.startswith(("Random", "Re", "Cen")) else 0)
    if not rank or rng.random() < 0.2:
        rank = rng.randint(1, 4)
    shape = [rng.choice([1, 2, 3, 4, 6, 8]) for _ in range(rank)]
    if name == "TimeDistributed" and rng.random() < 0.8:
        shape = [rng.randint(1, 4), *(rng.choice([4, 6]) for _ in range(rng.choice([1, 3])))]
    return tuple(None if rng.random() < 0.1 else size for size in shape)


def judged(layer: KerasObject, shape: Shape) -> Effect | str:
    """Returns what nnrun says: the effect, `unknown`, or why the layer does not fit."""
    try:
        return effect_of(layer, shape)
    except NotKnownError:
        return "unknown"
    except MisfitError as misfit:
        return misfit.expected


def constructed(layer: KerasObject) -> Any:
    """Returns the layer of Keras."""
    import keras

    values = {
        name: constructed(value) if isinstance(value, KerasObject) else value
        for name, value in layer.keyword_arguments().items()
    }
    return getattr(keras.layers, layer.name)(**values)


def refused_by_keras(layer: KerasObject, shape: Shape) -> bool:
    """Returns whether Keras refuses a layer when it is built or in a training step, or puts out nothing."""
    import keras
    import numpy as np
    import tensorflow as tf

    given = np.zeros([2, *(4 if size is None else size for size in shape)], "float32")
    try:
        built = constructed(layer)
        output = built(keras.Input(shape))
        output = built(given, training=True)
    except (ValueError, TypeError, IndexError, AssertionError, tf.errors.InvalidArgumentError):
        return True
    return math.prod(output.shape) == 0


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*LAYERS, *WRAPPERS} - {"Input", "InputLayer"}))
def test_a_layer_does_what_keras_says(name: str) -> None:
    """Where a shape is given, Keras gives it too, with the same counts; what does not fit, Keras refuses."""
    import keras

    rng = random.Random(name)
    given = 0
    for _ in range(ROUNDS):
        layer, shape = layer_of(name, rng), shape_for(name, rng)
        case = f"{layer.written()} on {shape}"
        said = judged(layer, shape)
        if isinstance(said, str):
            assert said == "unknown" or refused_by_keras(layer, shape), f"{case}: {said}"
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a Flatten without a known size, a tiny renorm and the like
            built = constructed(layer)
            output = built(keras.Input(shape))
        counts = [
            sum(math.prod(weight.shape) for weight in weights)
            for weights in (built.trainable_weights, built.non_trainable_weights)
        ]
        assert (tuple(output.shape[1:]), *counts) == (said.shape, said.trainable, said.non_trainable), case
        assert built.count_params() == said.parameters, case
        given += 1
    assert given >= ROUNDS // 5, f"too few of the random cases fit: {given}"


def test_every_layer_of_the_table_is_compared() -> None:
    """No layer is added without being compared with Keras."""
    assert {*DRAWS, "Input", "InputLayer"} == {*LAYERS, *WRAPPERS}
