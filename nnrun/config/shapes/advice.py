"""What to change where a layer gets a sample with too many or too few dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from nnrun.config.keras_object import KerasObject
from nnrun.config.shapes.effect import MisfitError, Shape
from nnrun.config.shapes.walk import Row

_FLATTENING = ("Flatten", "Global")
_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "Bidirectional"})


def advice(misfit: MisfitError, rows: Sequence[Row], shape: Shape, *, tokens: bool) -> str:
    """Returns what to do; empty where there is nothing to say but what is wrong.

    Args:
        misfit: Why the layer after the rows cannot take its input.
        rows: The layers before it.
        shape: What it gets.
        tokens: Whether the samples are token numbers.
    """
    if misfit.hint or misfit.rank is None:
        return misfit.hint
    number, changer = _last_change(rows)
    if changer is not None:
        name = changer.layer.name
        if misfit.rank == 2 and len(shape) == 1 and changer.layer.class_name in _RECURRENT:
            inner = changer.layer.arguments.get("layer")
            where = f"{inner.name} of layer" if isinstance(inner, KerasObject) else "layer"
            return f"write return_sequences: true in {where} {number} {name}"
        if len(changer.given) == misfit.rank and (changer.layer.class_name or "").startswith(_FLATTENING):
            return f"put it before layer {number} {name}, or remove that"
    elif misfit.rank == 2 and len(shape) == 1 and tokens:
        return "put Embedding before it, as the samples are token numbers"
    if misfit.rank < len(shape) and misfit.rank == 1:
        return "put Flatten before it"
    target = _target(shape, misfit.rank)
    if target is None:
        return "put Reshape before it"
    return f"put Reshape: {{target_shape: [{', '.join(map(str, target))}]}} before it"


def _last_change(rows: Sequence[Row]) -> tuple[int, Row | None]:
    """Returns the last layer that changed the number of dimensions, with its number."""
    for number in range(len(rows) - 1, -1, -1):
        row = rows[number]
        if len(row.given) != len(row.effect.shape):
            return number, row
    return 0, None


def _target(shape: Shape, rank: int) -> list[int] | None:
    """Returns the likeliest arrangement of the same numbers in `rank` dimensions."""
    sizes = [-1 if size is None else size for size in shape]
    if sizes.count(-1) > 1:
        return None
    if rank == len(sizes) + 1:
        return [*sizes, 1]
    if rank == 3 and len(sizes) == 1:
        for channels in (1, 3):
            side = isqrt(max(sizes[0], 0) // channels)
            if side > 1 and side * side * channels == sizes[0]:
                return [side, side, channels]
        return None
    if rank == 2 and len(sizes) == 3:
        return [sizes[0], -1 if -1 in sizes[1:] else sizes[1] * sizes[2]]
    return None
