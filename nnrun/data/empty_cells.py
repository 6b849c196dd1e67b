"""What a config says about empty cells, per column. Free of NumPy, so that `check` can ask too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from nnrun.config.datasets import Missing
from nnrun.errors import DataError

Method = Literal["mean", "median", "most_frequent", "value"]

_OF_NUMBERS: Mapping[str, Method] = {"mean": "mean", "median": "median"}


@dataclass(frozen=True, slots=True)
class Fill:
    """How the empty cells of a column are filled.

    Args:
        method: A statistic of the training split, or `value` for one that the config gives.
        value: The number, or the category of a text column, where the method is `value`.
    """

    method: Method
    value: float | str | None = None


def fill_of(name: str, rule: str | float, *, text: bool, one_for_all: bool) -> Fill | None:
    """Returns how a column is filled, or None where it has no empty cells left, or may have none.

    Args:
        name: The column.
        rule: What `dataset.missing` says about it.
        text: Whether it holds categories.
        one_for_all: Whether the rule is one for all features. Of text, a mean is the most frequent one then.

    Raises:
        DataError: The rule does not fit the column.
    """
    if rule in ("error", "drop"):
        return None
    if rule == "most_frequent":
        return Fill("most_frequent")
    if rule in _OF_NUMBERS:
        if not text:
            return Fill(_OF_NUMBERS[str(rule)])
        if one_for_all:
            return Fill("most_frequent")
        raise DataError(
            f"dataset.missing: '{rule}' is of numbers, but column '{name}' holds categories",
            "use `most_frequent`, or a category of your own such as `unknown`",
        )
    if text:
        return Fill("value", str(rule))
    if isinstance(rule, str):
        raise DataError(
            f"dataset.missing: column '{name}' holds numbers, which '{rule}' is not",
            _advice(rule),
        )
    return Fill("value", float(rule))


def _advice(word: str) -> str:
    import difflib

    words = get_args(Missing)
    close = difflib.get_close_matches(word.casefold(), words, n=1)
    return f"did you mean '{close[0]}'?" if close else f"use one of {', '.join(words)}, or a number"


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
