"""Which columns of a table a network can learn from, and why it cannot from the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nnrun.data.drafting_table import Column, Table, looks_like_dates, quoted
from nnrun.data.sources.csv_columns import holds_text, is_not_finite
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
        excluded: All others but the target, each with the reason.
        codes: Those of the numeric columns that may be codes of categories.
    """

    numeric: tuple[Column, ...]
    categorical: tuple[Column, ...]
    excluded: tuple[tuple[Column, str], ...]
    codes: tuple[Column, ...]

    @property
    def inputs(self) -> int:
        """How many numbers the network gets: one per numeric column and one per category."""
        return len(self.numeric) + sum(len(column.filled) for column in self.categorical)

    @property
    def incomplete(self) -> tuple[Column, ...]:
        """Those with empty cells, in the order of the table."""
        columns = (column for column in (*self.numeric, *self.categorical) if column.empty)
        return tuple(sorted(columns, key=lambda column: column.number))

    def fill(self, column: Column) -> str:
        """Returns the word of `dataset.missing` that suits a column."""
        return "median" if column in self.numeric else "most_frequent"


def choose_features(table: Table, target: Column) -> Features:
    """Divides the columns beside the target.

    Args:
        table: The table.
        target: The column to predict.

    Raises:
        DataError: No column is left, or cells that hold nothing usable would cost more than half of them.
    """
    numeric: list[Column] = []
    categorical: list[Column] = []
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
            (categorical if _is_text(column) else numeric).append(column)
    if len(unusable) > len(numeric) + len(categorical):
        raise _too_many_unusable(table, unusable)
    if not numeric and not categorical:
        reasons = "; ".join(f"{quoted(column.name)} {reason}" for column, reason in excluded)
        raise DataError(f"{table.path}: no column is left to predict from: {reasons or 'there is no other'}")
    codes = [column for column in numeric if column.plain_whole and len(column.numbers) in _CODES]
    return Features(tuple(numeric), tuple(categorical), tuple(excluded), tuple(codes))


def _useless(column: Column, table: Table, target: Column) -> str:
    """Returns why a column says nothing about the target, or an empty string."""
    same = table.equal[column.number]
    if same == table.equal[target.number]:
        return "has the same cells as the target, which it would give away"
    if same != column.number:
        return f"has the same cells as {quoted(table.columns[same].name)}"
    if not column.filled:
        return "is empty"
    if len(column.filled) == 1:
        where = " that is not empty" if column.empty else ""
        return f"is {quoted(shortened(next(iter(column.filled))))} in every row{where}"
    if _is_text(column):
        return _useless_text(column)
    all_different = len(column.counts) == column.rows and column.whole
    if all_different and max(column.numbers) - min(column.numbers) == column.rows - 1:
        return "numbers the rows"
    if all_different and _ID_NAME.fullmatch(column.name):
        return "has another number in every row, and its name says that it identifies them"
    return ""


def _useless_text(column: Column) -> str:
    different = len(column.filled)
    if looks_like_dates(column):
        return f"holds dates, such as {quoted(shortened(next(iter(column.filled))))}"
    if different > MOST_CATEGORIES or different * _LEAST_ROWS_PER_CATEGORY > column.rows:
        example = quoted(shortened(next(iter(column.filled))))
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
    finite_or_not = sum(
        count
        for cell, count in column.filled.items()
        if cell not in column.not_numbers or is_not_finite(cell)
    )
    return holds_text(finite_or_not, sum(column.filled.values()))


def _too_many_unusable(table: Table, columns: Sequence[Column]) -> DataError:
    shown = "; ".join(f"{quoted(column.name)} {_unusable_cells(column)}" for column in columns[:8])
    more = f"; and {len(columns) - 8} more columns" if len(columns) > 8 else ""
    return DataError(
        f"{table.path}: too few columns are left to predict from: {shown}{more}",
        "mend or empty the cells that are no numbers, and fill what is empty where it is known",
    )


def shortened(text: str) -> str:
    """Returns a cell in at most 40 characters."""
    return text if len(text) <= 40 else text[:39] + "…"
