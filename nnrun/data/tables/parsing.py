"""Text files of tables to batches of rows: parsed by pyarrow in pieces, several at a time."""

from __future__ import annotations

import codecs
import io
import os
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from nnrun.data.tables import records
from nnrun.data.tables.files import TextFormat, TextStream
from nnrun.data.tables.pieces import EndlessLineError, Piece, Pieces
from nnrun.data.tables.records import MAX_RECORD
from nnrun.data.tables.wanted import Batch, Wanted, batch_of
from nnrun.errors import DataError

PIECE = 1 << 21
"""Bytes that are parsed at a time: large enough that calls do not count, small enough for the cache."""

_MOST_THREADS = 8
_ASCII = 128


class _NotTextError(Exception):
    """A piece is not UTF-8 or has NUL bytes."""


@dataclass(slots=True)
class TextFile:
    """A text file that is read batch by batch.

    Args:
        file: The file.
        form: How it is written.
        names: Names of its columns, in their order.
        start: Bytes that are taken by the header and blank lines before it.
        wanted: What is wanted of its columns.
    """

    file: str
    form: TextFormat
    names: Sequence[str]
    start: int
    wanted: Sequence[Wanted]
    quoted: bool = field(default=False, init=False)
    """Whether there are double quotes that enclose cells, once all batches were read."""

    size: int | None = field(default=None, init=False)
    """Bytes of the file where that is known, once the first batch was read."""

    _stream: TextStream | None = field(default=None, init=False)
    _texts: frozenset[str] = field(default=frozenset(), init=False)
    _options: dict[frozenset[str], Any] = field(default_factory=dict, init=False)

    def share(self) -> float:
        """Returns how much of the file is read, from 0 to 1."""
        return 0.0 if self._stream is None else self._stream.share()

    def batches(self) -> Iterator[Batch]:
        """Yields the rows in order.

        Raises:
            DataError: With the place, for everything in the file that is not as it should be.
        """
        # Columns that are wanted as texts, and those where a piece was met that is not all numbers.
        self._texts = frozenset(want.column for want in self.wanted if want.form != "numbers")
        try:
            with TextStream(self.file) as stream, ThreadPoolExecutor(_threads()) as pool:
                self.size = stream.size
                self._stream = stream
                stream.take(self.start)
                yield from _in_order(self._jobs(stream, pool), ahead=_threads() + 1)
        except EndlessLineError:
            fault = records.ragged(self.file, self.form, len(self.names))
            raise fault or self._fault("a row is too long") from None
        except _NotTextError:
            raise records.not_text(self.file) or self._fault("it changed while it was read") from None
        except pa.ArrowInvalid as error:
            found = records.not_text(self.file) or records.ragged(self.file, self.form, len(self.names))
            raise found or self._fault(str(error)) from error

    def _fault(self, reason: str) -> DataError:
        return DataError(f"{self.file} cannot be read as a table: {reason}")

    def _jobs(self, stream: TextStream, pool: ThreadPoolExecutor) -> Iterator[Future[Batch]]:
        """Yields the parsing of each piece that has no quotes, then that of the rest in the order of the file."""
        pieces = Pieces(stream, PIECE, _threads() + 2)
        while (piece := pieces.take()) is not None:
            if self.form.quotes and piece.has(b'"'):
                yield from self._quoted_jobs(pieces.rest(piece), stream, pool)
                return
            yield pool.submit(self._parsed, piece, pieces)

    def _parsed(self, piece: Piece, pieces: Pieces) -> Batch:
        """Parses a piece: numbers as numbers, and all over again as texts where that fails."""
        _check_text(piece)
        try:
            batch = self._batch(self._read(piece, self._texts))
        except pa.ArrowInvalid:
            batch = None
        if batch is None:
            batch = self._batch(self._read(piece, {want.column for want in self.wanted}))
            assert batch is not None  # noqa: S101 - texts can always be looked at
            # Most likely it is the same in the pieces to come.
            self._texts |= {self.wanted[place].column for place in batch.texts}
        pieces.give_back(piece)
        return batch

    def _read(self, piece: Piece, texts: Collection[str]) -> Any:
        options = pa.csv.ReadOptions(
            column_names=list(self.names), block_size=piece.end + 1, use_threads=False
        )
        return pa.csv.read_csv(
            pa.BufferReader(pa.py_buffer(piece.view())),
            options,
            self._parse_options(),
            self._convert_options(texts),
        )

    def _batch(self, table: Any) -> Batch | None:
        arrays = {want.column: _one_chunk(table.column(want.column)) for want in self.wanted}
        return batch_of(table.num_rows, arrays, self.wanted)

    def _parse_options(self) -> Any:
        quotes = self.form.quotes
        return pa.csv.ParseOptions(
            delimiter=self.form.delimiter, quote_char='"' if quotes else False, newlines_in_values=quotes
        )

    def _convert_options(self, texts: Collection[str]) -> Any:
        key = frozenset(texts)
        if key not in self._options:
            columns = list(dict.fromkeys(want.column for want in self.wanted))
            self._options[key] = pa.csv.ConvertOptions(
                column_types={name: pa.string() if name in key else pa.float64() for name in columns},
                include_columns=columns,
                # Whether they are is looked at before.
                check_utf8=False,
                null_values=[""],
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            )
        return self._options[key]

    def _quoted_jobs(
        self, piece: bytes, stream: TextStream, pool: ThreadPoolExecutor
    ) -> Iterator[Future[Batch]]:
        """Yields the parsing of the rest of the file, where only a parser knows which line breaks end a row."""
        self.quoted = True
        last = _LastRow(self.form.delimiter, len(self.names))
        checked = _Checked(piece, stream, last.content)
        every = {want.column for want in self.wanted}
        options = pa.csv.ReadOptions(column_names=list(self.names), block_size=MAX_RECORD)
        try:
            reader = pa.csv.open_csv(
                pa.PythonFile(checked, "r"), options, self._parse_options(), self._convert_options(every)
            )
            waiting = None
            for read in reader:
                if waiting is not None:
                    yield pool.submit(self._converted, waiting)
                waiting = read if read.num_rows else waiting
        except pa.ArrowInvalid as error:
            if checked.fault is not None:
                raise checked.fault from error
            raise
        if waiting is None or not last.ends(waiting):
            raise records.unclosed(self.file, self.form)
        yield pool.submit(self._converted, waiting.slice(0, waiting.num_rows - 1))

    def _converted(self, read: Any) -> Batch:
        batch = self._batch(pa.Table.from_batches([read]))
        assert batch is not None  # noqa: S101 - texts can always be looked at
        return batch


