"""The records of a text file one by one, with their row numbers. Slow and exact: for headers, scans and faults."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from nnrun.data.tables.files import TextFormat, TextStream
from nnrun.errors import DataError

MAX_RECORD = 1 << 24
"""No record may have more bytes: a stray quote swallows everything after it, up to here."""

# Python's own limit of 128 KiB per cell refuses long texts that pyarrow reads.
csv.field_size_limit(MAX_RECORD)

_QUOTES = "double quotes enclose cells; if they are part of the text, set `dataset.quoting: none`"

Record = tuple[int, list[str]]
"""A row number as an editor or a spreadsheet gives it, from 1, and the cells."""

OTHER_DELIMITERS = {";": "';'", "\t": "a tab", "|": "'|'", ",": "','"}
"""What a file may be divided by if not by what the config says, and how to call it."""


class EndlessRecordError(Exception):
    """A cell is longer than `MAX_RECORD`, most likely for want of a closing quote.

    Args:
        row: The row that it is in.
    """

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


def records(file: str, form: TextFormat, *, strict: bool = False) -> Iterator[Record]:
    """Yields each record that is not blank.

    Args:
        file: The file.
        form: How it is written.
        strict: Whether bytes that are not UTF-8 raise an error, and quotes that are not closed or that text follows;
            otherwise such bytes become surrogates.

    Raises:
        UnreadableError: The file cannot be read.
        UnicodeDecodeError: It is not UTF-8.
        EndlessRecordError: A cell is longer than `MAX_RECORD`, or its quotes are not as they should be.
    """
    with TextStream(file) as stream:
        yield from _numbered(_text(stream, "strict" if strict else "surrogateescape"), form, strict=strict)


def _text(stream: TextStream, errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(stream, 1 << 16), encoding="utf-8", errors=errors, newline="")


def records_of(text: str, form: TextFormat) -> Iterator[Record]:
    """Yields each record of a text that is not blank."""
    return _numbered(io.StringIO(text, newline=""), form)


def _numbered(text: Iterable[str], form: TextFormat, *, strict: bool = False) -> Iterator[Record]:
    reader = _reader(text, form, strict=strict)
    row = 0
    try:
        for row, record in enumerate(reader, start=1):
            if record:
                yield row, record
    except csv.Error as error:
        raise EndlessRecordError(row + 1) from error


def _reader(lines: Iterable[str], form: TextFormat, *, strict: bool = False) -> Any:
    if form.quotes:
        return csv.reader(lines, delimiter=form.delimiter, strict=strict)
    return csv.reader(lines, delimiter=form.delimiter, quoting=csv.QUOTE_NONE)


def first_record(block: bytes, form: TextFormat, *, whole: bool) -> tuple[int, list[str], int] | None:
    """Finds the first record at the beginning of a file.

    Args:
        block: The first bytes of the file.
        form: How the file is written.
        whole: Whether these are all bytes of the file.

    Returns:
        Its row number, its cells, and how many bytes it and blank lines before it take; None if it does not end
        within the block, or there is none.
    """
    text = block.decode("utf-8", errors="surrogateescape")
    lines = list(io.StringIO(text, newline=""))
    if not whole:
        lines = lines[:-1]  # it may go on
    reader = _reader(lines, form)
    try:
        for row, record in enumerate(reader, start=1):
            if record:
                if reader.line_num == len(lines) and not whole:
                    return None  # its quotes may not be closed yet
                taken = "".join(lines[: reader.line_num])
                return row, record, len(taken.encode("utf-8", errors="surrogateescape"))
    except csv.Error:
        return None
    return None


def ragged(file: str, form: TextFormat, fields: int) -> DataError | None:
    """Returns the error for the first record that has not as many fields as the first one, or None.

    Args:
        file: The file.
        form: How it is written.
        fields: How many fields the first record has.
    """
    wrong: list[tuple[int, int]] = []
    try:
        wrong = [(row, len(record)) for row, record in records(file, form) if len(record) != fields]
    except EndlessRecordError as error:
        return endless(file, error.row)
    if not wrong:
        return None
    row, found = wrong[0]
    more = f" ({len(wrong):,} rows in all are like that)" if len(wrong) > 1 else ""
    first = "the header" if form.header else "the first row"
    return DataError(
        f"{file}, row {row}: expected {fields} fields as in {first}, found {found}{more}",
        _ragged_advice(file, form),
    )


def _ragged_advice(file: str, form: TextFormat) -> str:
    if not form.quotes:
        return "a field cannot contain the delimiter, as `quoting` is none"
    advice = "a field that contains the delimiter must be in double quotes"
    with TextStream(file) as stream:
        start = stream.take(4096).split(b"\n")[0].decode("utf-8", errors="replace")
    others = [name for sign, name in OTHER_DELIMITERS.items() if sign in start and sign != form.delimiter]
    if others:
        advice += f"; or is the delimiter {others[0]}? Then set `dataset.delimiter`"
    return advice


def unclosed(file: str, form: TextFormat) -> DataError:
    """Returns the error for a file whose last record has a double quote that is not closed."""
    row = 0
    try:
        for row, _ in records(file, form):  # noqa: B007 - the last one is needed
            pass
    except EndlessRecordError as error:
        row = error.row
    return DataError(
        f"{file}, row {row}: a double quote is not closed, so this row goes on to the end", _QUOTES
    )


def endless(file: str, row: int) -> DataError:
    """Returns the error for a record with a cell that is longer than `MAX_RECORD`."""
    return DataError(
        f"{file}, row {row}: a cell does not end within {MAX_RECORD >> 20} MiB",
        f"is a quote not closed? {_QUOTES}",
    )


def not_text(file: str) -> DataError | None:
    """Returns the error for the first byte of a file that is not UTF-8, or NUL, with its line; None without one."""
    line = 1
    with TextStream(file) as stream:
        rest = b""
        while True:
            block = stream.take(1 << 20)
            piece = rest + block
            if not piece:
                return None
            # Whole lines, so that no character is cut.
            end = piece.rfind(b"\n") + 1 if block else len(piece)
            end = end or (len(piece) if len(piece) > MAX_RECORD else 0)
            whole, rest = piece[:end], piece[end:]
            fault = _fault(whole)
            if fault is not None:
                position, what, advice = fault
                where = line + whole.count(b"\n", 0, position)
                return DataError(f"{file}, line {where}: {what} in {_shown(whole, position)}", advice)
            line += whole.count(b"\n")


def _fault(piece: bytes) -> tuple[int, str, str] | None:
    """Returns position, description and advice of the first byte of a piece that no text has."""
    null = piece.find(b"\0")
    try:
        piece.decode("utf-8")
    except UnicodeDecodeError as error:
        if null < 0 or error.start < null:
            what = f"not UTF-8 text: byte 0x{piece[error.start]:02x}"
            return error.start, what, "save the file as UTF-8, which Excel calls 'CSV UTF-8'"
    return None if null < 0 else (null, "a NUL byte", "this is no text file, or a damaged one")


def _shown(piece: bytes, position: int) -> str:
    """Returns the surroundings of a byte as text that is safe to print."""
    start = max(piece.rfind(b"\n", 0, position) + 1, position - 30)
    shown = piece[start : position + 20].split(b"\n")[0]
    return ascii(shown.decode("utf-8", errors="backslashreplace"))
