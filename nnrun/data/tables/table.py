"""A table in memory: numbers and codes of texts, and where each row stands."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nnrun.data.tables.files import TextFormat, TextStream
from nnrun.data.tables.records import EndlessRecordError, records
from nnrun.errors import DataError


@dataclass(frozen=True)
class FileRows:
    """The rows of a file.

    Args:
        file: The file.
        form: How it is written; None for Parquet.
        count: How many rows of data it has.
        first: Number of the first one as an editor or a spreadsheet gives it, from 1.
        quoted: Whether it has double quotes that enclose cells.
    """

    file: str
    form: TextFormat | None
    count: int
    first: int = 1
    quoted: bool = False

    def number(self, row: int) -> int:
        """Returns the number that an editor or a spreadsheet gives to a row; the header and blank lines count.

        Args:
            row: The row among the data of the file, from 0.
        """
        numbers = () if self._regular else self._numbers
        return numbers[row] if row < len(numbers) else row + self.first

    @cached_property
    def _regular(self) -> bool:
        """Whether each row is a line and each line a row, from the first one on."""
        if self.form is None:
            return True
        if self.quoted:
            return False
        lines, last = 0, b""
        try:
            with TextStream(self.file) as stream:
                while block := stream.take(1 << 20):
                    lines += block.count(b"\n")
                    last = block
        except DataError:
            return True
        return lines + (not last.endswith(b"\n")) == self.first - 1 + self.count

    @cached_property
    def _numbers(self) -> Sequence[int]:
        """The numbers of all rows; of fewer, where the file has changed since."""
        found = array("q")
        try:
            for number, _ in records(self.file, self.form or TextFormat()):
                if number >= self.first:
                    found.append(number)
        except (DataError, EndlessRecordError):
            return found
        return found


@dataclass(frozen=True, slots=True)
class Column:
    """A column that was read.

    Args:
        name: Its name.
        values: Shape `(rows,)`, NaN for an empty cell: numbers, or positions in `texts`.
        texts: The different texts that are not empty, sorted; None for a column of numbers.
        whole: Whether labels were all whole numbers in their plain form.
        empty: How many cells were empty in the files.
        first_empty: The row of the first of them in the files, from 0.
    """

    name: str
    values: NDArray[np.float64]
    texts: tuple[str, ...] | None = None
    whole: bool = False
    empty: int = 0
    first_empty: int = 0

    def counts(self) -> dict[str, int]:
        """Returns how often each text occurs, of those that do."""
        codes = self.values[~np.isnan(self.values)].astype(np.int64)
        numbers = np.bincount(codes, minlength=len(self.texts or ())).tolist()
        return {text: count for text, count in zip(self.texts or (), numbers, strict=True) if count}

    def first_row(self, texts: Collection[str]) -> int:
        """Returns the first row, from 0, that holds one of some texts, of which one occurs."""
        codes = [code for code, text in enumerate(self.texts or ()) if text in texts]
        return int(np.argmax(np.isin(self.values, codes)))


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was read.

    Args:
        files: Its files, in the order of the rows.
        matrix: The first columns that were wanted, shape `(rows, columns)`.
        columns: All columns that were wanted, in that order; the first ones are views of `matrix`.
        kept: For each row, its number from 0 among those of the files; None while all of them are there.
    """

    files: tuple[FileRows, ...]
    matrix: NDArray[np.float64]
    columns: tuple[Column, ...]
    kept: NDArray[np.int64] | None = None

    @property
    def rows(self) -> int:
        """Rows of data."""
        return len(self.columns[0].values)

    @property
    def path(self) -> str:
        """The file, or the first and how many more there are, for messages."""
        more = len(self.files) - 1
        return f"{self.files[0].file} and {more} more" if more else self.files[0].file

    def rows_of(self, first: int, last: int) -> int:
        """Returns how many rows some files have, of those that are left.

        Args:
            first: Number of the first of these files, from 0.
            last: Number of the file after the last one.
        """
        start = sum(part.count for part in self.files[:first])
        stop = start + sum(part.count for part in self.files[first:last])
        if self.kept is None:
            return stop - start
        return int(np.count_nonzero((self.kept >= start) & (self.kept < stop)))

    def place(self, row: int) -> str:
        """Says where a row stands, such as `iris.csv, row 17`, by its position from 0."""
        file, number = self._find(row)
        return f"{file}, row {number}"

    def where(self, row: int) -> str:
        """Says where a row stands after the table was named: `row 17`, with the file if there are several."""
        file, number = self._find(row)
        return f"row {number}" if len(self.files) == 1 else f"{file}, row {number}"

    def _find(self, row: int) -> tuple[str, int]:
        rest = row if self.kept is None else int(self.kept[row])
        for part in self.files[:-1]:
            if rest < part.count:
                return part.file, part.number(rest)
            rest -= part.count
        return self.files[-1].file, self.files[-1].number(rest)

    def without(self, rows: NDArray[np.bool_]) -> Table:
        """Returns a table that lacks some rows; those that are left know their place in the files.

        Args:
            rows: Whether each row is left out, shape `(rows,)`.
        """
        kept = np.flatnonzero(~rows)
        matrix = self.matrix[kept]
        width = matrix.shape[1]
        columns = tuple(
            replace(column, values=matrix[:, place] if place < width else column.values[kept])
            for place, column in enumerate(self.columns)
        )
        return Table(self.files, matrix, columns, kept if self.kept is None else self.kept[kept])
