"""What a config says about empty cells, per column. Free of NumPy, so that `check` can ask too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from nnrun.config.datasets import Missing
from nnrun.data.tables.cells import ColumnKind, boolean_value, date_of
from nnrun.errors import DataError

Method = Literal["mean", "median", "most_frequent", "value"]

_OF_NUMBERS: Mapping[str, Method] = {"mean": "mean", "median": "median"}


@dataclass(frozen=True, slots=True)
class Fill:
    """How the empty cells of a column are filled.

    Args:
        method: A statistic of the training split, or `value` for one that the config gives.
        value: The number, or the text of a column of texts, where the method is `value`.
    """

    method: Method
    value: float | str | None = None


def fill_of(name: str, rule: str | float, kind: ColumnKind | None, *, one_for_all: bool) -> Fill | None:
    """Returns how a column is filled, or None where it has no empty cells left, or may have none.

    Args:
        name: The column.
        rule: What `dataset.missing` says about it.
        kind: What its texts are; None for numbers.
        one_for_all: Whether the rule is one for all features. Of text, a mean is the most frequent one then.

    Raises:
        DataError: The rule does not fit the column.
    """
    if rule in ("error", "drop"):
        return None
    if rule == "most_frequent":
        return Fill("most_frequent")
    if rule in _OF_NUMBERS:
        if kind is None:
            return Fill(_OF_NUMBERS[str(rule)])
        if one_for_all:
            return Fill("most_frequent")
        raise DataError(
            f"dataset.missing: '{rule}' is of numbers, but column '{name}' holds {_WHAT.get(kind, 'categories')}",
            f"use `most_frequent`, or {_OWN.get(kind, 'a category of your own such as `unknown`')}",
        )
    if kind is not None:
        return Fill("value", _fitting(name, str(rule), kind))
    if isinstance(rule, str):
        raise DataError(
            f"dataset.missing: column '{name}' holds numbers, which '{rule}' is not", _advice(rule)
        )
    return Fill("value", float(rule))


_WHAT: Mapping[ColumnKind, str] = {"boolean": "truth values", "date": "dates"}
_OWN: Mapping[ColumnKind, str] = {
    "boolean": "a value of your own: `true` or `false`",
    "date": "a date of your own, in the form 2024-05-31",
}


def _fitting(name: str, value: str, kind: ColumnKind) -> str:
    fits = {"boolean": boolean_value(value) is not None, "date": date_of(value) is not None}
    if not fits.get(kind, True):
        raise DataError(
            f"dataset.missing: column '{name}' holds {_WHAT[kind]}, and '{value}' is none",
            f"use `most_frequent`, or {_OWN[kind]}",
        )
    return value


def _advice(word: str) -> str:
    import difflib

    words = get_args(Missing)
    close = difflib.get_close_matches(word.casefold(), words, n=1)
    return f"did you mean '{close[0]}'?" if close else f"use one of {', '.join(words)}, or a number"


def refuse_empty(path: str, found: Mapping[str, tuple[int, str]], *, about_rows: bool) -> None:
    """Refuses empty cells.

    Args:
        path: The table.
        found: For each column that has some, by its name: how many, and where the first one stands.
        about_rows: Whether one of them is no feature, but a target or the like.

    Raises:
        DataError: There are some.
    """
    if not found:
        return
    shown = [
        f"column '{name}' has {count:,} (the first in {where})" for name, (count, where) in found.items()
    ]
    advice = (
        "a target cannot be filled, nor can a weight, a group or a time: remove these rows, or leave them out with "
        "`dataset.missing: drop`"
        if about_rows
        else "fill them or leave their rows out with `dataset.missing`, such as `missing: median` or `missing: "
        "drop`, or leave the column out with `dataset.exclude`"
    )
    raise DataError(f"{path}: empty cells: {'; '.join(shown)}", advice)


def left_out(dropped: int, rows: int, path: str) -> str:
    """Returns the note about rows that `drop` leaves out.

    Raises:
        DataError: None is left.
    """
    if dropped == rows:
        raise DataError(
            f"{path}: every row has an empty cell, so dataset.missing leaves all of them out",
            "leave the columns that are mostly empty out with `dataset.exclude`",
        )
    have = "row has empty cells and is" if dropped == 1 else "rows have empty cells and are"
    return f"{path}: {dropped:,} of {rows:,} {have} left out"
