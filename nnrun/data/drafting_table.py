"""Looks at a table before there is a config for it: how it is written, and what its columns hold."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nnrun.config.datasets import CsvData
from nnrun.data.sources.csv_columns import is_number, is_whole
from nnrun.errors import DataError

_SAMPLE_BYTES = 200_000
_SAMPLE_ROWS = 200

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""The delimiters that are tried, with their names."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written.

    Args:
        delimiter: The character between two fields.
        header: Whether the first row holds names.
        header_reason: Why that is thought, as the end of a sentence.
    """

    delimiter: str
    header: bool
    header_reason: str


@dataclass(frozen=True)
class Column:
    """The cells of a column, as text.

    Args:
        name: Its name, or its number where the file has no header.
        number: Its number from 0.
        counts: How often each different cell occurs, in the order of their first occurrence.
    """

    name: str
    number: int
    counts: dict[str, int]

    @cached_property
    def rows(self) -> int:
        """How many cells it has, empty ones included."""
        return sum(self.counts.values())

    @cached_property
    def empty(self) -> int:
        """How many cells are empty."""
        return sum(count for cell, count in self.counts.items() if not cell.strip())

    @cached_property
    def filled(self) -> dict[str, int]:
        """The counts of the cells that are not empty."""
        return {cell: count for cell, count in self.counts.items() if cell.strip()}

    @cached_property
    def not_numbers(self) -> dict[str, int]:
        """The counts of those that are no finite numbers."""
        return {cell: count for cell, count in self.filled.items() if not _is_finite_number(cell)}

    @cached_property
    def numbers(self) -> dict[float, int]:
        """The counts of its numbers."""
        counts: dict[float, int] = {}
        for cell, count in self.filled.items():
            if cell not in self.not_numbers:
                value = float(cell)
                counts[value] = counts.get(value, 0) + count
        return counts

    @property
    def whole(self) -> bool:
        """Whether every cell that is not empty is a whole number, `3.0` included."""
        return not self.not_numbers and all(value.is_integer() for value in self.numbers)

    @property
    def plain_whole(self) -> bool:
        """Whether every cell that is not empty is a whole number in its plain form."""
        return all(is_whole(cell.strip()) for cell in self.filled)

    @cached_property
    def mean(self) -> float:
        """The mean of its numbers."""
        total = sum(self.numbers.values())
        return math.fsum(value * count for value, count in self.numbers.items()) / total

    @cached_property
    def deviation(self) -> float:
        """The standard deviation of its numbers."""
        total = sum(self.numbers.values())
        squares = math.fsum(count * (value - self.mean) ** 2 for value, count in self.numbers.items())
        return math.sqrt(squares / total)


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was looked at.

    Args:
        path: The file.
        dialect: How it is written.
        columns: All columns.
        rows: Rows of data.
        incomplete: For each row with an empty cell, by its number from 0, the columns where it is empty.
        equal: For each column, the number of the first one that has the same cells in every row.
        left_out: Rows of the file that are not counted, as the draft leaves them out.
    """

    path: Path
    dialect: Dialect
    columns: tuple[Column, ...]
    rows: int
    incomplete: Mapping[int, frozenset[int]]
    equal: tuple[int, ...]
    left_out: int = 0

    def rows_with_empty(self, columns: Collection[Column]) -> frozenset[int]:
        """Returns the rows, numbered from 0, in which one of the columns is empty."""
        numbers = {column.number for column in columns}
        return frozenset(row for row, empty in self.incomplete.items() if not numbers.isdisjoint(empty))


def look_at(path: Path, target: str, left_out: Collection[int] = ()) -> Table:
    """Reads a whole table.

    Args:
        path: The file.
        target: The name or number of the target; it tells whether the first row holds names.
        left_out: Rows to leave out, numbered from 0.

    Raises:
        DataError: With the place, for what no config could read.
    """
    # pyarrow is loaded with this module.
    import numpy as np

    from nnrun.data.sources.csv_table import read_table, without_rows

    dialect = dialect_of(path, target)
    section = CsvData(
        source="csv", path=str(path), target=target, delimiter=dialect.delimiter, header=dialect.header
    )
    table = read_table(section)
    if left_out:
        table = without_rows(table, np.isin(np.arange(table.rows), list(left_out)))
    columns = tuple(
        Column(name, number, _counts(cells))
        for number, (name, cells) in enumerate(zip(table.names, table.columns, strict=True))
    )
    incomplete, equal = _incomplete(table.columns), _equal(table.columns)
    return Table(path, dialect, columns, table.rows, incomplete, equal, len(left_out))


def _counts(cells: object) -> dict[str, int]:
    import pyarrow.compute as pc

    return {item["values"]: item["counts"] for item in pc.value_counts(cells).to_pylist()}


def _incomplete(columns: Sequence[object]) -> dict[int, frozenset[int]]:
    import pyarrow.compute as pc

    from nnrun.data.sources.csv_table import is_empty

    rows: dict[int, set[int]] = {}
    for number, cells in enumerate(columns):
        for row in pc.indices_nonzero(is_empty(cells)).to_pylist():
            rows.setdefault(row, set()).add(number)
    return {row: frozenset(rows[row]) for row in sorted(rows)}


def _equal(columns: Sequence[object]) -> tuple[int, ...]:
    return tuple(
        next(other for other in range(number + 1) if columns[other] == cells)
        for number, cells in enumerate(columns)
    )


def dialect_of(path: Path, target: str) -> Dialect:
    """Finds the delimiter, and whether there is a header.

    Args:
        path: The file.
        target: A name that the header may have, or a number.

    Raises:
        DataError: The file cannot be read, or is empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_SAMPLE_BYTES)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    # What is wrong with the encoding, the loader says, with the line.
    text = head.decode("utf-8-sig", errors="replace")
    if len(head) == _SAMPLE_BYTES:
        text = text[: text.rfind("\n") + 1] or text
    if not text.strip():
        raise DataError(f"{path} is empty", "a table has one row per sample")
    samples = {sign: _records(text, sign) for sign in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda sign: _regularity(samples[sign]))
    header, reason = _header(samples[delimiter], target)
    return Dialect(delimiter, header, reason)


