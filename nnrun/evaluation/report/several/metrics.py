"""The metrics of the runs side by side, the best of each marked."""

from __future__ import annotations

from collections.abc import Sequence

from nnrun.comparison.metric_rows import MetricRow
from nnrun.comparison.rows import MISSING
from nnrun.config.directions import direction
from nnrun.evaluation.report.beside import Beside
from nnrun.evaluation.report.blocks import Cell, Column, Section, SideBySide, Table
from nnrun.evaluation.report.texts import figure_cell, mapping, number

_ARROWS = {"min": "\u2193", "max": "\u2191"}


def section(beside: Beside) -> Section | None:
    """Returns the metrics of the best and the last epochs, and the figures of the evaluations."""
    rows = [row for row in beside.comparison.groups["metrics"] if isinstance(row, MetricRow)]
    tables = []
    for before, title in (("best ", "best epoch"), ("last ", "last epoch")):
        chosen = [(row.key.removeprefix(before), row) for row in rows if row.key.startswith(before)]
        if chosen:
            tables.append(_table(title, chosen, beside))
    splits = dict.fromkeys(one.split for one in beside.judgements() if one is not None)
    tables += [_table(f"evaluation on {split}", _figures(beside, split), beside) for split in splits]
    if not tables:
        return None
    summary = "\u2191 more is better, \u2193 less is better"
    summary += "." if beside.comparison.other_data else "; the best of each row is marked."
    return Section("metrics", "Metrics side by side", [SideBySide(tables)], summary)


def _figures(beside: Beside, split: str) -> list[tuple[str, MetricRow]]:
    found = [
        mapping(one.record["figures"]) if one is not None and one.split == split else {}
        for one in beside.judgements()
    ]
    names = dict.fromkeys(name for figures in found for name in figures)
    rows = []
    for name in names:
        values = [number(figures.get(name)) for figures in found]
        way = next((way for one in beside.materials if (way := one.run.direction(name))), direction(name))
        rows.append((name, MetricRow(name, [MISSING if value is None else value for value in values], way)))
    return rows


def _table(title: str, rows: Sequence[tuple[str, MetricRow]], beside: Beside) -> Table:
    cells = [
        [
            Cell(f"{name} {_ARROWS.get(row.direction or '', '')}".strip(), mark="code"),
            *(
                figure_cell(
                    value if isinstance(value, (int, float, str)) else None,
                    "best" if place == beside.best(row) else "",
                )
                for place, value in enumerate(row.values)
            ),
        ]
        for name, row in rows
    ]
    columns = [Column(title), *(Column(letter, numeric=True) for letter in beside.letters)]
    return Table(columns, cells, f"Metrics, {title}")
