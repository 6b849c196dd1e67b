"""Columns of a table, batch by batch: text files and Parquet alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nnrun.data.tables.files import TextFormat
from nnrun.data.tables.head import Head, read_head
from nnrun.data.tables.parquet import ParquetTable
from nnrun.data.tables.parsing import TextFile
from nnrun.data.tables.records import EndlessRecordError, records
from nnrun.data.tables.wanted import Batch, Form, Wanted
from nnrun.errors import DataError


@dataclass(slots=True)
class TableRows:
    """A table of which the first row is known.

    Args:
        file: The file.
        head: Its beginning.
    """

    file: str
    head: Head
    _text: TextFile | None = field(default=None, init=False)

    @classmethod
    def open(cls, file: str, form: TextFormat) -> TableRows:
        """Looks at the beginning of a table.

        Raises:
            DataError: It cannot be read, or is empty.
        """
        return cls(file, read_head(file, form, strict=False))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns; their numbers from 0 as text where there is no header."""
        return self.head.names

    def batches(self, wanted: Sequence[tuple[int, Form]]) -> Iterator[Batch]:
        """Yields the rows in order.

        Args:
            wanted: Numbers of columns, and what is wanted of them.

        Raises:
            DataError: With the place, for everything in the file that is not as it should be.
        """
        head = self.head
        if head.form is None:
            yield from ParquetTable(
                self.file, [Wanted(head.names[number], form) for number, form in wanted]
            ).batches()
            return
        # Not by their names, as those of columns that nobody wants may be the same.
        numbers = tuple(map(str, range(len(head.names))))
        self._text = TextFile(
            self.file, head.form, numbers, head.start, [Wanted(str(number), form) for number, form in wanted]
        )
        yield from self._text.batches()

    def share(self) -> float | None:
        """Returns how much of the file is read, from 0 to 1; None where that is not known."""
        return None if self._text is None else self._text.share()

    def place(self, row: int) -> str:
        """Says where a row stands, such as `iris.csv, row 17`, as an editor or a spreadsheet counts.

        Args:
            row: Its position among the rows of data, from 0.
        """
        number = row + self.head.first
        if self.head.form is not None:
            try:
                rows = (found for found, _ in records(self.file, self.head.form) if found >= self.head.first)
                number = next((found for place, found in enumerate(rows) if place == row), number)
            except (DataError, EndlessRecordError):
                # It has changed since.
                pass
        return f"{self.file}, row {number}"
