"""The layers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nnrun.config.resolved import flow
from nnrun.evaluation.report.blocks import Block, Cell, Code, Column, Fact, Facts, Line, Note, Section, Table
from nnrun.evaluation.report.material import Material
from nnrun.evaluation.report.texts import config_text, mapping

_LAYER = re.compile(r"(?P<name>.*?) ?\((?P<kind>\w+)\)")
_TOTAL = re.compile(r" (?P<label>[\w -]+ params): (?P<count>.+)")
_INPUTS = ("Input", "InputLayer")


class Layer(NamedTuple):
    """A row of Keras's table."""

    name: str
    kind: str
    shape: str
    parameters: str


class LayerTable(NamedTuple):
    """Keras's table of the layers, with what stands below it."""

    layers: Sequence[Layer]
    totals: Sequence[tuple[str, str]]


def section(material: Material) -> Section:
    """Returns the network of a run."""
    try:
        text = (material.run.path / "model.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Section("network", "Network", [Note("info", "The network was not built.")])
    found = parse(text)
    if not found.layers:
        return Section("network", "Network", [Code([Line(line) for line in text.splitlines()])])
    written = _written(material, len(found.layers))
    rows = [
        [
            Cell(str(number), mark="faint"),
            Cell(layer.kind),
            Cell(layer.shape, mark="code"),
            Cell(layer.parameters, layer.parameters.replace(",", "")),
            *([] if written is None else [Cell(written[number], mark="code")]),
        ]
        for number, layer in enumerate(found.layers)
    ]
    columns = [Column(""), Column("layer"), Column("output shape"), Column("parameters", numeric=True)]
    if written is not None:
        columns.append(Column("arguments"))
    blocks: list[Block] = [Table(columns, rows, "Layers")]
    facts = [*found.totals, *_compiled(material)]
    blocks.append(Facts([Fact(label, Cell(text)) for label, text in facts]))
    return Section("network", "Network", blocks)


def parse(text: str) -> LayerTable:
    """Reads the table that Keras prints of a network.

    Args:
        text: The content of `model.txt`.

    Returns:
        Its rows, none where it has another form; a name that takes several lines is put together.
    """
    layers: list[Layer] = []
    cells: list[str] = []
    totals = []
    for line in text.splitlines():
        if line.startswith("\u2502"):
            parts = [part.strip() for part in line.strip("\u2502").split("\u2502")]
            cells = (
                [f"{one} {other}".strip() for one, other in zip(cells, parts, strict=False)]
                if cells
                else parts
            )
            continue
        total = _TOTAL.fullmatch(line)
        if total:
            totals.append((total["label"].replace("params", "parameters"), total["count"]))
        if len(cells) == 3:
            known = _LAYER.fullmatch(cells[0])
            name, kind = (known["name"], known["kind"]) if known else (cells[0], cells[0])
            layers.append(Layer(name, kind, cells[1], cells[2]))
        cells = []
    return LayerTable(layers, totals)


def _written(material: Material, count: int) -> list[str] | None:
    """Returns the arguments of the layers as the config has them; None where it has others than the table."""
    layers = mapping(material.run.config_values.get("model")).get("layers")
    if not isinstance(layers, list):
        return None
    found = [_arguments(layer) for layer in layers if _name(layer) not in _INPUTS]
    return found if len(found) == count else None


def _name(layer: Any) -> str:
    return str(next(iter(layer), "")) if isinstance(layer, Mapping) else str(layer)


def _arguments(layer: Any) -> str:
    if not isinstance(layer, Mapping):
        return ""
    return ", ".join(
        f"{key}: {flow(value)}" for key, value in mapping(next(iter(layer.values()), None)).items()
    )


def _compiled(material: Material) -> list[tuple[str, str]]:
    compiled = mapping(material.run.config_values.get("compile"))
    shown = ("optimizer", "loss", "metrics")
    return [(key.capitalize(), config_text(compiled[key])) for key in shown if compiled.get(key)]
