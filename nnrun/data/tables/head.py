"""The beginning of a file of a table: the names of its columns, and some rows to guess by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnrun.data.tables.files import TextFormat, TextStream, UnreadableError, is_parquet
from nnrun.data.tables.header import names_of, same_columns
from nnrun.data.tables.records import (
    MAX_RECORD,
    EndlessRecordError,
    endless,
    first_record,
    not_text,
    records_of,
)

_FIRST_BYTES = 1 << 16
_SAMPLE_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file.

    Args:
        file: The file.
        form: How it is written; None for Parquet.
        names: Names of its columns.
        start: Bytes before the first row of data.
        first: Number of the first row of data, from 1.
        sample: Some rows of data.
        size: Bytes of the file; None where it is packed.
        texts: Names of the columns that the file says hold no numbers.
    """

    file: str
    form: TextFormat | None
    names: tuple[str, ...]
    start: int = 0
    first: int = 1
    sample: Sequence[Sequence[str]] = ()
    size: int | None = None
    texts: frozenset[str] = frozenset()


def read_head(file: str, form: TextFormat, *, strict: bool = True) -> Head:
    """Looks at the beginning of a file.

    Args:
        file: The file.
        form: How it is written, if it is text.
        strict: Refuse a single column, and names of columns that are empty or the same.

    Raises:
        DataError: It cannot be read, or has no header that can be used.
    """
    if is_parquet(file):
        from nnrun.data.tables.parquet import parquet_columns

        columns = parquet_columns(file)
        return Head(file, None, tuple(columns), texts=frozenset(name for name in columns if columns[name]))
    size = _FIRST_BYTES
    while True:
        with TextStream(file) as stream:
            block = stream.take(size)
            length = stream.size
        whole = len(block) < size
        found = first_record(block, form, whole=whole)
        if found is not None or whole:
            break
        if size > MAX_RECORD:
            raise endless(file, 1)
        size *= 4
    if found is None:
        raise UnreadableError(f"{file} is empty", "a table has one row per sample")
    row, cells, taken = found
    fault = not_text(file) if _is_no_text(block[:taken]) else None
    if fault is not None:
        raise fault
    names = names_of(cells, form, file, strict=strict)
    if not form.header:
        taken, row = 0, row - 1
    text = block[taken:].decode("utf-8", errors="replace")
    return Head(file, form, names, taken, row + 1, _sample(text, form, whole=whole), length)


def _is_no_text(header: bytes) -> bool:
    """Whether a header has bytes that no text has; those of the rows are looked at when they are read."""
    try:
        return "\0" in header.decode("utf-8")
    except UnicodeDecodeError:
        return True


def _sample(text: str, form: TextFormat, *, whole: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for _, record in records_of(text, form):
            rows.append(record)
            if len(rows) > _SAMPLE_ROWS:
                break
    except EndlessRecordError:
        return rows
    # The last one may break off.
    return rows if whole or len(rows) < 2 else rows[:-1]


def read_heads(files: Sequence[str], form: TextFormat) -> list[Head]:
    """Looks at the beginning of all files of a table.

    Raises:
        DataError: One cannot be read, or has other columns than the first one.
    """
    heads = [read_head(file, form) for file in files]
    for head in heads[1:]:
        same_columns(head.names, head.file, heads[0].names, heads[0].file)
    return heads
