"""The layers of a network with output shapes and parameter counts, as text and as JSON records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnrun.config.keras_object import KerasObject
from nnrun.config.shapes import Walk, written
from nnrun.display.problems import printable

_BYTES = 4  # of a float32
_NAME, _SHAPE = 26, 24
"""Columns at most, so that a line with its number stays within 80."""


def layer_table(layers: Sequence[KerasObject], way: Walk) -> str:
    """Returns the table of a network, at most 80 columns wide.

    Args:
        layers: The stack.
        way: How far its shapes are known.
    """
    if way.start is None:
        return f"    layers: {way.unknown}"
    cells = [("", "layer", "output shape", "parameters"), ("", "(samples)", written(way.start), "")]
    for index, row in enumerate(way.rows):
        cells.append((str(index), _name(row.layer), written(row.effect.shape), f"{row.effect.parameters:,}"))
    if not way.complete:
        index = len(way.rows)
        cells.append((str(index), _name(layers[index]), "…", "…"))
    cells.append(("", "total" if way.complete else "so far", "", f"{way.parameters:,}"))
    widths = [max(len(cell[column]) for cell in cells) for column in range(4)]
    lines = [_line(cell, widths) for cell in cells]
    memory = f"{_memory(way.parameters * _BYTES)} in float32"
    frozen = way.parameters - way.trainable
    lines.append(f"    weights: {memory}" + (f"; {frozen:,} are not trained" if frozen else ""))
    if not way.complete:
        lines.append("    … not known without Keras: --build asks it")
    return "\n".join(lines)


def layer_records(layers: Sequence[KerasObject], way: Walk) -> dict[str, Any]:
    """Returns the table as a JSON object.

    Args:
        layers: The stack.
        way: How far its shapes are known.

    Returns:
        `input_shape` and `layers` (`index`, `layer`, `output_shape`, `parameters`, `trainable`), shapes without the
        batch dimension and with null for sizes that differ; `parameters` of all of them; `complete`, and if it
        is not, `unknown`: why the layer after the last one is not known.
    """
    return {
        "input_shape": way.start,
        "layers": [
            {
                "index": index,
                "layer": row.layer.class_name or row.layer.name,
                "output_shape": row.effect.shape,
                "parameters": row.effect.parameters,
                "trainable": row.effect.trainable,
            }
            for index, row in enumerate(way.rows)
        ],
        "layers_in_config": len(layers),
        "parameters": way.parameters,
        "trainable": way.trainable,
        "bytes_float32": way.parameters * _BYTES,
        "complete": way.complete,
        "unknown": way.unknown or None,
    }


def _name(layer: KerasObject) -> str:
    inner = layer.arguments.get("layer")
    name = f"{layer.name}({inner.name})" if isinstance(inner, KerasObject) else layer.name
    return printable(name)


def _line(cells: tuple[str, str, str, str], widths: Sequence[int]) -> str:
    number, name, shape, count = cells
    name_width, shape_width = min(widths[1], _NAME), min(widths[2], _SHAPE)
    text = (
        f"    {number:>{widths[0]}} {_cut(name, name_width):<{name_width}}"
        f"  {_cut(shape, shape_width):<{shape_width}}  {count:>{widths[3]}}"
    )
    return text.rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _memory(size: int) -> str:
    if size < 1024:
        return f"{size} B"
    unit = min((size.bit_length() - 1) // 10, 3)
    return f"{size / 1024**unit:,.1f} {('KiB', 'MiB', 'GiB')[unit - 1]}"
