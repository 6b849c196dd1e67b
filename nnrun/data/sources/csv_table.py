"""Strict reading of a text table: every cell as text, every fault with its row."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from nnrun.config.datasets import CsvData
from nnrun.data.sources.csv_columns import OTHER_DELIMITERS, check_header
from nnrun.data.sources.utf8 import read_utf8
from nnrun.errors import DataError


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table whose cells are text.

    Args:
        path: The file, for messages.
        names: Names of the columns; their numbers from 0 as text where the file has no header.
        columns: The cells of each column, pyarrow string arrays of `rows` cells.
        content: The file without a byte-order mark, for finding the place of a fault.
        section: How the file is written.
        kept: For each row, its number from 0 among those of the file; None while all of them are there.
    """

    path: str
    names: tuple[str, ...]
    columns: tuple[Any, ...]
    content: bytes
    section: CsvData
    kept: Any = None

    @property
    def rows(self) -> int:
        """Rows of data, without the header."""
        return len(self.columns[0])

    def row_in_file(self, row: int) -> int:
        """Returns the number that an editor or a spreadsheet gives to a row of data.

        The header and blank lines count, from 1.

        Args:
            row: The row among the data, from 0.
        """
        wanted = (row if self.kept is None else int(self.kept[row])) + (1 if self.section.header else 0)
        places = _places(self.content, self.section.delimiter)
        return places[wanted] if wanted < len(places) else wanted + 1


def rows_with_empty(table: TextTable, columns: Iterable[int]) -> Any:
    """Returns whether each row has an empty cell in one of the columns, as booleans of shape `(rows,)`."""
    found = np.zeros(table.rows, dtype=np.bool_)
    for number in columns:
        found |= is_empty(table.columns[number]).to_numpy(zero_copy_only=False)
    return found


def is_empty(cells: Any) -> Any:
    """Returns whether each cell has nothing but spaces, as a pyarrow array."""
    return pc.equal(pc.utf8_trim_whitespace(cells), "")


def without_rows(table: TextTable, rows: Any) -> TextTable:
    """Returns a table that lacks some rows; those that are left know their place in the file.

    Args:
        table: The table.
        rows: Whether each row is left out, as booleans of shape `(rows,)`.
    """
    kept = np.flatnonzero(~rows)
    columns = tuple(column.take(pa.array(kept)) for column in table.columns)
    return replace(table, columns=columns, kept=kept if table.kept is None else table.kept[kept])


def read_table(section: CsvData) -> TextTable:
    """Reads a file.

    Args:
        section: `path`, `delimiter` and `header`.

    Raises:
        DataError: If the file is missing, not UTF-8, or its rows have different numbers of fields.
    """
    content = read_utf8(section.path)
    first = next(_records(content, section.delimiter), None)
    if first is None:
        raise DataError(f"{section.path} is empty", "a table has one row per sample")
    fields = first[1]
    names = tuple(fields) if section.header else tuple(str(number) for number in range(len(fields)))
    check_header(names if section.header else fields, section)
    table = _parse(content, section, len(fields))
    header_rows = 1 if section.header else 0
    if table.num_rows <= header_rows:
        raise DataError(f"{section.path} has a header, but no rows of data")
    columns = tuple(column.combine_chunks() for column in table.slice(header_rows).columns)
    return TextTable(section.path, names, columns, content, section)


def _parse(content: bytes, section: CsvData, fields: int) -> pa.Table:
    names = [str(number) for number in range(fields)]
    try:
        return pa.csv.read_csv(
            pa.BufferReader(content),
            # The header is read as a row like the others, as it may be quoted over several lines.
            read_options=pa.csv.ReadOptions(column_names=names, block_size=_block_size(content)),
            parse_options=pa.csv.ParseOptions(delimiter=section.delimiter, newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[],
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise _located(content, section, fields) or DataError(
            f"{section.path} cannot be read as a table: {error}"
        ) from error


def _block_size(content: bytes) -> int:
    """Returns the size of the pieces that are parsed in parallel; no row may be longer than one."""
    longest_row_allowed = 1 << 24
    return min(max(len(content), 1), longest_row_allowed)


def _located(content: bytes, section: CsvData, fields: int) -> DataError | None:
    """Returns the error for the first row that has not as many fields as the first one."""
    wrong: list[tuple[int, int]] = []
    try:
        for place, record in _records(content, section.delimiter):
            if len(record) != fields:
                wrong.append((place, len(record)))
    except csv.Error as error:
        return DataError(f"{section.path} cannot be read as a table: {error}")
    if not wrong:
        return None
    row, found = wrong[0]
    more = f" ({len(wrong):,} rows in all are like that)" if len(wrong) > 1 else ""
    first = "the header" if section.header else "the first row"
    advice = "a field that contains the delimiter must be in double quotes"
    start = content.split(b"\n", 1)[0].decode()
    others = [name for sign, name in OTHER_DELIMITERS.items() if sign in start and sign != section.delimiter]
    if others:
        advice += f"; or is the delimiter {others[0]}? Then set `dataset.delimiter`"
    return DataError(
        f"{section.path}, row {row}: expected {fields} fields as in {first}, found {found}{more}", advice
    )


@lru_cache(maxsize=1)
def _places(content: bytes, delimiter: str) -> array[int]:
    """Returns the row number in the file of every record; kept, as an evaluation asks for that of each sample."""
    return array("q", (place for place, _ in _records(content, delimiter)))


def _records(content: bytes, delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yields each record that is not blank, with its row number in the file from 1."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    for row, record in enumerate(csv.reader(text, delimiter=delimiter), start=1):
        if record:
            yield row, record
