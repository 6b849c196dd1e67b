"""What the columns of a table that was read hold: kinds, labels, weights, times. Faults come with their row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.tables.cells import (
    ColumnKind,
    date_of,
    has_fraction,
    has_leading_zero,
    instant,
    is_number,
    is_whole,
    kind_of_texts,
)
from nnrun.data.tables.faults import free_text, no_category, no_date, no_number, quoted
from nnrun.data.tables.table import Column, Table
from nnrun.errors import DataError


def kind_of(column: Column, table: Table, *, forced: bool) -> ColumnKind | None:
    """Returns what a feature of texts holds; None for one of numbers.

    Args:
        column: The column.
        table: Its table.
        forced: Whether the config says that it holds categories.

    Raises:
        DataError: It holds free text, or dates with some other text among them.
    """
    if column.texts is None:
        return None
    counts = column.counts()
    if forced:
        return "category" if len(counts) > 1 else "constant"
    kind = kind_of_texts(counts)
    if kind == "text":
        raise free_text(table_text(column, 0), table.path, column.name, len(counts), table.rows)
    others = [text for text in counts if date_of(text) is None] if kind == "date" else []
    if others:
        row = column.first_row(others)
        raise no_date(table_text(column, row), table.place(row), column.name)
    return kind


def as_category(column: Column, kind: ColumnKind | None) -> ColumnKind:
    """Returns the kind of a feature where all must be categories.

    Raises:
        DataError: It holds numbers or dates.
    """
    if kind is None or kind == "date":
        raise no_category(column.name, "numbers" if kind is None else "dates")
    return "category" if kind == "boolean" else kind


def table_text(column: Column, row: int) -> str:
    """Returns the text of a cell, or of the next one that is not empty."""
    filled = column.values[row:]
    code = filled[np.argmax(~np.isnan(filled))]
    return (column.texts or ("",))[int(code)]


def labels_of(column: Column, place: Callable[[int], str]) -> NDArray[Any]:
    """Returns the target of shape `(rows,)`: int64, float64 or text.

    Args:
        column: Its column, without empty cells.
        place: Says where a row stands.

    Raises:
        DataError: A number is too great.
    """
    if column.texts is None:
        return column.values.astype(np.int64) if column.whole else column.values
    codes = column.values.astype(np.int64)
    present = [text.strip() for text in column.counts()]
    stripped = [text.strip() for text in column.texts]
    if all(map(is_whole, present)):
        return np.array([int(text) if is_whole(text) else 0 for text in stripped], dtype=np.int64)[codes]
    as_numbers = any(map(has_fraction, present)) or not any(map(has_leading_zero, present))
    if all(map(is_number, present)) and as_numbers:
        values: NDArray[Any] = np.array([float(text) if is_number(text) else 0.0 for text in stripped])[codes]
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            row = int(wrong[0])
            raise no_number(column.texts[codes[row]], place(row), column.name)
        return values
    return np.array(column.texts)[codes]


def target_numbers(column: Column, place: Callable[[int], str]) -> NDArray[np.float64]:
    """Returns one of several targets, shape `(rows,)`.

    Raises:
        DataError: It holds something else than numbers.
    """
    return _numbers(column, place, "several target columns are for regression, so all must hold numbers")


def weights_of(column: Column, place: Callable[[int], str]) -> NDArray[np.float64]:
    """Returns how much each sample counts, shape `(rows,)`.

    Raises:
        DataError: It holds something else than numbers, a negative one, or nothing but zeros.
    """
    weights = _numbers(column, place, "`dataset.sample_weight` names a column of numbers")
    if weights.min() < 0:
        row = int(np.argmax(weights < 0))
        raise DataError(
            f"{place(row)}, column '{column.name}': the weight {weights[row]:g} is negative",
            "`dataset.sample_weight` says how much a row counts, from 0",
        )
    if not weights.any():
        raise DataError(
            f"column '{column.name}', which dataset.sample_weight names, is 0 in every row",
            "then no row counts and nothing can be learned",
        )
    return weights


def times_of(column: Column, place: Callable[[int], str]) -> NDArray[np.float64]:
    """Returns when each sample was, shape `(rows,)`: its number, or for dates the seconds since 1970.

    Raises:
        DataError: It holds something else than numbers or dates.
    """
    if column.texts is None:
        return column.values
    instants = [instant(text) for text in column.texts]
    codes = column.values.astype(np.int64)
    wrong = [text for text, seconds in zip(column.texts, instants, strict=True) if seconds is None]
    if column.counts().keys() & set(wrong):
        row = column.first_row(wrong)
        raise DataError(
            f"{place(row)}, column '{column.name}': {quoted(column.texts[codes[row]])} is no date",
            "`dataset.split.time` names a column of dates such as 2024-05-31 or 2024-05-31 12:00, or of numbers",
        )
    return np.array([np.nan if seconds is None else seconds for seconds in instants])[codes]


def check_groups(column: Column, rows: Mapping[str, slice], place: Callable[[int], str]) -> None:
    """Refuses a group that is in more than one part of the data.

    Args:
        column: The group of each row.
        rows: The rows of each part that the data come in.
        place: Says where a row stands.

    Raises:
        DataError: With the group and a row.
    """
    parts = list(rows)
    for number, name in enumerate(parts):
        for other in parts[:number]:
            common = np.intersect1d(column.values[rows[name]], column.values[rows[other]])
            if len(common):
                row = rows[name].start + int(np.argmax(column.values[rows[name]] == common[0]))
                text = (column.texts or ())[int(common[0])]
                raise DataError(
                    f"{place(row)}, column '{column.name}': the group {quoted(text)} is in the files of another split "
                    "too",
                    "`dataset.split.group` keeps a group in one split: move its rows into one of the files",
                )


def _numbers(column: Column, place: Callable[[int], str], advice: str) -> NDArray[np.float64]:
    if column.texts is not None:
        cell = table_text(column, 0)
        raise DataError(f"{place(0)}, column '{column.name}': {quoted(cell)} is not a number", advice)
    return column.values
