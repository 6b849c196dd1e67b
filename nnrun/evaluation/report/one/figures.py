"""What the network is worth: figures, and those of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnrun.evaluation.report.blocks import Block, Cell, Column, Note, Section, SideBySide, Table
from nnrun.evaluation.report.material import Material, Missing
from nnrun.evaluation.report.texts import count_cell, figure_cell, mapping, name_cell
from nnrun.evaluation.report.texts import number as number_of

_AVERAGES = {"macro": "macro average", "weighted": "weighted average"}
_CLASSES = 1_000
"""So many classes are in the table, at most."""

_KINDS = ("precision", "recall", "f1")


def section(material: Material) -> Section | None:
    """Returns the figures of the evaluation, or why there are none."""
    found = material.judgement
    if isinstance(found, Missing):
        if not material.rows:
            return None
        return Section("evaluation", "Evaluation", [Note("info", f"Not evaluated: {found.reason}.")])
    record = found.record
    blocks: list[Block] = []
    if record["data_changed"]:
        text = "These are not the data that the run was trained on: they have changed since."
        blocks.append(Note("warning", text))
    tables = [_figures(record)]
    if "classes" in record:
        tables.append(_classes(record))
    if "targets" in record and len(record["targets"]) > 1:
        tables.append(_targets(record["targets"]))
    blocks.append(SideBySide(tables))
    title = found.title
    return Section("evaluation", "Evaluation", blocks, f"{title[0].upper()}{title[1:]}.")


def _figures(record: Mapping[str, Any]) -> Table:
    """Returns the figures that no other table has."""
    elsewhere = {f"{mean}_{kind}" for mean in _AVERAGES for kind in _KINDS} | {"auc"}
    shown = {
        name: value
        for name, value in mapping(record["figures"]).items()
        if name in record["metrics"] or name not in elsewhere
    }
    rows = [[Cell(name, mark="code"), figure_cell(value)] for name, value in shown.items()]
    return Table([Column("figure"), Column("value", numeric=True)], rows, "Figures of the evaluation")


def _classes(record: Mapping[str, Any]) -> Table:
    classes: Sequence[Mapping[str, Any]] = record["classes"]
    shown = classes
    if len(classes) > _CLASSES:
        worst = sorted(range(len(classes)), key=lambda number: number_of(classes[number]["f1"]) or 0.0)
        shown = [classes[number] for number in sorted(worst[:_CLASSES])]
    rows = [
        [
            name_cell(str(one["name"])),
            *(figure_cell(one[kind]) for kind in _KINDS),
            count_cell(one["support"]),
            count_cell(one["predicted"]),
        ]
        for one in shown
    ]
    total = count_cell(record["samples"])
    totals = [
        [Cell(title), *(figure_cell(record[mean][kind]) for kind in _KINDS), total, total]
        for mean, title in _AVERAGES.items()
    ]
    numeric = [*_KINDS, "support", "predicted"]
    title = (
        "class" if shown is classes else f"the {_CLASSES:,} classes of {len(classes):,} with the lowest f1"
    )
    columns = [Column(title), *(Column(title, numeric=True) for title in numeric)]
    return Table(columns, rows, "Figures by class", totals, sortable=True)


def _targets(targets: Sequence[Mapping[str, Any]]) -> Table:
    titles = {"mae": "MAE", "rmse": "RMSE", "r2": "R\u00b2"}
    rows = [[name_cell(str(one["name"])), *(figure_cell(one[kind]) for kind in titles)] for one in targets]
    columns = [Column("target"), *(Column(title, numeric=True) for title in titles.values())]
    return Table(columns, rows, "Errors by target", sortable=True)
