"""From the config's description of Keras objects to a compiled `keras.Sequential`.

Only classes that the catalogue allows are ever constructed, with keyword arguments and nothing else: no
`from_config`, no deserialisation, no string that Keras would look up by itself except its own aliases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import tensorflow as tf

from nnrun.catalog.families import Family
from nnrun.config.keras_object import KerasObject
from nnrun.config.load import LoadedConfig
from nnrun.config.problems import ConfigError, KeyPath
from nnrun.training.blame import culprit

_MODULES: Mapping[Family, Any] = {
    "layer": keras.layers,
    "optimizer": keras.optimizers,
    "loss": keras.losses,
    "metric": keras.metrics,
    "callback": keras.callbacks,
    "initializer": keras.initializers,
    "regularizer": keras.regularizers,
    "constraint": keras.constraints,
    "schedule": keras.optimizers.schedules,
    "dtype_policy": keras.dtype_policies,
}

_REFUSALS = (
    AssertionError,
    IndexError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    tf.errors.InvalidArgumentError,
)
"""What Keras raises for layers that do not fit each other."""

# Written as a bare alias, these stay strings: Keras chooses the metric by the shape of the labels (`accuracy`), and
# names it in the logs as it was written.
_RESOLVED_BY_KERAS: frozenset[Family] = frozenset({"loss", "metric"})

_NOISE = re.compile(
    r"\x1b\[[0-9;]*m"  # codes for bold text in messages of Keras
    r"|Exception encountered when calling [\w.]+\(\)\.\s*"
    # Where it arose, in messages of TensorFlow.
    r"|Graph execution error:|Detected at node .*? defined at \(most recent call last\):"
    r'|File "[^"\n]*", line \d+, in \S+|<stack traces unavailable>'
    r"|\{\{function_node .*?\}\}|\[\[\{\{node .*?\}\}\]\]|\[Op:\w+\](?: name: \S*)?"
)
"""What says nothing to somebody who wrote no Python."""


def construct(loaded: LoadedConfig, obj: KerasObject, path: KeyPath) -> Any:
    """Constructs the Keras object that a config describes.

    Args:
        loaded: The config, for pointing at what is wrong.
        obj: The description.
        path: Where it stands in the config.

    Returns:
        An instance of its class; the name itself for functions such as the activation `relu`.

    Raises:
        ConfigError: Keras refuses the arguments.
    """
    if obj.class_name is None or (
        obj.family in _RESOLVED_BY_KERAS and not obj.arguments and obj.name != obj.class_name
    ):
        return obj.name
    inner = (*path, obj.name)
    arguments = {key: _value(loaded, value, (*inner, key)) for key, value in obj.arguments.items()}
    try:
        return getattr(_MODULES[obj.family], obj.class_name)(**arguments)
    except (ValueError, TypeError, AssertionError, NotImplementedError, ImportError) as error:
        where = inner if obj.arguments else path
        raise refused(loaded, where, f"Keras refuses this {obj.family}: {one_line(error)}") from error


def _value(loaded: LoadedConfig, value: Any, path: KeyPath) -> Any:
    if isinstance(value, KerasObject):
        return construct(loaded, value, path)
    if isinstance(value, Mapping):
        return {key: _value(loaded, item, (*path, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(loaded, item, (*path, index)) for index, item in enumerate(value)]
    return value


def _fresh_keras(loaded: LoadedConfig) -> None:
    """Makes Keras forget what this process built before, and sets what a config wants of all layers."""
    # Names such as `auc_1` and `dense_2` count what this process built before; a run must not.
    keras.utils.clear_session()
    # With it the frames of Keras would be missing, which tell where an error arose.
    keras.config.disable_traceback_filtering()
    keras.config.set_dtype_policy(loaded.experiment.model.dtype_policy)


def build_model(
    loaded: LoadedConfig,
    input_shape: Sequence[int],
    input_dtype: str,
    seed: int,
    scope: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> keras.Sequential:
    """Builds the stack of layers with fresh weights.

    The seed is set first, and layers are constructed in their order: initial weights are those of a script that
    calls `keras.utils.set_random_seed` and builds the same layers.

    Args:
        loaded: The config.
        input_shape: Shape of one sample.
        input_dtype: `float32`, or `int32` for token numbers.
        seed: Seed of Python, NumPy and TensorFlow.
        scope: What variables have to be made under.

    Raises:
        ConfigError: A layer cannot be constructed, or its input has a shape that it cannot take; the problem
            points at that layer.
    """
    _fresh_keras(loaded)
    with scope():
        return _built(loaded, input_shape, input_dtype, seed)


def _built(loaded: LoadedConfig, input_shape: Sequence[int], input_dtype: str, seed: int) -> keras.Sequential:
    keras.utils.set_random_seed(seed)
    described = loaded.experiment.model.layers
    layers = [construct(loaded, layer, _layer_path(index)) for index, layer in enumerate(described)]
    if described[0].class_name in ("Input", "InputLayer"):
        _check_input(loaded, layers[0], tuple(input_shape))
    else:
        layers.insert(0, keras.Input(tuple(input_shape), dtype=input_dtype))
    try:
        model = keras.Sequential(layers)
    except _REFUSALS as error:
        raise _locate(loaded, layers, error) from error
    if not model.built or not hasattr(model, "outputs"):
        raise refused(loaded, ("model", "layers"), "there is nothing to train: no layer follows the input.")
    return model


def _check_input(loaded: LoadedConfig, layer: Any, input_shape: tuple[int, ...]) -> None:
    declared = tuple(layer.shape[1:]) if hasattr(layer, "shape") else tuple(layer.batch_shape[1:])
    fits = len(declared) == len(input_shape) and all(
        want is None or want == have for want, have in zip(declared, input_shape, strict=True)
    )
    if not fits:
        raise refused(
            loaded,
            _layer_path(0),
            f"the input is declared as {_shape(declared)}, but the samples have shape {_shape(input_shape)}.",
            "Leave the Input layer out: the input shape follows the data.",
        )


def locate(loaded: LoadedConfig, model: keras.Sequential, error: Exception) -> ConfigError | None:
    """Finds the layer that failed when a built model was traced; None where it was none of them."""
    index = culprit(error, model.layers)
    if index is None:
        return None
    position = index + len(loaded.experiment.model.layers) - len(model.layers)
    return _cannot_take(loaded, position, tuple(model.layers[index].input.shape[1:]), error)


def _locate(loaded: LoadedConfig, layers: list[Any], error: Exception) -> ConfigError:
    """Finds the layer that cannot take its input, by running a symbolic input through them one by one."""
    described = loaded.experiment.model.layers
    offset = len(layers) - len(described)
    tensor = (
        layers[0] if not isinstance(layers[0], keras.layers.Layer) else keras.Input(layers[0].batch_shape[1:])
    )
    for index in range(1, len(layers)):
        shape = tuple(tensor.shape[1:])
        try:
            tensor = layers[index](tensor)
        except _REFUSALS as cause:
            return _cannot_take(loaded, index - offset, shape, cause)
    return refused(loaded, ("model", "layers"), f"Keras cannot build these layers: {one_line(error)}")


def _cannot_take(
    loaded: LoadedConfig, position: int, shape: tuple[Any, ...], error: BaseException
) -> ConfigError:
    layer = loaded.experiment.model.layers[position]
    message = f"{layer.name} cannot take its input of shape {_shape(shape)}: {one_line(error)}"
    return refused(loaded, _layer_path(position), message, _shape_hint(layer, shape))


def _shape_hint(layer: KerasObject, shape: tuple[Any, ...]) -> str:
    name = layer.class_name or ""
    if name.startswith(("Conv2D", "MaxPooling2D", "AveragePooling2D")) and len(shape) < 3:
        return "It needs (height, width, channels): put it before Flatten, or a Reshape before it."
    if name in ("LSTM", "GRU", "SimpleRNN", "Conv1D", "MaxPooling1D", "AveragePooling1D") and len(shape) != 2:
        return "It needs (steps, features): put a Reshape, or an Embedding for token numbers, before it."
    return ""


def compile_model(loaded: LoadedConfig, model: keras.Sequential, *, jit_compile: bool) -> None:
    """Compiles a model as the `compile` section says.

    Raises:
        ConfigError: Keras refuses an object or a combination of them.
    """
    section = loaded.experiment.compile
    path: KeyPath = ("compile",)
    model.compile(
        optimizer=construct(loaded, section.optimizer, (*path, "optimizer")),
        loss=construct(loaded, section.loss, (*path, "loss")),
        loss_weights=None if section.loss_weights is None else [section.loss_weights],
        metrics=_objects(loaded, section.metrics, (*path, "metrics")),
        weighted_metrics=_objects(loaded, section.weighted_metrics, (*path, "weighted_metrics")),
        jit_compile=jit_compile,
        auto_scale_loss=section.auto_scale_loss,
    )


def _objects(loaded: LoadedConfig, objects: Sequence[KerasObject], path: KeyPath) -> list[Any]:
    return [construct(loaded, obj, (*path, index)) for index, obj in enumerate(objects)]


def layer_table(model: keras.Sequential) -> str:
    """Returns Keras's table of the layers with output shapes and parameter counts, without control characters."""
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(line), line_length=78)
    return "\n".join(lines).rstrip() + "\n"


def refused(loaded: LoadedConfig, path: KeyPath, message: str, hint: str = "") -> ConfigError:
    """Returns a problem that only Keras could find, located in the config."""
    return ConfigError([loaded.problem("keras-refuses", message, path, hint=hint)])


def one_line(error: BaseException) -> str:
    """Returns the part of a message of Keras that says what is wrong, on one line."""
    text = _NOISE.sub("", str(error)).strip() or type(error).__name__
    # Keras appends the call's arguments, which say nothing to somebody who wrote no call.
    text = text.partition("\n\nArguments received by")[0].partition("Full object config")[0]
    return " ".join(text.split())


def _layer_path(index: int) -> KeyPath:
    return ("model", "layers", index)


def _shape(shape: Sequence[Any]) -> str:
    return (
        "("
        + ", ".join("any" if size is None else str(size) for size in shape)
        + ("," if len(shape) == 1 else "")
        + ")"
    )
