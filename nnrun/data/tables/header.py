"""The names of the columns of a table, as its files give them."""

from __future__ import annotations

from collections.abc import Sequence

from nnrun.data.tables.files import TextFormat
from nnrun.data.tables.records import OTHER_DELIMITERS
from nnrun.errors import DataError


def names_of(first: Sequence[str], form: TextFormat, file: str, *, strict: bool = True) -> tuple[str, ...]:
    """Returns the names of the columns by the first record: its cells, or numbers from 0 without a header.

    Raises:
        DataError: There is a single column, or the header has duplicate or empty names.
    """
    if len(first) == 1 and strict:
        found = [
            name for sign, name in OTHER_DELIMITERS.items() if sign in first[0] and sign != form.delimiter
        ]
        advice = "it needs a target and something to predict it from"
        if found:
            advice = f"is the delimiter {found[0]}? Then set `dataset.delimiter`"
        raise DataError(f"{file} has only one column, '{first[0]}'", advice)
    if not form.header:
        return tuple(str(number) for number in range(len(first)))
    if strict:
        check_names(first, file)
    return tuple(first)


def check_names(names: Sequence[str], file: str) -> None:
    """Refuses names of columns that are empty, or that two columns have.

    Raises:
        DataError: With the place.
    """
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        if not name.strip():
            raise DataError(
                f"{file}: column {number + 1} has no name in the header",
                "give it one; if the file has no header, set `dataset.header: false`",
            )
        if name in seen:
            raise DataError(
                f"{file}: columns {seen[name] + 1} and {number + 1} have the same name '{name}'",
                "rename one; if the file has no header, set `dataset.header: false`",
            )
        seen[name] = number


def same_columns(names: Sequence[str], file: str, expected: Sequence[str], first: str) -> None:
    """Refuses a file whose columns are not those of the first one; their order does not matter.

    Raises:
        DataError: With the file and the column.
    """
    missing = [name for name in expected if name not in names]
    more = [name for name in names if name not in expected]
    if missing:
        raise DataError(
            f"{file} has no column '{missing[0]}', which {first} has",
            f"did you mean '{more[0]}'?"
            if len(more) == 1 == len(missing)
            else "all files need the same columns",
        )
    if more:
        raise DataError(
            f"{file} has a column '{more[0]}', which {first} has not", "all files need the same columns"
        )
