"""A table in text files or Parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nnrun.config.datasets import CsvData
from nnrun.config.facts import DataFacts
from nnrun.data.empty_cells import Fill, left_out, refuse_empty
from nnrun.data.tables.cells import ColumnKind
from nnrun.data.tables.columns import Columns, choose_columns, files_of_parts, format_of
from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.data.raw import Part, RawData
    from nnrun.data.tables.table import Table
    from nnrun.data.tables.wanted import Wanted


def facts(section: CsvData) -> DataFacts:
    """Scans the files quickly; what the scan cannot tell for sure is left unknown.

    Raises:
        DataError: If a column that the section names is not in the file, or one that is used has empty
            cells that `missing` does not allow.
    """
    from nnrun.data.tables.scan import scan

    return scan(section)


def load(section: CsvData, seed: int) -> RawData:  # noqa: ARG001 - all sources are called alike
    """Reads the table.

    A column of texts among the features, or one in `categorical`, holds positions in its sorted values. Labels are
    integers where all are whole numbers, floats where all are numbers, else text, which `NA` and `null` are
    too. Rows with empty cells are left out where `missing` says so, and other empty cells that it allows are
    NaN.

    Raises:
        DataError: With file and row, for everything in the files that is not as it should be.
    """
    import numpy as np

    from nnrun.data.raw import Part, RawData
    from nnrun.data.tables.contents import (
        as_category,
        check_groups,
        kind_of,
        labels_of,
        target_numbers,
        times_of,
        weights_of,
    )
    from nnrun.data.tables.head import read_heads
    from nnrun.data.tables.reading import read_table

    files = files_of_parts(section, fetch=True)
    heads = read_heads([file for part in files.values() for file in part], format_of(section))
    names = heads[0].names
    columns = choose_columns(names, section, heads[0].file)
    try:
        table = read_table(heads, _wanted(columns, names), len(columns.features))
    except MemoryError as error:
        raise DataError(
            f"{heads[0].file}: the table does not fit into memory",
            "use fewer `dataset.features`, or fewer files",
        ) from error
    _check_empty(table, columns)
    table, dropped = _without_dropped(table, columns)

    features = tuple(names[number] for number in columns.features)
    fills: dict[int, Fill] = {}
    kinds: dict[int, ColumnKind] = {}
    categories: dict[int, tuple[str, ...]] = {}
    for place, number in enumerate(columns.features):
        column = table.columns[place]
        kind = kind_of(column, table, forced=number in columns.categorical)
        if section.encode == "codes":
            kind = as_category(column, kind)
        fill = columns.fill(number, column.name, kind)
        if fill is not None:
            fills[place] = fill
        if column.texts is not None and kind is not None:
            categories[place], kinds[place] = column.texts, kind
    about = dict(zip(columns.about, table.columns[len(columns.features) :], strict=True))
    if len(columns.targets) == 1:
        y = labels_of(about[columns.targets[0]], table.place)
    else:
        y = np.stack([target_numbers(about[number], table.place) for number in columns.targets], axis=1)
    whole = Part(
        table.matrix, y, None if columns.weight is None else weights_of(about[columns.weight], table.place)
    )
    groups = None if columns.group is None else about[columns.group]
    times = None if columns.time is None else times_of(about[columns.time], table.place)
    rows = _rows_of_parts(table, files)
    if groups is not None:
        check_groups(groups, rows, table.place)
    parts = {name: _part(whole, table, rows[name]) for name in files}
    return RawData(
        kind="table",
        samples=parts["samples"],
        validation=parts.get("validation"),
        test=parts.get("test"),
        feature_names=features,
        target_names=tuple(names[number] for number in columns.targets),
        categories=categories,
        kinds=kinds,
        groups=None if groups is None else groups.values[rows["samples"]].astype(np.int64),
        times=None if times is None else times[rows["samples"]],
        fills=fills,
        notes=(*dropped, *_notes(table), *_kinds_note(table, features, kinds)),
        place=table.place,
    )


def _rows_of_parts(table: Table, files: Mapping[str, Sequence[str]]) -> dict[str, slice]:
    """Returns the rows of each part that the data come in.

    Raises:
        DataError: A part has none.
    """
    rows: dict[str, slice] = {}
    start = first = 0
    for name, part in files.items():
        stop = start + table.rows_of(first, first + len(part))
        if start == stop:
            raise DataError(f"{part[0]} has no rows of data that can be used", "a split cannot be empty")
        rows[name] = slice(start, stop)
        start, first = stop, first + len(part)
    return rows


def _part(whole: Part, table: Table, rows: slice) -> Part:
    weights = None if whole.weights is None else whole.weights[rows]
    return replace(
        whole,
        x=whole.x[rows],
        y=whole.y[rows],
        weights=weights,
        place=lambda row: table.place(rows.start + row),
    )


def _kinds_note(table: Table, features: tuple[str, ...], kinds: Mapping[int, ColumnKind]) -> tuple[str, ...]:
    """Returns a note on what the features hold, if they are not all numbers."""
    from nnrun.data.column_kinds import column_kinds, kinds_note

    return (kinds_note(column_kinds(table.matrix, features, kinds)),) if kinds else ()


def _wanted(columns: Columns, names: tuple[str, ...]) -> list[Wanted]:
    """Returns what is wanted of the columns: of the features first, then of those about the rows."""
    from nnrun.data.tables.wanted import Wanted

    wanted = [
        Wanted(names[number], "texts" if number in columns.categorical else "numbers")
        for number in columns.features
    ]
    for number in columns.about:
        if number == columns.group:
            wanted.append(Wanted(names[number], "texts"))
        elif columns.targets == (number,):
            wanted.append(Wanted(names[number], "labels"))
        else:
            wanted.append(Wanted(names[number], "numbers"))
    return wanted


def _check_empty(table: Table, columns: Columns) -> None:
    """Refuses empty cells in the columns that are used and may have none."""
    refused = {
        number: column
        for number, column in zip(columns.wanted, table.columns, strict=True)
        if column.empty and columns.rule(number) == "error"
    }
    found = {
        column.name: (column.empty, table.where(column.first_empty)) for _, column in sorted(refused.items())
    }
    refuse_empty(table.path, found, about_rows=any(number in columns.about for number in refused))


def _without_dropped(table: Table, columns: Columns) -> tuple[Table, tuple[str, ...]]:
    """Leaves the rows out that `missing: drop` is about, and returns notes about them."""
    import numpy as np

    rows = np.zeros(table.rows, dtype=np.bool_)
    for number, column in zip(columns.wanted, table.columns, strict=True):
        if column.empty and columns.rule(number) == "drop":
            rows |= np.isnan(column.values)
    count = int(rows.sum())
    if not count:
        return table, ()
    note = left_out(count, table.rows, table.path)
    return table.without(rows), (note,)


def _notes(table: Table) -> tuple[str, ...]:
    """Tells of cells with a line break: a stray quote at the start of a cell swallows the rows after it."""
    notes: list[str] = []
    for column in table.columns:
        texts = {text for text in column.texts or () if "\n" in text}
        broken = {text: count for text, count in column.counts().items() if text in texts} if texts else {}
        if broken:
            where = f"{table.path}, column '{column.name}', first in {table.where(column.first_row(broken))}"
            notes.append(
                f"{where}: several lines in double quotes in {sum(broken.values()):,} of its cells; if such a quote "
                "is part of the text, it has swallowed rows"
            )
    return tuple(notes)
