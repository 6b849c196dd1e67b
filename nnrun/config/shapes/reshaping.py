"""Layers that arrange, repeat, add or cut numbers; channels come last."""

from __future__ import annotations

from math import prod

from nnrun.config.shapes.effect import Arguments, Effect, MisfitError, NotKnownError, Shape, take, written
from nnrun.config.shapes.window import by


def flatten(arguments: Arguments, shape: Shape) -> Effect:  # noqa: ARG001
    """All dimensions become one."""
    return Effect((_size(shape),))


def reshape(arguments: Arguments, shape: Shape) -> Effect:
    """The same numbers in `target_shape`; -1 stands for what is left."""
    target = _whole_numbers(arguments, "target_shape")
    size = _size(shape)
    if target.count(-1) > 1:
        raise MisfitError("at most one -1 in target_shape", written(target), argument="target_shape")
    if size is None:
        if 0 in target:
            raise NotKnownError("target_shape has a dimension of size 0")
        return Effect(tuple(None if item == -1 else item for item in target))
    rest = prod(item for item in target if item != -1)
    if -1 not in target and rest != size:
        raise MisfitError(
            f"{rest:,} numbers per sample for target_shape {written(target)}",
            f"{size:,} numbers {written(shape)}",
            argument="target_shape",
            hint="write -1 for one of the sizes, or sizes whose product is " + str(size),
        )
    if -1 in target and (rest == 0 or size % rest):
        raise MisfitError(
            f"a multiple of {rest:,} numbers per sample for target_shape {written(target)}",
            f"{size:,} numbers {written(shape)}",
            argument="target_shape",
            hint=f"write sizes whose product divides {size}",
        )
    return Effect(tuple(size // rest if item == -1 else item for item in target))


def permute(arguments: Arguments, shape: Shape) -> Effect:
    """Dimensions in another order, counted from 1."""
    dims = _whole_numbers(arguments, "dims")
    if sorted(dims) != list(range(1, len(dims) + 1)):
        raise MisfitError(f"each number from 1 to {len(dims)} once in dims", written(dims), argument="dims")
    if len(dims) != len(shape):
        raise MisfitError(f"{len(dims)} dimensions per sample, as dims names so many", argument="dims")
    return Effect(tuple(shape[dim - 1] for dim in dims))


def repeat_vector(arguments: Arguments, shape: Shape) -> Effect:
    """`(features,)` becomes `(n, features)`."""
    return Effect((arguments.integer("n"), *take(shape, 1)))


def zero_padding(arguments: Arguments, shape: Shape, rank: int) -> Effect:
    """Zeros before and after, in each dimension but the last."""
    take(shape, rank + 1)
    around = _around(arguments, "padding", rank)
    sizes = [
        None if size is None else size + sum(pair) for size, pair in zip(shape[:-1], around, strict=True)
    ]
    return Effect((*sizes, shape[-1]))


def cropping(arguments: Arguments, shape: Shape, rank: int) -> Effect:
    """Less before and after, in each dimension but the last."""
    take(shape, rank + 1)
    around = _around(arguments, "cropping", rank)
    sizes = [
        None if size is None else size - sum(pair) for size, pair in zip(shape[:-1], around, strict=True)
    ]
    if any(size is not None and size <= 0 for size in sizes):
        cut = " x ".join(str(sum(pair)) for pair in around)
        raise MisfitError(
            f"more than {cut}, which it cuts off", f"only {by(shape[:-1])}", argument="cropping"
        )
    return Effect((*sizes, shape[-1]))


def up_sampling(arguments: Arguments, shape: Shape, rank: int) -> Effect:
    """Each number several times, in each dimension but the last."""
    take(shape, rank + 1)
    factors = arguments.integers("size", rank)
    sizes = [
        None if size is None else size * factor for size, factor in zip(shape[:-1], factors, strict=True)
    ]
    return Effect((*sizes, shape[-1]))


def _around(arguments: Arguments, name: str, rank: int) -> tuple[tuple[int, int], ...]:
    # In one dimension, Keras takes a pair itself and not a list of pairs.
    if rank == 1:
        before, after = arguments.integers(name, 2)
        return ((before, after),)
    return arguments.pairs(name, rank)


def _whole_numbers(arguments: Arguments, name: str) -> tuple[int, ...]:
    value = arguments[name]
    if not isinstance(value, (list, tuple)) or not all(type(item) is int for item in value):
        raise NotKnownError(f"{name} is not a list of whole numbers")
    return tuple(value)


def _size(shape: Shape) -> int | None:
    sizes = [size for size in shape if size is not None]
    return prod(sizes) if len(sizes) == len(shape) else None
