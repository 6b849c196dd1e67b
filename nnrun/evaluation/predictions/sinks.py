"""Where predictions go: CSV, JSON, JSON Lines or Parquet, batch by batch."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import IO, Any, Protocol

from nnrun.errors import UsageError
from nnrun.evaluation.predictions.json_text import json_cells, json_texts
from nnrun.evaluation.predictions.layout import Layout

Write = Callable[[bytes], object]


class Sink(Protocol):
    """Takes predictions and writes them."""

    def write(self, ids: Any, kept: Sequence[Any], outputs: Any) -> None:
        """Writes some predictions.

        Args:
            ids: Arrow array of the names or numbers of the samples.
            kept: Arrow arrays of texts that are carried over.
            outputs: Outputs of the network, shape `(samples, outputs)`.
        """

    def close(self) -> None:
        """Writes what comes at the end."""


class CsvSink:
    """Comma-separated values with a header; no cell begins like a formula of a spreadsheet.

    Args:
        write: Takes bytes.
        layout: What is told about each sample.
        id_name: Name of the column with the ids.
        kept_names: Names of the columns that are carried over.
    """

    def __init__(self, write: Write, layout: Layout, id_name: str, kept_names: Sequence[str]) -> None:
        self._write = write
        self._layout = layout
        header = io.StringIO()
        names = [id_name, *kept_names, *layout.columns]
        csv.writer(header, lineterminator="\n").writerow([_escaped(name) for name in names])
        self._pending = header.getvalue().encode()

    def write(self, ids: Any, kept: Sequence[Any], outputs: Any) -> None:
        """Writes some rows."""
        import pyarrow.compute as pc

        columns = [_csv_cells(column) for column in (ids, *kept, *self._layout.table(outputs))]
        lines = pc.binary_join_element_wise(*columns, ",").to_pylist()
        self._write(self._pending + "".join(f"{line}\n" for line in lines).encode())
        self._pending = b""

    def close(self) -> None:
        """Writes the header, where nothing came after it."""
        self._write(self._pending)


class JsonSink:
    """A JSON object per sample: one in each line, or all of them in an array.

    Args:
        write: Takes bytes.
        layout: What is told about each sample.
        kept_names: Names of the columns that are carried over.
        lines: One object in each line, and nothing else.
    """

    def __init__(self, write: Write, layout: Layout, kept_names: Sequence[str], *, lines: bool) -> None:
        self._write = write
        self._layout = layout
        self._kept_names = json_texts(kept_names)
        self._lines = lines
        self._pending = "" if lines else "["

    def write(self, ids: Any, kept: Sequence[Any], outputs: Any) -> None:
        """Writes some objects."""
        cells = [json_cells(column) for column in kept]
        objects: list[str] = []
        for row, (name, members) in enumerate(
            zip(json_cells(ids), self._layout.members(outputs), strict=True)
        ):
            carried = ""
            if cells:
                own = ", ".join(
                    f"{key}: {column[row]}" for key, column in zip(self._kept_names, cells, strict=True)
                )
                carried = f'"kept": {{{own}}}, '
            objects.append(f'{{"id": {name}, {carried}{members}}}')
        if self._lines:
            self._write("".join(f"{line}\n" for line in objects).encode())
        elif objects:
            self._write((f"{self._pending}\n" + ",\n".join(objects)).encode())
            self._pending = ","

    def close(self) -> None:
        """Ends the array."""
        if not self._lines:
            self._write(b"\n]\n" if self._pending == "," else b"[]\n")


class ParquetSink:
    """A Parquet file.

    Args:
        file: The file to fill.
        layout: What is told about each sample.
        id_name: Name of the column with the ids.
        kept_names: Names of the columns that are carried over.
    """

    def __init__(self, file: IO[bytes], layout: Layout, id_name: str, kept_names: Sequence[str]) -> None:
        self._file = file
        self._layout = layout
        self._names = [id_name, *kept_names, *layout.columns]
        self._writer: Any = None

    def write(self, ids: Any, kept: Sequence[Any], outputs: Any) -> None:
        """Writes some rows."""
        import pyarrow as pa
        import pyarrow.parquet

        table = pa.table([ids, *kept, *self._layout.table(outputs)], names=self._names)
        if self._writer is None:
            self._writer = pa.parquet.ParquetWriter(self._file, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """Writes the end of the file."""
        if self._writer is not None:
            self._writer.close()


FORMATS = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""The format of a file by its suffix."""


def check_names(id_name: str, kept_names: Sequence[str], layout: Layout) -> None:
    """Refuses two columns of one name.

    Raises:
        UsageError: Names the column.
    """
    seen = {id_name, *layout.columns}
    if id_name in layout.columns:
        raise UsageError(f"--id {id_name}: the predictions have a column of this name", "choose another one")
    for name in kept_names:
        if name in seen:
            raise UsageError(
                f"--keep {name}: the output already has a column of this name", "leave it out, or rename it"
            )
        seen.add(name)


def _escaped(text: str) -> str:
    """Returns a cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _csv_cells(column: Any) -> Any:
    """Returns an arrow array as the texts of CSV cells, in quotes where they need some."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type):
        return pc.cast(column, pa.string())
    column = _without_formulas(column)
    special = pc.match_substring_regex(column, r'[",\r\n]|^ | $')
    if not pc.any(special).as_py():
        return column
    doubled = pc.replace_substring(column, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), column)


def _without_formulas(column: Any) -> Any:
    """Returns an arrow array in which no text begins like a formula; numbers stay as they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type):
        return column
    formula = pc.match_substring_regex(column, r"^[=+\-@\t\r]")
    if not pc.any(formula).as_py():
        return column
    number = pc.match_substring_regex(column, r"^[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?$")
    escaped = pc.binary_join_element_wise("'", column, "")
    return pc.if_else(pc.and_(formula, pc.invert(number)), escaped, column)
