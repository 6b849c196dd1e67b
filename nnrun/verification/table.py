"""`metrics.csv`, read strictly: what is wrong with it is part of the result."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nnrun.rundir.metrics_file import FIXED_COLUMNS
from nnrun.verification.reading import Unreadable, read_text

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?|inf)|nan")

Row = dict[str, float | None]
"""Values by column; None for an empty cell."""


@dataclass(frozen=True, slots=True)
class Table:
    """The table of epochs of a run.

    Args:
        names: The columns, without those that every table has.
        rows: The rows before the first problem; the first one is that of epoch 1.
        problems: What is wrong with it.
        torn: Whether its last line has no end, as a power failure can leave it; that line is no row.
    """

    names: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    problems: tuple[str, ...] = ()
    torn: bool = False
    metrics: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", frozenset(self.names))

    def values(self, name: str) -> list[float]:
        """Returns a column, from the first epoch to the last, with NaN for what is empty or not there."""
        return [math.nan if (value := row.get(name)) is None else value for row in self.rows]


def read_table(path: Path) -> Table:
    """Reads the table of a run; one that does not exist has no rows."""
    try:
        text = read_text(path)
    except Unreadable as error:
        return Table(problems=(str(error),))
    if text is None:
        return Table()
    complete = text[: text.rfind("\n") + 1]
    torn = len(complete) != len(text)
    reader = csv.reader(io.StringIO(complete, newline=""), strict=True)
    rows: list[Row] = []
    header: list[str] = []
    try:
        header = next(reader, [])
        problem = _problem_of_header(header)
        if problem:
            return Table(problems=(problem,), torn=torn)
        rows.extend(_rows(reader, header))
    except (Unreadable, csv.Error) as error:
        problem = f"line {reader.line_num}: {error}"
    return Table(tuple(header[len(FIXED_COLUMNS) :]), tuple(rows), (problem,) if problem else (), torn)


def _problem_of_header(header: Sequence[str]) -> str:
    if tuple(header[: len(FIXED_COLUMNS)]) != FIXED_COLUMNS:
        return (
            f"line 1: expected the columns {', '.join(FIXED_COLUMNS)} first, received {', '.join(header)!r}"
        )
    twice = {name for name in header if header.count(name) > 1}
    return f"line 1: the column {min(twice)!r} is there twice" if twice else ""


def _rows(lines: Iterator[list[str]], header: Sequence[str]) -> Iterator[Row]:
    """Yields the rows.

    Raises:
        Unreadable: One is not what it should be.
    """
    for number, cells in enumerate(lines, start=1):
        if len(cells) != len(header):
            raise Unreadable(f"expected {len(header)} cells, received {len(cells)}")
        if cells[0] != str(number):
            raise Unreadable(f"expected the row of epoch {number}, received that of epoch {cells[0]!r}")
        row: Row = {}
        for name, cell in zip(header, cells, strict=True):
            if cell and not _NUMBER.fullmatch(cell):
                raise Unreadable(f"expected a number in the column {name!r}, received {cell!r}")
            row[name] = float(cell) if cell else None
        yield row
