"""A table in a text file."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.config.datasets import CsvData
from nnrun.config.facts import DataFacts
from nnrun.data.empty_cells import Fill, left_out
from nnrun.data.sources.csv_columns import (
    Columns,
    check_header,
    choose_columns,
    holds_text,
    is_number,
    is_whole,
)
from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.data.raw import RawData
    from nnrun.data.sources.csv_table import TextTable

SCAN_BYTES = 20_000_000
SCAN_ROWS = 100_000
"""Beyond these, a scan stops and says nothing: `check` has to stay quick."""

_KIND_ROWS = 1000
"""Rows from which a scan tells numbers from text."""


def facts(section: CsvData) -> DataFacts:
    """Scans the file quickly; what the scan cannot tell for sure is left unknown.

    Raises:
        DataError: If a column that the section names is not in the file, or one that is used has empty
            cells that `missing` does not allow.
    """
    path = Path(section.path)
    targets = len(section.target) if isinstance(section.target, list) else 1
    unknown = DataFacts(targets=targets)
    try:
        size = path.stat().st_size
        with path.open(encoding="utf-8-sig", newline="") as file:
            # Numbered as an editor or a spreadsheet does.
            reader = enumerate(csv.reader(file, delimiter=section.delimiter), start=1)
            place, first = next(((place, row) for place, row in reader if row), (0, None))
            if first is None:
                return unknown
            check_header(first, section)
            names = first if section.header else [str(number) for number in range(len(first))]
            columns = choose_columns(names, section)
            if size > SCAN_BYTES:
                return unknown
            numbered = [(place, row) for place, row in itertools.islice(reader, SCAN_ROWS + 1) if row]
    except (OSError, UnicodeDecodeError, csv.Error):
        # Loading will say what is wrong, with the place; a scan only helps the other checks.
        return unknown
    if not section.header:
        numbered.insert(0, (place, first))
    rows = [row for _, row in numbered]
    if not rows or len(rows) > SCAN_ROWS or any(len(row) != len(names) for row in rows):
        return unknown
    found: dict[int, tuple[int, int]] = {}
    dropped: set[int] = set()
    for number in columns.used:
        cells = [row[number] for row in rows]
        # Most columns have no empty cell, and this is quick.
        if all(map(str.strip, cells)):
            continue
        empty = [index for index, cell in enumerate(cells) if not cell.strip()]
        if columns.rule(number) == "drop":
            dropped.update(empty)
        elif columns.rule(number) == "error":
            found[number] = len(empty), numbered[empty[0]][0]
    _refuse_empty(section.path, found, names, columns)
    if dropped:
        left_out(len(dropped), len(rows), section.path)
        rows = [row for index, row in enumerate(rows) if index not in dropped]
    return _scanned(rows, names, columns, section)


def _scanned(
    rows: Sequence[Sequence[str]], names: Sequence[str], columns: Columns, section: CsvData
) -> DataFacts:
    count = len(rows)
    width = 0
    shape_known = True
    held_out = _held_out(count, section)
    for number in columns.features:
        cells = (row[number] for row in rows)
        head = list(itertools.islice(filter(str.strip, cells), _KIND_ROWS))
        text = number in columns.categorical or holds_text(sum(map(is_number, head)), len(head))
        fill = columns.fill(number, names[number], text=text)
        if not text:
            width += 1
            continue
        categories = _categories([row[number] for row in rows], fill)
        width += len(categories)
        # Only the categories of the training split get a column, so each must be sure to be in it.
        shape_known = shape_known and min(categories.values(), default=0) > held_out
    classes = class_names = None
    target = "values" if len(columns.targets) > 1 else None
    if len(columns.targets) == 1:
        labels = Counter(row[columns.targets[0]] for row in rows)
        if not all(map(is_number, labels)):
            classes, target = len(labels), "classes"
            class_names = tuple(sorted(labels))
        elif all(map(is_whole, labels)):
            classes = len(labels)
            class_names = tuple(sorted(labels, key=int))
        else:
            target = "values" if any(not _is_integral(label) for label in labels) else None
    return DataFacts(
        shape=(width,) if shape_known else None,
        train_samples=count,
        classes=classes,
        class_names=class_names,
        target=target,
        targets=len(columns.targets),
    )


def _categories(cells: Iterable[str], fill: Fill | None) -> Counter[str]:
    """Counts the categories of a column; what its empty cells become is known where the config says it."""
    counts = Counter(cells)
    empty = [cell for cell in counts if not cell.strip()]
    count = sum(counts.pop(cell) for cell in empty)
    if count and fill is not None and isinstance(fill.value, str):
        counts[fill.value] += count
    return counts


def _is_integral(label: str) -> bool:
    return float(label).is_integer()


def _held_out(count: int, section: CsvData) -> int:
    """Returns how many samples may lie outside the training split, at most."""
    from nnrun.data.shares import shares

    return count - shares(count, section).train


def load(section: CsvData, seed: int) -> RawData:  # noqa: ARG001 - all sources are called alike
    """Reads the table.

    A text column of the features, or one in `categorical`, holds positions in its sorted values. Labels are
    integers where all are whole numbers, floats where all are numbers, else text, which `NA` and `null` are
    too. Rows with empty cells are left out where `missing` says so, and other empty cells that it allows are
    NaN.

    Raises:
        DataError: With the row, for everything in the file that is not as it should be.
    """
    import numpy as np

    from nnrun.data.raw import Part, RawData
    from nnrun.data.sources.csv_cells import (
        check_categories,
        feature_codes,
        labels_of,
        numbers_of,
        target_numbers,
    )
    from nnrun.data.sources.csv_table import read_table

    table = read_table(section)
    columns = choose_columns(table.names, section)
    _check_empty(table, columns)
    table, dropped = _without_dropped(table, columns)
    fills: dict[int, Fill] = {}
    x = np.empty((table.rows, len(columns.features)), dtype=np.float64)
    categories: dict[int, tuple[str, ...]] = {}
    for place, number in enumerate(columns.features):
        values = None if number in columns.categorical else numbers_of(table, number)
        fill = columns.fill(number, table.names[number], text=values is None)
        if fill is not None:
            fills[place] = fill
        if values is None:
            categories[place], values = feature_codes(table, number)
            if number not in columns.categorical:
                check_categories(table, number, len(categories[place]))
        x[:, place] = values
    if len(columns.targets) == 1:
        y = labels_of(table, columns.targets[0])
    else:
        y = np.stack([target_numbers(table, number) for number in columns.targets], axis=1)
    return RawData(
        kind="table",
        samples=Part(x, y),
        feature_names=tuple(table.names[number] for number in columns.features),
        target_names=tuple(table.names[number] for number in columns.targets),
        categories=categories,
        fills=fills,
        notes=(*dropped, *_notes(table, columns)),
        place=lambda row: f"{table.path}, row {table.row_in_file(row)}",
    )


def _check_empty(table: TextTable, columns: Columns) -> None:
    """Refuses empty cells in the columns that are used and may have none."""
    import pyarrow.compute as pc

    from nnrun.data.sources.csv_table import is_empty

    found: dict[int, tuple[int, int]] = {}
    for number in columns.used:
        if columns.rule(number) != "error":
            continue
        empty = is_empty(table.columns[number])
        count = pc.sum(empty).as_py()
        if count:
            found[number] = count, table.row_in_file(pc.index(empty, True).as_py())
    _refuse_empty(table.path, found, table.names, columns)


def _refuse_empty(
    path: str, found: Mapping[int, tuple[int, int]], names: Sequence[str], columns: Columns
) -> None:
    """Refuses empty cells: by number of the column, how many it has, and the row of the first."""
    if not found:
        return
    shown = [
        f"column '{names[number]}' has {count:,} (the first in row {row})"
        for number, (count, row) in found.items()
    ]
    if any(number in columns.targets for number in found):
        advice = (
            "a target cannot be filled: remove these rows, or leave them out with `dataset.missing: drop`"
        )
    else:
        advice = (
            "fill them or leave their rows out with `dataset.missing`, such as `missing: median` or `missing: "
            "drop`, or leave the column out with `dataset.exclude`"
        )
    raise DataError(f"{path}: empty cells: {'; '.join(shown)}", advice)


def _without_dropped(table: TextTable, columns: Columns) -> tuple[TextTable, tuple[str, ...]]:
    """Leaves the rows out that `missing: drop` is about, and returns notes about them."""
    from nnrun.data.sources.csv_table import rows_with_empty, without_rows

    rows = rows_with_empty(table, [number for number in columns.used if columns.rule(number) == "drop"])
    count = int(rows.sum())
    if not count:
        return table, ()
    note = left_out(count, table.rows, table.path)
    return without_rows(table, rows), (note,)


def _notes(table: TextTable, columns: Columns) -> tuple[str, ...]:
    """Tells of cells with a line break: a stray quote at the start of a cell swallows the rows after it."""
    import pyarrow.compute as pc

    notes: list[str] = []
    for number in columns.used:
        broken = pc.match_substring(table.columns[number], "\n")
        count = pc.sum(broken).as_py()
        if count:
            row = table.row_in_file(pc.index(broken, True).as_py())
            where = f"{table.path}, column '{table.names[number]}', first in row {row}"
            notes.append(
                f"{where}: several lines in double quotes in {count:,} of its cells; if such a quote is "
                "part of the text, it has swallowed rows"
            )
    return tuple(notes)
