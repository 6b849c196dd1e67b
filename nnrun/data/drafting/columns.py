"""Which columns of a table a network can learn from, and why it cannot from the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nnrun.data.drafting.table import Column, Looked, looks_like_dates, quoted
from nnrun.data.tables.cells import DATE_PARTS, date_of, date_parts, holds_text, is_not_finite
from nnrun.errors import DataError

MOST_CATEGORIES = 50
"""A text column with more values than this is taken for free text."""

_LEAST_ROWS_PER_CATEGORY = 5
_MOST_EMPTY = 0.5  # with more, most of what a network sees of a column would be made up
_CODES = range(3, 7)  # so many different whole numbers may be codes; two are as good as they are
_ID_NAME = re.compile(r"(.*[_\s.-])?(id|uuid|guid|index|idx|key)|unnamed.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Features:
    """What a network can learn from.

    Args:
        numeric: Columns of numbers.
        categorical: Text columns with few values.
        booleans: Columns of truth values.
        dates: Columns of dates.
        excluded: All others but the target, each with the reason.
        codes: Those of the numeric columns that may be codes of categories.
    """

    numeric: tuple[Column, ...]
    categorical: tuple[Column, ...]
    booleans: tuple[Column, ...]
    dates: tuple[Column, ...]
    excluded: tuple[tuple[Column, str], ...]
    codes: tuple[Column, ...]

    @property
    def inputs(self) -> int:
        """How many numbers the network gets: one per number or truth value, category and part of a date."""
        categories = sum(column.different for column in self.categorical)
        parts = sum(max(1, len(varying_parts(column))) for column in self.dates)
        return len(self.numeric) + len(self.booleans) + categories + parts

    @property
    def all(self) -> tuple[Column, ...]:
        """All of them, in the order of the table."""
        columns = (*self.numeric, *self.categorical, *self.booleans, *self.dates)
        return tuple(sorted(columns, key=lambda column: column.number))

    @property
    def incomplete(self) -> tuple[Column, ...]:
        """Those with empty cells, in the order of the table."""
        return tuple(column for column in self.all if column.empty)

    def fill(self, column: Column) -> str:
        """Returns the word of `dataset.missing` that suits a column."""
        return "median" if column in self.numeric else "most_frequent"


def choose_features(table: Looked, target: Column) -> Features:
    """Divides the columns beside the target.

    Args:
        table: The table.
        target: The column to predict.

    Raises:
        DataError: No column is left, or cells that hold nothing usable would cost more than half of them.
    """
    found: dict[str, list[Column]] = {"numeric": [], "categorical": [], "booleans": [], "dates": []}
    excluded: list[tuple[Column, str]] = []
    unusable: list[Column] = []
    for column in table.columns:
        if column is target:
            continue
        reason = _useless(column, table, target)
        if not reason and _unusable_cells(column):
            unusable.append(column)
            reason = _unusable_cells(column)
        if reason:
            excluded.append((column, reason))
        else:
            found[_place(column)].append(column)
    features = Features(
        **{name: tuple(columns) for name, columns in found.items()}, excluded=tuple(excluded), codes=()
    )
    if len(unusable) > len(features.all):
        raise _too_many_unusable(table, unusable)
    if not features.all:
        reasons = "; ".join(f"{quoted(column.name)} {reason}" for column, reason in excluded)
        raise DataError(f"{table.path}: no column is left to predict from: {reasons or 'there is no other'}")
    codes = tuple(column for column in features.numeric if column.plain_whole and column.different in _CODES)
    return replace(features, codes=codes)


def _place(column: Column) -> str:
    """Returns the kind of feature that a column is, as a field of `Features`."""
    if not _is_text(column):
        return "numeric"
    return {"boolean": "booleans", "date": "dates"}.get(column.kind, "categorical")


def varying_parts(column: Column) -> tuple[str, ...]:
    """Returns the parts of dates that are not the same in all rows."""
    parts = zip(*filter(None, map(date_parts, column.texts)), strict=True)
    return tuple(name for name, values in zip(DATE_PARTS, parts, strict=True) if len(set(values)) > 1)


def _useless(column: Column, table: Looked, target: Column) -> str:
    """Returns why a column says nothing about the target, or an empty string."""
    if table.equal(column, target):
        return "has the same cells as the target, which it would give away"
    for before in table.columns[: column.number]:
        if table.equal(before, column):
            return f"has the same cells as {quoted(before.name)}"
    if not column.filled:
        return "is empty"
    if column.different == 1:
        where = " that is not empty" if column.empty else ""
        return f"is {quoted(shortened(column.example))} in every row{where}"
    if _is_text(column):
        return _useless_text(column)
    all_different = column.different == column.rows and column.whole
    if all_different and column.numbers[0][-1] - column.numbers[0][0] == column.rows - 1:
        return "numbers the rows"
    if all_different and _ID_NAME.fullmatch(column.name):
        return "has another number in every row, and its name says that it identifies them"
    return ""


def _useless_text(column: Column) -> str:
    different = column.different
    example = quoted(shortened(column.example))
    if column.kind == "date":
        wrong = next((text for text in column.texts if date_of(text) is None), None)
        return "" if wrong is None else f"holds dates, but {quoted(shortened(wrong))} is none"
    if looks_like_dates(column):
        return f"holds dates, such as {example}, that are not written as 2024-05-31"
    if different > MOST_CATEGORIES or different * _LEAST_ROWS_PER_CATEGORY > column.rows:
        return f"has {different:,} different texts in {column.rows:,} rows, such as {example}: no categories"
    return ""


def _unusable_cells(column: Column) -> str:
    """Returns what is wrong with some of the cells, or an empty string."""
    if column.empty > column.rows * _MOST_EMPTY:
        return f"has {column.empty:,} empty cells in {column.rows:,} rows: too few are filled"
    if not _is_text(column) and column.not_numbers:
        count = sum(column.not_numbers.values())
        example = quoted(shortened(next(iter(column.not_numbers))))
        return f"holds numbers, but {count:,} of its cells are none, such as {example}"
    return ""


def _is_text(column: Column) -> bool:
    if column.values is not None:
        return False
    others = sum(count for cell, count in column.not_numbers.items() if not is_not_finite(cell))
    return holds_text(column.filled - others, column.filled)


def _too_many_unusable(table: Looked, columns: Sequence[Column]) -> DataError:
    shown = "; ".join(f"{quoted(column.name)} {_unusable_cells(column)}" for column in columns[:8])
    more = f"; and {len(columns) - 8} more columns" if len(columns) > 8 else ""
    return DataError(
        f"{table.path}: too few columns are left to predict from: {shown}{more}",
        "mend or empty the cells that are no numbers, and fill what is empty where it is known",
    )


def shortened(text: str) -> str:
    """Returns a cell in at most 40 characters."""
    return text if len(text) <= 40 else text[:39] + "…"
