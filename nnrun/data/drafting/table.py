"""Looks at a table before there is a config for it: how it is written, and what its columns hold."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnrun.data.tables.cells import ColumnKind, is_number, kind_of_texts
from nnrun.data.tables.files import TextFormat, TextStream, is_parquet, table_files
from nnrun.data.tables.head import read_heads
from nnrun.data.tables.reading import read_table
from nnrun.data.tables.table import Column as ReadColumn
from nnrun.data.tables.table import Table
from nnrun.data.tables.wanted import Wanted
from nnrun.errors import DataError

_SAMPLE_BYTES = 200_000
_SAMPLE_ROWS = 200
_FEW = 1000

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
    """The cells of a column.

    Args:
        name: Its name, or its number where the file has no header.
        number: Its number from 0.
        rows: How many cells it has, empty ones included.
        values: Of a column of numbers alone: those that are not empty.
        texts: Of any other column: how often each different cell occurs, empty ones not.
        plain_whole: Whether all numbers are whole ones in their plain form.
    """

    name: str
    number: int
    rows: int
    values: NDArray[np.float64] | None = None
    texts: Mapping[str, int] = field(default_factory=dict)
    plain_whole: bool = False

    @cached_property
    def filled(self) -> int:
        """How many cells are not empty."""
        return sum(self.texts.values()) if self.values is None else len(self.values)

    @property
    def empty(self) -> int:
        """How many cells are empty."""
        return self.rows - self.filled

    @cached_property
    def numbers(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The different numbers of a column of numbers, sorted, and how often each occurs."""
        assert self.values is not None  # noqa: S101 - nobody asks for those of texts
        return np.unique(self.values, return_counts=True)

    @cached_property
    def different(self) -> int:
        """How many different cells there are, empty ones not."""
        return len(self.texts) if self.values is None else len(self.numbers[0])

    @property
    def example(self) -> str:
        """A cell that is not empty."""
        return next(iter(self.texts)) if self.values is None else f"{self.values[0]:g}"

    @cached_property
    def not_numbers(self) -> dict[str, int]:
        """The counts of the cells that are no finite numbers."""
        return {cell: count for cell, count in self.texts.items() if not _is_finite_number(cell)}

    @cached_property
    def kind(self) -> ColumnKind:
        """What its texts are; `text` for numbers."""
        return kind_of_texts(self.texts) if self.values is None else "text"

    @cached_property
    def whole(self) -> bool:
        """Whether every cell that is not empty is a whole number, `3.0` included."""
        return self.values is not None and bool((self.numbers[0] == np.floor(self.numbers[0])).all())

    @cached_property
    def mean(self) -> float:
        """The mean of its numbers."""
        return float(np.mean(self.values)) if self.values is not None else 0.0

    @cached_property
    def deviation(self) -> float:
        """The standard deviation of its numbers."""
        return float(np.std(self.values)) if self.values is not None else 0.0


@dataclass(frozen=True, slots=True)
class Looked:
    """A table that was looked at.

    Args:
        path: The file.
        dialect: How it is written; None for Parquet.
        columns: All columns.
        table: The same as it was read.
        left_out: Rows of the file that are not counted, as the draft leaves them out.
    """

    path: Path
    dialect: Dialect | None
    columns: tuple[Column, ...]
    table: Table
    left_out: int = 0

    @property
    def rows(self) -> int:
        """Rows of data."""
        return self.table.rows

    @property
    def header(self) -> bool:
        """Whether the columns have names."""
        return self.dialect is None or self.dialect.header

    def with_empty(self, columns: Collection[Column]) -> NDArray[np.bool_]:
        """Returns whether each row is empty in one of the columns, shape `(rows,)`."""
        found = np.zeros(self.rows, dtype=np.bool_)
        for column in columns:
            if column.empty:
                found |= np.isnan(self.table.columns[column.number].values)
        return found

    def without(self, rows: NDArray[np.bool_]) -> Looked:
        """Returns the table without some rows."""
        return _looked(self.path, self.dialect, self.table.without(rows), self.left_out + int(rows.sum()))

    def equal(self, one: Column, other: Column) -> bool:
        """Whether two columns have the same cells in every row."""
        return _equal(self.table.columns[one.number], self.table.columns[other.number])


def look_at(path: Path, target: str) -> Looked:
    """Reads a whole table.

    Args:
        path: The file.
        target: The name or number of the target; it tells whether the first row holds names.

    Raises:
        DataError: With the place, for what no config could read.
    """
    dialect = None if is_parquet(str(path)) else dialect_of(path, target)
    form = TextFormat() if dialect is None else TextFormat(dialect.delimiter, dialect.header)
    heads = read_heads(table_files(str(path)), form)
    wanted = [Wanted(name, "labels") for name in heads[0].names]
    return _looked(path, dialect, read_table(heads, wanted, len(wanted)), 0)


def _looked(path: Path, dialect: Dialect | None, table: Table, left_out: int) -> Looked:
    columns = tuple(_column(number, column) for number, column in enumerate(table.columns))
    return Looked(path, dialect, columns, table, left_out)


def _column(number: int, column: ReadColumn) -> Column:
    rows = len(column.values)
    filled = column.values[~np.isnan(column.values)]
    if column.texts is None:
        return Column(column.name, number, rows, filled, plain_whole=column.whole)
    texts = column.counts()
    if all(map(_is_finite_number, texts)):
        # Such as `007`, which is a number among the features.
        numbers = [float(text) if text in texts else 0.0 for text in column.texts]
        return Column(column.name, number, rows, np.array(numbers)[filled.astype(np.int64)])
    return Column(column.name, number, rows, texts=texts)


def _equal(one: ReadColumn, other: ReadColumn) -> bool:
    # The first rows nearly always tell, and are quick.
    return one.texts == other.texts and all(
        np.array_equal(one.values[:end], other.values[:end], equal_nan=True) for end in (_FEW, None)
    )


def dialect_of(path: Path, target: str) -> Dialect:
    """Finds the delimiter, and whether there is a header.

    Args:
        path: The file.
        target: A name that the header may have, or a number.

    Raises:
        DataError: The file cannot be read, or is empty.
    """
    with TextStream(str(path)) as file:
        head = file.take(_SAMPLE_BYTES)
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
    """Whether most cells are dates in any form, such as `2024-05-31` or `31.5.2024 12:00`."""
    pattern = re.compile(r"\s*\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T].*)?")
    dates = sum(count for cell, count in column.texts.items() if pattern.fullmatch(cell))
    return dates * 2 > column.filled