@dataclass(frozen=True, slots=True)
class _LastRow:
    """A row that is put after a file: where a quote is still open there, it becomes a part of that cell.

    Args:
        delimiter: What divides the cells.
        fields: How many cells a row has.
    """

    delimiter: str
    fields: int

    @property
    def cell(self) -> str:
        """What each of its cells holds."""
        return ("@" if self.delimiter != "@" else "#") * 8

    @property
    def content(self) -> bytes:
        """The row, after the end of the line before. Two quotes are nothing, or a quote that is part of a cell."""
        return f'\n""{self.delimiter.join([self.cell] * self.fields)}\n'.encode()

    def ends(self, read: Any) -> bool:
        """Whether rows end with it, as a row of its own."""
        return all(column[-1].as_py() == self.cell for column in read.columns)


class _Checked(io.RawIOBase):
    """Bytes on their way to the parser, which are looked at as they pass.

    Args:
        start: What comes first.
        stream: What comes then.
        end: What comes last.
    """

    def __init__(self, start: bytes, stream: TextStream, end: bytes) -> None:
        super().__init__()
        self._start = start
        self._stream = stream
        self._end = end
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.fault: Exception | None = None

    def readable(self) -> bool:
        """Returns whether it can be read, for pyarrow."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes, for pyarrow.

        Raises:
            ArrowInvalid: The bytes are at fault; `fault` says how.
        """
        try:
            start, self._start = self._start[:size], self._start[size:]
            data = start + self._stream.take(size - len(start))
            if b"\0" in data:
                raise _NotTextError
            self._decoder.decode(data, final=not data)
        except (DataError, UnicodeDecodeError, _NotTextError) as error:
            self.fault = error if isinstance(error, DataError) else _NotTextError()
            raise pa.ArrowInvalid("the file cannot be read") from error
        if not data:
            data, self._end = self._end[:size], self._end[size:]
        return data


def _in_order(jobs: Iterator[Future[Batch]], ahead: int) -> Iterator[Batch]:
    """Yields the results of jobs, of which so many may be at work."""
    waiting: deque[Future[Batch]] = deque()
    try:
        for job in jobs:
            waiting.append(job)
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for job in waiting:
            job.cancel()


def _check_text(piece: Piece) -> None:
    if piece.has(b"\0"):
        raise _NotTextError
    if np.frombuffer(piece.buffer, np.uint8, piece.end).max() < _ASCII:
        return
    try:
        codecs.utf_8_decode(piece.view(), "strict", True)
    except UnicodeDecodeError as error:
        raise _NotTextError from error


def _one_chunk(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _threads() -> int:
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return min(len(usable), _MOST_THREADS)
