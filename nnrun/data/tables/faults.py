"""The errors for cells that are not what their column holds. Free of NumPy, so that `check` can raise them too."""

from __future__ import annotations

from nnrun.data.tables.cells import is_not_finite, is_number
from nnrun.errors import DataError


def no_number(cell: str, place: str, column: str) -> DataError:
    """Returns the error for a cell that is no finite number, in a column of numbers."""
    if is_not_finite(cell):
        what = "is not a finite number"
    elif is_number(cell):
        what = "is too great for a 64-bit float"
    else:
        what = "is not a number, as most cells of this column are"
    return DataError(f"{place}, column '{column}': {quoted(cell)} {what}", _mend(column))


def no_date(cell: str, place: str, column: str) -> DataError:
    """Returns the error for a cell that is no date, in a column of dates."""
    return DataError(
        f"{place}, column '{column}': {quoted(cell)} is not a date, as most cells of this column are",
        _mend(column),
    )


def _mend(column: str) -> str:
    return f"mend or empty the cell, or name the column in `dataset.exclude` or `dataset.categorical`: '{column}'"


def free_text(cell: str, path: str, column: str, different: int, rows: int) -> DataError:
    """Returns the error for a feature of texts or names, which would become thousands of inputs that say nothing."""
    return DataError(
        f"{path}, column '{column}': {different:,} different texts in {rows:,} rows, such as {quoted(cell)}, are no "
        "categories",
        f"leave it out with `dataset.exclude: ['{column}']`; if it is what you want, name it in "
        "`dataset.categorical`",
    )


def no_category(column: str, numbers: str) -> DataError:
    """Returns the error for a feature of numbers or dates where all must be categories."""
    return DataError(
        f"dataset.encode: codes are for categories, and column '{column}' holds {numbers}",
        f"if they are categories, name it in `dataset.categorical`: '{column}'; otherwise leave it out with "
        "`dataset.exclude`, or leave `encode` out",
    )


def quoted(cell: str) -> str:
    """Returns a cell in quotes, shortened."""
    return f"'{cell}'" if len(cell) <= 60 else f"'{cell[:57]}...'"
