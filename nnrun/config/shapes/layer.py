"""The effect of one layer; wrappers ask for the effect of the layer that they wrap."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnrun.config.keras_object import KerasObject
from nnrun.config.shapes.effect import Arguments, Effect, MisfitError, NotKnownError, Shape, written
from nnrun.config.shapes.table import function_of


def effect_of(layer: KerasObject, shape: Shape) -> Effect:
    """Returns what a layer puts out and holds.

    Args:
        layer: The layer; its arguments are valid.
        shape: Shape of its input for one sample.

    Raises:
        MisfitError: Keras would refuse this input, if not when the model is built then in the first step.
        NotKnownError: Only Keras knows.
    """
    name = layer.class_name or layer.name
    function = WRAPPERS.get(name) or function_of(name)
    if function is None:
        raise NotKnownError(f"{name} is not one of the common layers")
    _refuse_special(layer)
    effect = function(Arguments(layer), shape)
    if layer.arguments.get("trainable") is False:
        return Effect(effect.shape, 0, effect.parameters)
    return effect


def _refuse_special(layer: KerasObject) -> None:
    """Raises NotKnownError for arguments that change what the functions here say."""
    arguments = layer.arguments
    if arguments.get("data_format") == "channels_first":
        raise NotKnownError("its channels come first")
    if arguments.get("lora_rank") is not None:
        raise NotKnownError("it has lora_rank")
    if isinstance(arguments.get("dtype"), KerasObject):
        raise NotKnownError("it has a dtype policy, which may quantize its weights")
    activation = arguments.get("activation")
    if getattr(activation, "name", activation) == "glu":
        raise NotKnownError("glu halves its last dimension")


def _bidirectional(arguments: Arguments, shape: Shape) -> Effect:
    """Two copies of a recurrent layer, one of which reads backwards."""
    if arguments["backward_layer"] is not None or arguments["merge_mode"] is None:
        raise NotKnownError("it has backward_layer, or no merge_mode")
    effect = effect_of(_inner(arguments), shape)
    last = effect.shape[-1]
    merged = 2 * last if arguments["merge_mode"] == "concat" and last is not None else last
    return Effect((*effect.shape[:-1], merged), 2 * effect.trainable, 2 * effect.non_trainable)


def _time_distributed(arguments: Arguments, shape: Shape) -> Effect:
    """The same layer at each step of `(steps, ...)`."""
    if len(shape) < 2:
        raise MisfitError("a sequence of samples (steps, ...)", rank=2)
    inner = _inner(arguments)
    try:
        effect = effect_of(inner, shape[1:])
    except MisfitError as misfit:
        expected = f"{misfit.expected} at each step, for {inner.name}"
        received = misfit.received or written(shape[1:])
        raise MisfitError(expected, received, argument="layer", hint=misfit.hint) from misfit
    return Effect((shape[0], *effect.shape), effect.trainable, effect.non_trainable)


def _inner(arguments: Arguments) -> KerasObject:
    layer = arguments["layer"]
    if not isinstance(layer, KerasObject):
        raise NotKnownError("the layer in it is not known")
    return layer


WRAPPERS: Mapping[str, Callable[[Arguments, Shape], Effect]] = {
    "Bidirectional": _bidirectional,
    "TimeDistributed": _time_distributed,
}
"""The layers that take a layer."""
