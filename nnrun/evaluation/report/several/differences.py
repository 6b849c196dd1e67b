"""In what the runs differ: config, data, code, environment, time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnrun.comparison.difference import Group
from nnrun.comparison.rows import Missing, Row
from nnrun.config.resolved import flow
from nnrun.display.formats import duration
from nnrun.evaluation.report.beside import Beside, value_cell
from nnrun.evaluation.report.blocks import Block, Cell, Column, Note, Section, Table
from nnrun.evaluation.report.texts import NONE

_TITLES: Mapping[Group, str] = {
    "config": "config",
    "data": "data",
    "code": "code",
    "environment": "environment",
    "timing": "time",
}
_SHORT = frozenset({"data.fingerprint", "git.commit"})
_DIGITS = 12
"""So many characters tell two hashes apart."""


def section(beside: Beside) -> Section:
    """Returns a table for each of them."""
    comparison = beside.comparison
    blocks: list[Block] = [
        Note("warning", f"The config of {beside.letters[place]} cannot be read.")
        for place in comparison.without_config
    ]
    equal = []
    for group, title in _TITLES.items():
        rows = comparison.differing(group)
        if rows:
            blocks.append(_table(title, rows, beside.letters))
        elif comparison.groups[group]:
            equal.append(title)
    summary = f"The same in all of them: {', '.join(equal)}." if equal else ""
    return Section("differences", "Differences", blocks, summary)


def _table(title: str, rows: Sequence[Row], letters: Sequence[str]) -> Table:
    timing = title == _TITLES["timing"]
    cells = [
        [Cell(row.key, mark="code"), *(_cell(row.key, value, timing=timing) for value in row.values)]
        for row in rows
    ]
    columns = [Column(title), *(Column(letter, numeric=timing) for letter in letters)]
    return Table(columns, cells, f"Differences of {title}")


def _cell(key: str, value: Any, *, timing: bool) -> Cell:
    if isinstance(value, Missing) or value is None:
        return Cell(NONE, mark="faint")
    if timing and isinstance(value, (int, float)):
        return Cell(duration(value), repr(value))
    if key in _SHORT:
        return value_cell(value, str(value)[:_DIGITS])
    text = flow(value)
    # An object without the braces that stand around it in a list of others.
    return value_cell(value, text[1:-1] if isinstance(value, dict) and len(value) == 1 else text)
