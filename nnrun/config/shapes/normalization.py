"""Normalization layers. Their axes count the batch as dimension 0."""

from __future__ import annotations

from math import prod

from nnrun.config.shapes.effect import Arguments, Effect, MisfitError, NotKnownError, Shape, written


def batch_normalization(arguments: Arguments, shape: Shape) -> Effect:
    """Two numbers to train and two moving averages for each channel."""
    channels = _along(arguments, shape)
    trained = bool(arguments["scale"]) + bool(arguments["center"])
    return Effect(shape, trained * channels, (5 if arguments["renorm"] else 2) * channels)


def layer_normalization(arguments: Arguments, shape: Shape) -> Effect:
    """Two numbers for each place along the axes."""
    trained = bool(arguments["scale"]) + bool(arguments["center"])
    return Effect(shape, trained * _along(arguments, shape))


def rms_normalization(arguments: Arguments, shape: Shape) -> Effect:
    """One number for each place along the axes."""
    return Effect(shape, _along(arguments, shape))


def group_normalization(arguments: Arguments, shape: Shape) -> Effect:
    """Two numbers for each channel; groups share the channels evenly."""
    channels, groups = _along(arguments, shape), arguments.integer("groups")
    if channels < groups or channels % groups:
        raise MisfitError(
            f"a number of channels that is a multiple of its {groups} groups", argument="groups"
        )
    trained = bool(arguments["scale"]) + bool(arguments["center"])
    return Effect(shape, trained * channels)


def unit_normalization(arguments: Arguments, shape: Shape) -> Effect:
    """Nothing to train."""
    _sizes(arguments, shape)
    return Effect(shape)


def _along(arguments: Arguments, shape: Shape) -> int:
    """Returns how many places there are along the axes."""
    sizes = [size for size in _sizes(arguments, shape) if size is not None]
    if len(sizes) != len(_axes(arguments)):
        raise MisfitError("a known size along its axis", argument="axis")
    return prod(sizes)


def _sizes(arguments: Arguments, shape: Shape) -> list[int | None]:
    axes, full = _axes(arguments), (None, *shape)
    if not all(-len(full) <= axis < len(full) for axis in axes):
        which = written(axes) if len(axes) > 1 else str(axes[0])
        raise MisfitError(
            f"an input that has the axis {which}, where axis 0 counts the samples of a batch",
            argument="axis",
        )
    return [full[axis] for axis in axes]


def _axes(arguments: Arguments) -> tuple[int, ...]:
    axis = arguments["axis"]
    axes = tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)
    if not axes or not all(type(number) is int for number in axes) or len(set(axes)) < len(axes):
        raise NotKnownError("axis is no list of dimensions")
    return axes
