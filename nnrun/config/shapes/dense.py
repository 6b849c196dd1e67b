"""Layers that multiply with one matrix, and the input itself."""

from __future__ import annotations

from nnrun.config.shapes.effect import Arguments, Effect, NotKnownError, Shape, channels_of


def declared_input(arguments: Arguments, shape: Shape) -> Effect:  # noqa: ARG001
    """`Input`: the shape that it declares."""
    declared = arguments["shape"]
    if not isinstance(declared, (list, tuple)) or arguments["sparse"] or arguments["ragged"]:
        raise NotKnownError("it is sparse or ragged")
    return Effect(tuple(declared))


def dense(arguments: Arguments, shape: Shape) -> Effect:
    """`(..., features)` becomes `(..., units)`."""
    features, units = channels_of(shape), arguments.integer("units")
    return Effect((*shape[:-1], units), (features + bool(arguments["use_bias"])) * units)


def embedding(arguments: Arguments, shape: Shape) -> Effect:
    """`(...)` token numbers become `(..., output_dim)`."""
    rows, size = arguments.integer("input_dim"), arguments.integer("output_dim")
    return Effect((*shape, size), rows * size)