def _records(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:
        return rows
    return rows


def _regularity(rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    """Returns the share of rows with as many fields as the first one, if those are several, and how many."""
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, 0
    return sum(len(row) == width for row in rows) / len(rows), width


def _header(rows: Sequence[Sequence[str]], target: str) -> tuple[bool, str]:
    first, rest = rows[0], rows[1:]
    if target in first and not is_number(target):
        return True, f"the first row has {quoted(target)}"
    if any(is_number(cell) for cell in first):
        cell = next(cell for cell in first if is_number(cell))
        return False, f"the first row has numbers, such as {cell.strip()}"
    numeric = sum(
        any(is_number(row[place]) for row in rest if place < len(row)) for place in range(len(first))
    )
    if numeric:
        return True, "the first row has no number, those below have"
    seen = {cell for row in rest for cell in row}
    if any(cell in seen for cell in first):
        return False, "the cells of the first row occur below it too"
    return True, "the cells of the first row occur nowhere else"


def _is_finite_number(cell: str) -> bool:
    return is_number(cell) and math.isfinite(float(cell))


def quoted(text: str) -> str:
    """Returns a text in double quotes that YAML and a comment in one line can hold."""
    import json

    return json.dumps(text, ensure_ascii=not text.isprintable())


def looks_like_dates(column: Column) -> bool:
    """Whether most cells are dates, such as `2024-05-31` or `31.5.2024 12:00`."""
    pattern = re.compile(r"\s*\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T].*)?")
    dates = sum(count for cell, count in column.filled.items() if pattern.fullmatch(cell))
    return dates * 2 > sum(column.filled.values())
