"""Pooling over windows, and over everything; channels come last."""

from __future__ import annotations

from nnrun.config.shapes.effect import Arguments, Effect, Shape, take
from nnrun.config.shapes.window import slide


def pooling(arguments: Arguments, shape: Shape, rank: int) -> Effect:
    """`(*sizes, channels)` becomes `(*smaller sizes, channels)`."""
    take(shape, rank + 1)
    pool = arguments.integers("pool_size", rank)
    strides = pool if arguments["strides"] is None else arguments.integers("strides", rank)
    return Effect((*slide(shape[:-1], pool, strides, arguments["padding"], "pool_size"), shape[-1]))


def global_pooling(arguments: Arguments, shape: Shape, rank: int) -> Effect:
    """`(*sizes, channels)` becomes `(channels,)`, or `(1, ..., channels)` with `keepdims`."""
    take(shape, rank + 1)
    return Effect((*(1,) * rank, shape[-1]) if arguments["keepdims"] else (shape[-1],))
