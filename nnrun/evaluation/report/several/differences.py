"""In what the runs differ: config, network, data, code, environment, time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnrun.comparison.difference import Group
from nnrun.comparison.rows import Missing, Row
from nnrun.display.formats import duration
from nnrun.evaluation.report.beside import Beside, value_cell
from nnrun.evaluation.report.blocks import Block, Cell, Column, Note, Section, Table
from nnrun.evaluation.report.texts import NONE, config_text

_SHORT = frozenset({"data.fingerprint", "git.commit"})
_DIGITS = 12
"""So many characters tell two hashes apart."""


def section(beside: Beside) -> Section:
    """Returns a table for each of them in which they differ."""
    comparison = beside.comparison
    blocks: list[Block] = [
        Note("warning", f"The config of {beside.letters[place]} cannot be read.")
        for place in comparison.without_config
    ]
    equal = []
    for group, found in comparison.groups.items():
        if group == "metrics" or not found:
            continue  # they have a section of their own
        rows = comparison.differing(group)
        if rows:
            blocks.append(_table(group, rows, beside.letters))
        else:
            equal.append(group)
    summary = f"The same in all of them: {', '.join(equal)}." if equal else ""
    return Section("differences", "Differences", blocks, summary)


def _table(group: Group, rows: Sequence[Row], letters: Sequence[str]) -> Table:
    timing = group == "timing"
    cells = [
        [Cell(row.key, mark="code"), *(_cell(row.key, value, timing=timing) for value in row.values)]
        for row in rows
    ]
    columns = [Column(group), *(Column(letter, numeric=timing) for letter in letters)]
    return Table(columns, cells, f"Differences: {group}")


def _cell(key: str, value: Any, *, timing: bool) -> Cell:
    if isinstance(value, Missing) or value is None:
        return Cell(NONE, mark="faint")
    if timing and isinstance(value, (int, float)):
        return Cell(duration(value), repr(value))
    if key in _SHORT:
        return value_cell(value, str(value)[:_DIGITS])
    return value_cell(value, config_text(value))
