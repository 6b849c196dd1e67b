"""A text table of any size, from its beginning to its end in blocks of whole rows.

A block is parsed by the functions that read the table of a training, so that a cell means the same. What is wrong with
one is told with the number of its row in the file.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv

from nnrun.errors import DataError

BLOCK_BYTES = 1 << 23

_LINE_END = re.compile(rb"\r\n|\n|\r")

_LONGEST_ROW = 1 << 28
"""A row that does not end within so many bytes has a quote that is never closed."""


class Readable(Protocol):
    """Bytes that are read once."""

    def read(self, size: int, /) -> bytes:
        """Returns so many bytes, fewer only at the end."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a table.

    Args:
        columns: The cells of each column, pyarrow string arrays of `rows` cells.
        first: Number of the first row in the file, as an editor counts, from 1.
        content: The rows as they are in the file, for finding the place of a fault.
        delimiter: What stands between two cells.
        lines: Rows in the content, blank ones included.
    """

    columns: tuple[Any, ...]
    first: int
    content: bytes
    delimiter: str
    lines: int

    @property
    def rows(self) -> int:
        """How many rows there are, without blank ones."""
        return len(self.columns[0])

    def places(self) -> range | list[int]:
        """Returns the number of each row in the file."""
        if self.rows == self.lines:
            return range(self.first, self.first + self.rows)
        return [self.first + place for place, _ in _records(self.content, self.delimiter)]


class CsvBlocks:
    """Reads a table of UTF-8 text.

    Args:
        file: The bytes of the table, from its beginning.
        path: How to call it in messages.
        delimiter: What stands between two cells.
        header: Whether the first row has the names of the columns.

    Raises:
        DataError: It is empty, or no text.
    """

    def __init__(self, file: Readable, path: str, delimiter: str, *, header: bool) -> None:
        self._file = file
        self._path = path
        self._delimiter = delimiter
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._lines = 1
        self._rest = b""
        self._ended = False
        self._quoted = re.compile(
            rb"(?:(?<=[" + re.escape(delimiter).encode() + rb'\r\n])|\A)"[^"]*(?:""[^"]*)*("|\Z)'
        )
        self.bytes_read = 0
        """Bytes that were read so far."""
        self._more()
        if self._rest.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise DataError(f"{path} is UTF-16 text", "save it as UTF-8, which Excel calls 'CSV UTF-8'")
        while len(self._rest) < len(codecs.BOM_UTF8) and not self._ended:
            self._more()
        self._rest = self._rest.removeprefix(codecs.BOM_UTF8)
        self._row = 1
        place, first = self._first_row()
        self.first = first
        """The cells of the first row: the names of the columns, where there is a header."""
        self._header = header
        if header:
            self._row += place + 1
            self._rest = self._rest[self._end_of_rows(place + 1) :]

    def _first_row(self) -> tuple[int, tuple[str, ...]]:
        """Returns the first row that is not blank, and how many blank ones stand before it."""
        while True:
            end = self._whole_rows() or 0
            for place, fields in _records(self._rest[:end], self._delimiter):
                return place, tuple(fields)
            if self._ended:
                raise DataError(f"{self._path} is empty", "a table has one row per sample")
            self._more_of_a_row()

    def _end_of_rows(self, count: int) -> int:
        """Returns where the first rows end; blank ones count."""
        position = 0
        while count:
            newline = _LINE_END.search(self._rest, position)
            if newline is None:
                return len(self._rest)
            quoted = self._quoted.search(self._rest, position)
            if quoted is not None and quoted.start() < newline.start():
                position = quoted.end()
            else:
                position = newline.end()
                count -= 1
        return position

    def __iter__(self) -> Iterator[Block]:
        """Yields the rows after the header; once.

        Raises:
            DataError: With the row, for what is no table of UTF-8 text.
        """
        while True:
            end = self._whole_rows()
            if end is None:
                if self._ended:
                    break
                self._more_of_a_row()
                continue
            content, self._rest = self._rest[:end], self._rest[end:]
            block = self._parsed(content)
            self._row += block.lines
            if block.rows:
                yield block

    def _more_of_a_row(self) -> None:
        if len(self._rest) > _LONGEST_ROW:
            raise DataError(
                f"{self._path}, row {self._row}: this row does not end: is a double quote not closed?"
            )
        self._more()

    def _more(self) -> None:
        """Reads some bytes and checks that they are text."""
        content = self._file.read(BLOCK_BYTES)
        self.bytes_read += len(content)
        self._ended = not content
        try:
            self._decoder.decode(content, final=self._ended)
        except UnicodeDecodeError as error:
            if not self._rest and content.startswith((b"\xff\xfe", b"\xfe\xff")):
                self._rest = content  # told better by the caller
                return
            wrong = error.object[error.start]
            line = self._lines + error.object.count(b"\n", 0, error.start)
            raise DataError(
                f"{self._path}, line {line}: not UTF-8 text: byte 0x{wrong:02x}",
                "save the file as UTF-8, which Excel calls 'CSV UTF-8'",
            ) from error
        null = content.find(b"\0")
        if null >= 0:
            raise DataError(
                f"{self._path}, line {self._lines + content.count(bytes([10]), 0, null)}: a NUL byte",
                "this is no text file, or a damaged one",
            )
        self._lines += content.count(b"\n")
        self._rest += content

    def _whole_rows(self) -> int | None:
        """Returns where the last row ends that was read as a whole; None where none was."""
        if self._ended:
            return len(self._rest) or None
        # A carriage return at the very end may be the first half of a line end.
        limit = len(self._rest) - self._rest.endswith(b"\r")
        outside = 0
        if b'"' in self._rest:
            for quoted in self._quoted.finditer(self._rest, 0, limit):
                if not quoted[1]:
                    limit = quoted.start()
                    break
                outside = quoted.end()
        end = max(self._rest.rfind(b"\n", outside, limit), self._rest.rfind(b"\r", outside, limit)) + 1
        if end or not outside:
            return end or None
        return self._end_between_quotes(limit)

    def _end_between_quotes(self, limit: int) -> int | None:
        """Returns the last line end that stands between two quoted cells."""
        end, position = None, 0
        for quoted in self._quoted.finditer(self._rest, 0, limit):
            between = max(
                self._rest.rfind(b"\n", position, quoted.start()),
                self._rest.rfind(b"\r", position, quoted.start()),
            )
            end = between + 1 if between >= 0 else end
            position = quoted.end()
        return end

    def _parsed(self, content: bytes) -> Block:
        lines = self._line_count(content)
        names = [str(number) for number in range(len(self.first))]
        if not content.strip(b"\r\n"):
            empty = tuple(pa.array([], pa.string()) for _ in names)
            return Block(empty, self._row, content, self._delimiter, lines)
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(content),
                read_options=pa.csv.ReadOptions(column_names=names, block_size=len(content)),
                parse_options=pa.csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
                convert_options=pa.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[],
                    strings_can_be_null=False,
                    quoted_strings_can_be_null=False,
                ),
            )
        except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
            raise self._located(content) or DataError(
                f"{self._path}, rows {self._row} to {self._row + lines - 1} cannot be read as a table: {error}"
            ) from error
        columns = tuple(column.combine_chunks() for column in table.columns)
        return Block(columns, self._row, content, self._delimiter, lines)

    def _line_count(self, content: bytes) -> int:
        """Counts the rows in some whole rows, as the module `csv` does; blank ones count."""
        ends = _line_ends(content)
        if b'"' in content:
            ends -= sum(_line_ends(quoted[0]) for quoted in self._quoted.finditer(content))
        return ends + (not content.endswith((b"\n", b"\r")))

    def _located(self, content: bytes) -> DataError | None:
        """Returns the error for the first row that has not as many cells as the first one."""
        try:
            for place, fields in _records(content, self._delimiter):
                if len(fields) != len(self.first):
                    first = "the header" if self._header else "the first row"
                    return DataError(
                        f"{self._path}, row {self._row + place}: expected {len(self.first)} fields as in "
                        f"{first}, found {len(fields)}",
                        "a field that contains the delimiter must be in double quotes",
                    )
        except csv.Error as error:
            return DataError(f"{self._path} cannot be read as a table: {error}")
        return None


def _line_ends(content: bytes) -> int:
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")


def _records(content: bytes, delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yields each row that is not blank, with its number from 0 among all of them."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    for place, fields in enumerate(csv.reader(text, delimiter=delimiter)):
        if fields:
            yield place, fields
