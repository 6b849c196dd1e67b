"""Reads the files of a table, strictly: every fault of a cell with its column and row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnrun.data.tables.cells import has_fraction, holds_text, is_not_finite, is_number
from nnrun.data.tables.gathering import Gathered
from nnrun.data.tables.growing import GrowingRows
from nnrun.data.tables.head import Head
from nnrun.data.tables.parquet import ParquetTable
from nnrun.data.tables.parsing import PIECE, TextFile
from nnrun.data.tables.table import FileRows, Table
from nnrun.data.tables.wanted import Batch, Form, Wanted
from nnrun.errors import DataError

_ROOM = 1.05
"""So much more room is made than the first rows of a file say that all will need."""


def read_table(heads: Sequence[Head], wanted: Sequence[Wanted], matrix: int) -> Table:
    """Reads columns of a table.

    Args:
        heads: The beginnings of its files, from `read_heads`.
        wanted: Which columns, and what is wanted of them.
        matrix: How many of them, the first ones, are to lie in one matrix.

    Raises:
        DataError: With file, row and column, for everything that is not as it should be.
    """
    columns = [Gathered(want, _guess(want, heads[0])) for want in wanted]
    reading = _Reading(columns, matrix)
    files = tuple(reading.read(head) for head in heads)
    if not sum(part.count for part in files):
        raise DataError(f"{heads[0].file} has a header, but no rows of data")
    features, values = reading.values()
    table = Table(files, features, ())
    again = [place for place, column in enumerate(columns) if column.judge(values[place], table.place)]
    if again:
        second = _Reading([Gathered(wanted[place], "texts") for place in again], 0)
        if [second.read(head).count for head in heads] != [part.count for part in files]:
            raise DataError(f"{table.path} changed while it was read")
        for place, column, found in zip(again, second.columns, second.values()[1], strict=True):
            columns[place] = column
            values[place][:] = found
    return Table(files, features, tuple(map(Gathered.finished, columns, values)))


def _guess(want: Wanted, head: Head) -> Form:
    """Returns as what a column is read at first. A wrong guess costs time and changes nothing."""
    if want.form == "texts" or want.column in head.texts:
        return "texts"
    number = head.names.index(want.column)
    cells = [row[number] for row in head.sample if number < len(row) and row[number].strip()]
    numbers = sum(is_number(cell) or is_not_finite(cell) for cell in cells)
    if want.form == "labels" and numbers == len(cells):
        return "numbers" if any(map(has_fraction, cells)) else "labels"
    return "texts" if want.form == "labels" or holds_text(numbers, len(cells)) else "numbers"


class _Reading:
    """One reading of all files.

    Args:
        columns: What is wanted.
        matrix: How many of the first ones lie in one matrix.
    """

    def __init__(self, columns: Sequence[Gathered], matrix: int) -> None:
        self.columns = columns
        self._wanted = [Wanted(column.want.column, column.form) for column in columns]
        self._width = matrix
        self._matrix = GrowingRows(matrix)
        self._others = GrowingRows(len(columns) - matrix)
        self._rows = 0

    def read(self, head: Head) -> FileRows:
        """Reads a file, whose rows follow those that were read before."""
        before = self._rows
        if head.form is None:
            for batch in ParquetTable(head.file, self._wanted).batches():
                self._append(batch)
            return FileRows(head.file, None, self._rows - before)
        text = TextFile(head.file, head.form, head.names, head.start, self._wanted)
        for batch in text.batches():
            if not self._rows and text.size is not None:
                expected = int(_ROOM * text.size / PIECE * len(batch.values))
                self._matrix.expect(expected)
                self._others.expect(expected)
            self._append(batch)
        return FileRows(head.file, head.form, self._rows - before, head.first, quoted=text.quoted)

    def _append(self, batch: Batch) -> None:
        for place, column in enumerate(self.columns):
            texts = batch.texts.get(place)
            if texts is not None:
                batch.values[:, place] = column.take(texts, self._rows)
            elif batch.empty.get(place):
                column.count_empty(batch.values[:, place], self._rows)
            column.whole &= place in batch.whole
        self._matrix.append(batch.values[:, : self._width])
        self._others.append(batch.values[:, self._width :])
        self._rows += len(batch.values)

    def values(self) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
        """Returns the matrix, and each column: a view of the matrix, or an array of its own."""
        matrix, others = self._matrix.rows(), self._others.rows()
        columns = [matrix[:, place] for place in range(self._width)]
        return matrix, columns + [others[:, place].copy() for place in range(others.shape[1])]
