"""Layers that change each number by itself, or leave it as it is."""

from __future__ import annotations

from math import prod

from nnrun.config.shapes.effect import Arguments, Effect, MisfitError, NotKnownError, Shape, take


def unchanged(arguments: Arguments, shape: Shape) -> Effect:  # noqa: ARG001
    """Activations, dropout, noise: the shape stays, and there is nothing to train."""
    return Effect(shape)


def spatial_dropout(arguments: Arguments, shape: Shape, rank: int) -> Effect:  # noqa: ARG001
    """The same, for inputs with channels."""
    return Effect(take(shape, rank + 1))


def prelu(arguments: Arguments, shape: Shape) -> Effect:
    """One slope for each number, or for all along `shared_axes`."""
    shared = arguments["shared_axes"] or ()
    axes = shared if isinstance(shared, (list, tuple)) else (shared,)
    if not all(type(axis) is int and axis > 0 for axis in axes):
        raise NotKnownError("shared_axes is no list of dimensions")
    if any(axis > len(shape) for axis in axes):
        raise MisfitError(f"at least {max(axes)} dimensions per sample", argument="shared_axes")
    slopes = [1 if axis in axes else size for axis, size in enumerate(shape, 1)]
    known = [size for size in slopes if size is not None]
    if len(known) != len(slopes):
        raise MisfitError("known sizes, or shared_axes for the unknown ones", argument="shared_axes")
    return Effect(shape, prod(known))
