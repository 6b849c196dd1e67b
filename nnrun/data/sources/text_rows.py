"""A table with a column of texts: its rows, and the columns that the config names. Free of NumPy.

Written for texts, which may hold quotes, line breaks and any length; `nnrun.data.tables` is for millions of numbers.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from nnrun.config.suggestions import closest
from nnrun.data.sources.utf8 import read_utf8
from nnrun.data.tables.records import OTHER_DELIMITERS
from nnrun.errors import DataError


@dataclass(frozen=True, slots=True)
class TableForm:
    """How a table is written.

    Args:
        header: Whether the first row holds the names of the columns.
        delimiter: What stands between two fields.
        quoting: Whether double quotes enclose fields, or are part of them.
    """

    header: bool
    delimiter: str
    quoting: Literal["csv", "none"]


@dataclass(frozen=True, slots=True)
class TextRows:
    """The rows of a table.

    Args:
        path: The file, for messages.
        form: How it is written.
        names: Names of the columns; their numbers from 0 as text where the file has no header.
        rows: The fields of each row, as many as there are names.
        places: The number of each row in the file, from 1; the header and blank rows count.
    """

    path: str
    form: TableForm
    names: tuple[str, ...]
    rows: list[list[str]]
    places: list[int]

    def column(self, key: str, wanted: str | int) -> int:
        """Returns the number of a column that the config names.

        Args:
            key: The key that names it, for messages.
            wanted: The name, or the number where there is no header.

        Raises:
            DataError: There is no such column, or more than one.
        """
        found = [number for number, name in enumerate(self.names) if name == str(wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            columns = " and ".join(str(number + 1) for number in found)
            raise DataError(f"dataset.{key}: columns {columns} of {self.path} have the same name '{wanted}'")
        shown = ", ".join(f"'{_short(name)}'" for name in self.names[:20])
        raise DataError(
            f"dataset.{key}: {self.path} has no column '{wanted}'; it has {shown}",
            self._advice(str(wanted)),
        )

    def _advice(self, wanted: str) -> str:
        if not self.form.header:
            return (
                "the file has no header (`header: false`), so columns are numbers from 0 to "
                f"{len(self.names) - 1}"
            )
        others = [name for sign, name in OTHER_DELIMITERS.items() if sign in self.names[0]]
        if len(self.names) == 1 and others:
            return f"is the delimiter {others[0]}? Then set `dataset.delimiter`"
        meant = closest(wanted, self.names)
        if meant is not None:
            return f"did you mean '{_short(meant)}'?"
        return "write the name as in the first row; if the file has no header, set `header: false` and use numbers"


def form_of(
    path: str, header: bool, delimiter: str | None, quoting: Literal["csv", "none"] | None
) -> TableForm:
    """Returns how a table is written, as far as the config leaves it to the name of the file."""
    if delimiter is None:
        delimiter = "\t" if PurePath(path).suffix.lower() in (".tsv", ".tab") else ","
    # The registered type text/tab-separated-values has no quoting: a tab cannot be part of a field.
    return TableForm(header, delimiter, quoting or ("none" if delimiter == "\t" else "csv"))


def read_rows(path: str, form: TableForm) -> TextRows:
    """Reads a table.

    Raises:
        DataError: The file is missing, empty, not UTF-8, or its rows have different numbers of fields.
    """
    content = read_utf8(path).decode()
    rows: list[list[str]] = []
    places: list[int] = []
    fields = 0
    place = 0
    before = csv.field_size_limit(sys.maxsize)  # a text may be longer than the module allows by default
    try:
        for place, row in _records(content, form):
            if not rows:
                fields = len(row)
            elif len(row) != fields:
                raise _ragged(path, place, fields, len(row), form)
            rows.append(row)
            places.append(place)
    except csv.Error as error:
        raise DataError(
            f"{path}: the row after row {place} cannot be read: {error}"
            if place
            else f"{path}, row 1: {error}",
            "a quote within quotes is doubled; where quotes are part of the texts, set `dataset.quoting: none`",
        ) from error
    finally:
        csv.field_size_limit(before)
    if not rows:
        raise DataError(f"{path} is empty", "a table has one row per text")
    names = tuple(map(str, range(fields)))
    if form.header:
        names = tuple(rows.pop(0))
        places.pop(0)
        if not rows:
            raise DataError(
                f"{path} has a header, but no rows of data",
                "if the first row is data, set `dataset.header: false`",
            )
    return TextRows(path, form, names, rows, places)


def _records(content: str, form: TableForm) -> Iterator[tuple[int, list[str]]]:
    """Yields the fields of each row that is not blank, with its number from 1."""
    if form.quoting == "none":
        for place, line in enumerate(content.split("\n"), start=1):
            line = line.removesuffix("\r")
            if line:
                yield place, line.split(form.delimiter)
        return
    # Strict: an opening quote without a closing one would swallow all that comes after it.
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=form.delimiter, strict=True)
    for place, row in enumerate(reader, start=1):
        if row:
            yield place, row


def _ragged(path: str, place: int, expected: int, found: int, form: TableForm) -> DataError:
    first = "the header" if form.header else "the first row"
    if form.quoting == "csv":
        advice = "a text that contains the delimiter must be in double quotes"
    else:
        advice = (
            "a text must not contain the delimiter; if such texts are in double quotes, set `quoting: csv`"
        )
    return DataError(f"{path}, row {place}: expected {expected} fields as in {first}, found {found}", advice)


def short_cell(cell: str) -> str:
    """Returns a cell in quotes, cut where it is long, for messages."""
    return f"'{_short(cell)}'"


def _short(cell: str) -> str:
    return cell if len(cell) <= 60 else f"{cell[:57]}..."
