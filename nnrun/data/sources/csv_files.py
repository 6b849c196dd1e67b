"""A table in a text file."""

from __future__ import annotations

import csv
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.config.datasets import CsvData
from nnrun.config.facts import DataFacts
from nnrun.data.empty_cells import Fill, left_out
from nnrun.data.sources.csv_columns import (
    Columns,
    check_header,
    choose_columns,
    has_leading_zero,
    holds_text,
    is_not_finite,
    is_number,
    is_whole,
)
from nnrun.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnrun.data.raw import RawData
    from nnrun.data.sources.csv_table import TextTable

SCAN_BYTES = 20_000_000
SCAN_ROWS = 100_000
"""Beyond these, a scan stops and says nothing: `check` has to stay quick."""

MANY_CATEGORIES = 100
"""A text column with more values than that, and a new one in every second row, is not a category."""

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

    return count - shares(count, section, own_test=False).train


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
    from nnrun.data.sources.csv_table import read_table

    table = read_table(section)
    columns = choose_columns(table.names, section)
    _check_empty(table, columns)
    table, dropped = _without_dropped(table, columns)
    fills: dict[int, Fill] = {}
    x = np.empty((table.rows, len(columns.features)), dtype=np.float64)
    categories: dict[int, tuple[str, ...]] = {}
    for place, number in enumerate(columns.features):
        values = None if number in columns.categorical else _numbers(table, number)
        fill = columns.fill(number, table.names[number], text=values is None)
        if fill is not None:
            fills[place] = fill
        if values is None:
            categories[place], values = _feature_codes(table, number)
            if number not in columns.categorical:
                _check_categories(table, number, len(categories[place]))
        x[:, place] = values
    if len(columns.targets) == 1:
        y = _labels(table, columns.targets[0])
    else:
        y = np.stack([_target_numbers(table, number) for number in columns.targets], axis=1)
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


def _numbers(table: TextTable, number: int) -> NDArray[Any] | None:
    """Returns a column as float64 of shape `(rows,)`, or None if it holds text; empty cells are NaN.

    Raises:
        DataError: If it holds numbers with some other cell among them.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = pc.utf8_trim_whitespace(table.columns[number])
    empty = pc.equal(cells, "")
    if pc.any(empty).as_py():
        cells = pc.if_else(empty, None, cells)
    try:
        values: NDArray[Any] = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        # Some cell is no number, or one that pyarrow does not read, such as `+5`.
        texts = cells.to_pylist()
        filled = [text for text in texts if text is not None]
        if holds_text(sum(is_number(text) or is_not_finite(text) for text in filled), len(filled)):
            return None
        valid = [text is None or is_number(text) for text in texts]
        if not all(valid):
            raise _no_number(table, number, valid.index(False)) from None
        values = np.array([math.nan if text is None else float(text) for text in texts])
    wrong = np.flatnonzero(~np.isfinite(values) & ~empty.to_numpy(zero_copy_only=False))
    if len(wrong):
        raise _no_number(table, number, int(wrong[0]))
    return values


def _no_number(table: TextTable, number: int, row: int) -> DataError:
    cell = table.columns[number][row].as_py()
    name = table.names[number]
    if is_not_finite(cell):
        what = "is not a finite number"
    elif is_number(cell):
        what = "is too great for a 64-bit float"
    else:
        what = "is not a number, as most cells of this column are"
    return DataError(
        f"{table.path}, row {table.row_in_file(row)}, column '{name}': {_quoted(cell)} {what}",
        f"mend or empty the cell, or name the column in `dataset.exclude` or `dataset.categorical`: '{name}'",
    )


def _codes(table: TextTable, number: int) -> tuple[tuple[str, ...], NDArray[Any]]:
    """Returns the sorted values of a column, and the position of each cell in them, shape `(rows,)`."""
    import numpy as np

    encoded = table.columns[number].dictionary_encode()
    names = encoded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return tuple(names[index] for index in order), place[encoded.indices.to_numpy()]


def _feature_codes(table: TextTable, number: int) -> tuple[tuple[str, ...], NDArray[Any]]:
    """Returns what `_codes` does, but empty cells are no category: they are NaN."""
    import numpy as np

    names, codes = _codes(table, number)
    filled = [index for index, name in enumerate(names) if name.strip()]
    if len(filled) == len(names):
        return names, codes
    place = np.full(len(names), np.nan)
    place[filled] = np.arange(len(filled))
    return tuple(names[index] for index in filled), place[codes]


def _check_categories(table: TextTable, number: int, categories: int) -> None:
    """Refuses free text and names, which would become thousands of columns that say nothing."""
    if categories > MANY_CATEGORIES and categories * 2 > table.rows:
        name = table.names[number]
        cell = next(cell for cell in table.columns[number].to_pylist() if cell.strip())
        raise DataError(
            f"{table.path}, column '{name}': {categories:,} different texts in {table.rows:,} rows, such as "
            f"{_quoted(cell)}, are no categories",
            f"leave it out with `dataset.exclude: ['{name}']`; if it is what you want, name it in "
            "`dataset.categorical`",
        )


def _labels(table: TextTable, number: int) -> NDArray[Any]:
    """Returns the target column of shape `(rows,)`: int64, float64 or text."""
    import numpy as np

    names, codes = _codes(table, number)
    distinct = [name.strip() for name in names]
    if all(map(is_whole, distinct)):
        whole: NDArray[Any] = np.array([int(text) for text in distinct], dtype=np.int64)[codes]
        return whole
    if all(map(is_number, distinct)) and not any(map(has_leading_zero, distinct)):
        values: NDArray[Any] = np.array([float(text) for text in distinct])[codes]
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            raise _no_number(table, number, int(wrong[0]))
        return values
    texts: NDArray[Any] = np.array(names)[codes]
    return texts


def _target_numbers(table: TextTable, number: int) -> NDArray[Any]:
    values = _numbers(table, number)
    if values is None:
        cell, name = table.columns[number][0].as_py(), table.names[number]
        raise DataError(
            f"{table.path}, row {table.row_in_file(0)}, column '{name}': {_quoted(cell)} is not a number",
            "several target columns are for regression, so all must hold numbers",
        )
    return values


def _quoted(cell: str) -> str:
    return f"'{cell}'" if len(cell) <= 60 else f"'{cell[:57]}...'"
