"""What cells are: numbers, dates, truth values or other texts. Free of NumPy, so that `check` can ask too."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal, get_args

ColumnKind = Literal["number", "integer", "boolean", "category", "date", "text", "constant"]
"""What a column holds. `integer`: whole numbers only. `boolean`: true and false, or yes and no. `text`: too many
different texts to be categories. `constant`: the same in every row."""

COLUMN_KINDS: tuple[ColumnKind, ...] = get_args(ColumnKind)

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d+", re.ASCII)
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)

BOOLEANS: Mapping[str, str] = {"false": "true", "no": "yes"}
"""The words of a column of truth values, the one for 0 before the one for 1; upper and lower case are the same."""

_VALUES = {word: value for words in BOOLEANS.items() for value, word in enumerate(words)}

MANY_CATEGORIES = 100
"""A text column with more values than that, and a new one in every second row, is not a category."""

DATE_PARTS = ("year", "month", "day", "weekday", "hour")
"""What a network sees of a date. `weekday` is 0 on Mondays."""


def is_number(text: str) -> bool:
    """Whether a cell is a finite decimal number; spaces around it do not matter."""
    return _NUMBER.fullmatch(text.strip()) is not None


def is_not_finite(text: str) -> bool:
    """Whether a cell is one of the numbers that are none: `nan`, `inf`."""
    return _NOT_FINITE.fullmatch(text.strip()) is not None


def is_whole(text: str) -> bool:
    """Whether a cell is a whole number in its plain form, which `01` and `1.0` are not."""
    return _WHOLE.fullmatch(text) is not None


def has_leading_zero(text: str) -> bool:
    """Whether a cell is digits that begin with a zero, such as a postal code."""
    return _LEADING_ZERO.fullmatch(text) is not None


def has_fraction(text: str) -> bool:
    """Whether a cell is a number that is not whole."""
    number = float(text) if is_number(text) else 0.0
    return math.isfinite(number) and not number.is_integer()


def holds_text(numbers: int, cells: int) -> bool:
    """Whether a column is text, by how many of its cells are numbers.

    A column is text if fewer than half of its cells are numbers. In a column of numbers, the others are
    mistakes: one misplaced word must not turn thousands of numbers into categories. The same holds for dates.
    """
    return numbers * 2 < cells


def boolean_value(text: str) -> int | None:
    """Returns 1 for `true` and `yes`, 0 for `false` and `no`, in upper or lower case, and None for another text."""
    return _VALUES.get(text.strip().casefold())


def date_of(text: str) -> datetime | None:
    """Returns the date that a cell holds in the form of ISO 8601, such as `2024-05-31` or `2024-05-31 12:00`.

    A time zone may follow; it is kept. None for everything else, the 30th of February too.
    """
    stripped = text.strip()
    if _DATE.fullmatch(stripped) is None:
        return None
    try:
        return datetime.fromisoformat(stripped)
    except ValueError:
        return None


def date_parts(text: str) -> tuple[int, ...] | None:
    """Returns the `DATE_PARTS` of the clock that a cell shows, or None where it holds no date."""
    date = date_of(text)
    return None if date is None else (date.year, date.month, date.day, date.weekday(), date.hour)


def instant(text: str) -> float | None:
    """Returns a date as seconds since 1970, or None where a cell holds no date; without a zone, it is UTC."""
    date = date_of(text)
    if date is None:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return (date - _EPOCH).total_seconds()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def are_booleans(names: Collection[str]) -> bool:
    """Whether texts are two truth values that belong together, `true` and `false` or `yes` and `no`."""
    words = {name.strip().casefold() for name in names}
    return len(words) == 2 and any(words == set(pair) for pair in BOOLEANS.items())


def kind_of_texts(counts: Mapping[str, int]) -> ColumnKind:
    """Returns what a column of texts holds: `boolean`, `date`, `category`, `text` or `constant`.

    Args:
        counts: How often each different cell that is not empty occurs.
    """
    if len(counts) < 2:
        return "constant"
    if are_booleans(counts):
        return "boolean"
    rows = sum(counts.values())
    if not holds_text(sum(count for cell, count in counts.items() if date_of(cell)), rows):
        return "date"
    return "text" if len(counts) > MANY_CATEGORIES and len(counts) * 2 > rows else "category"


def kind_of_numbers(numbers: Iterable[float]) -> ColumnKind:
    """Returns what a column of numbers holds: `number`, `integer` or `constant`."""
    different = set(numbers)
    if len(different) < 2:
        return "constant"
    return "integer" if all(number.is_integer() for number in different) else "number"
