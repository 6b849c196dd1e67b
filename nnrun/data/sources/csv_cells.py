"""The cells of a column as numbers, categories or labels, with the place of what is none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nnrun.data.sources.csv_columns import has_leading_zero, holds_text, is_not_finite, is_number, is_whole
from nnrun.data.sources.csv_table import TextTable
from nnrun.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANY_CATEGORIES = 100
"""A text column with more values than that, and a new one in every second row, is not a category."""


def numbers_of(table: TextTable, number: int) -> NDArray[Any] | None:
    """Returns a column as float64 of shape `(rows,)`, or None if it holds text; empty cells are NaN.

    Raises:
        DataError: If it holds numbers with some other cell among them.
    """
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
    encoded = table.columns[number].dictionary_encode()
    names = encoded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return tuple(names[index] for index in order), place[encoded.indices.to_numpy()]


def feature_codes(table: TextTable, number: int) -> tuple[tuple[str, ...], NDArray[Any]]:
    """Returns what `_codes` does, but empty cells are no category: they are NaN."""
    names, codes = _codes(table, number)
    filled = [index for index, name in enumerate(names) if name.strip()]
    if len(filled) == len(names):
        return names, codes
    place = np.full(len(names), np.nan)
    place[filled] = np.arange(len(filled))
    return tuple(names[index] for index in filled), place[codes]


def check_categories(table: TextTable, number: int, categories: int) -> None:
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


def labels_of(table: TextTable, number: int) -> NDArray[Any]:
    """Returns the target column of shape `(rows,)`: int64, float64 or text."""
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


def target_numbers(table: TextTable, number: int) -> NDArray[Any]:
    """Returns one of several target columns as float64 of shape `(rows,)`.

    Raises:
        DataError: If it holds something else than numbers.
    """
    values = numbers_of(table, number)
    if values is None:
        cell, name = table.columns[number][0].as_py(), table.names[number]
        raise DataError(
            f"{table.path}, row {table.row_in_file(0)}, column '{name}': {_quoted(cell)} is not a number",
            "several target columns are for regression, so all must hold numbers",
        )
    return values


def _quoted(cell: str) -> str:
    return f"'{cell}'" if len(cell) <= 60 else f"'{cell[:57]}...'"
