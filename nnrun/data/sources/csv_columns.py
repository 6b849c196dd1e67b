"""Which columns of a table are features and targets, and which hold numbers. Free of NumPy and pyarrow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nnrun.config.datasets import CsvData, Missing
from nnrun.data.empty_cells import Fill, fill_of
from nnrun.errors import DataError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_LEADING_ZERO = re.compile(r"[+-]?0\d+")

OTHER_DELIMITERS = {";": "';'", "\t": "a tab", "|": "'|'", ",": "','"}
"""What a file may be divided by if not by what the config says, and how to call it."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns by number, from 0.

    Args:
        targets: What is to be predicted.
        features: What it is predicted from, in the order of the config, else of the file.
        categorical: Those of the features that are categories whatever they look like.
        missing: What to do with empty cells of single features, where the config says it for single ones.
        missing_in_all: What to do with those of all others.
    """

    targets: tuple[int, ...]
    features: tuple[int, ...]
    categorical: frozenset[int]
    missing: Mapping[int, str | float]
    missing_in_all: Missing

    @property
    def used(self) -> list[int]:
        """All targets and features, in the order of the file."""
        return sorted({*self.targets, *self.features})

    def rule(self, number: int) -> str | float:
        """Returns what to do with the empty cells of a column: a word of `dataset.missing`, or a value."""
        if number in self.targets:
            return "drop" if self.missing_in_all == "drop" else "error"
        return self.missing.get(number, self.missing_in_all)

    def fill(self, number: int, name: str, *, text: bool) -> Fill | None:
        """Returns how the empty cells of a feature are filled, or None where it may have none.

        Args:
            number: The column.
            name: Its name.
            text: Whether it holds categories.

        Raises:
            DataError: What the config says does not fit the column.
        """
        return fill_of(name, self.rule(number), text=text, one_for_all=number not in self.missing)


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


def holds_text(numbers: int, cells: int) -> bool:
    """Whether a column is text, by how many of its cells are numbers.

    A column is text if fewer than half of its cells are numbers. In a column of numbers, the others are
    mistakes: one misplaced word must not turn thousands of numbers into categories.
    """
    return numbers * 2 < cells


def check_header(names: Sequence[str], section: CsvData) -> None:
    """Refuses a header with duplicate or empty names, or a single column.

    Raises:
        DataError: With the place.
    """
    if len(names) == 1:
        found = [name for sign, name in OTHER_DELIMITERS.items() if sign in names[0]]
        advice = "it needs a target and something to predict it from"
        if found:
            advice = f"is the delimiter {found[0]}? Then set `dataset.delimiter`"
        raise DataError(f"{section.path} has only one column, '{names[0]}'", advice)
    if not section.header:
        return
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        if not name.strip():
            raise DataError(
                f"{section.path}: column {number + 1} has no name in the header",
                "give it one; if the file has no header, set `dataset.header: false`",
            )
        if name in seen:
            raise DataError(
                f"{section.path}: columns {seen[name] + 1} and {number + 1} have the same name '{name}'",
                "rename one; if the file has no header, set `dataset.header: false`",
            )
        seen[name] = number


def choose_columns(names: Sequence[str], section: CsvData) -> Columns:
    """Finds the columns that the section names.

    Args:
        names: Names of all columns; their numbers from 0 as text where the file has no header.
        section: `target`, `features`, `exclude`, `categorical` and `missing`.

    Raises:
        DataError: If a name is in no column, or one column is target and feature.
    """
    wanted = section.target if isinstance(section.target, list) else [section.target]
    targets = _find("target", wanted, names, section)
    excluded = _find("exclude", section.exclude, names, section)
    categorical = _find("categorical", section.categorical, names, section)
    if section.features is None:
        features = tuple(n for n in range(len(names)) if n not in targets and n not in excluded)
        if not features:
            raise DataError(f"{section.path}: no column is left to predict from", "exclude fewer columns")
    else:
        features = tuple(n for n in _find("features", section.features, names, section) if n not in excluded)
        if not features:
            raise DataError(
                f"{section.path}: dataset.features names only columns that dataset.exclude leaves out"
            )
        for number in features:
            if number in targets:
                raise DataError(
                    f"column '{names[number]}' is in dataset.target and in dataset.features",
                    "a network that sees the answer learns nothing: take it out of `features`",
                )
    for number in categorical:
        if number not in features:
            raise DataError(
                f"column '{names[number]}' is in dataset.categorical, but is no feature",
                "it is the target, excluded, or not in `features`",
            )
    if isinstance(section.missing, str):
        return Columns(targets, features, frozenset(categorical), {}, section.missing)
    filled = _find("missing", section.missing, names, section)
    for number in filled:
        if number in targets:
            raise DataError(
                f"dataset.missing names '{names[number]}', which is the target and cannot be filled",
                "take it out; `missing: drop` alone, for all columns, leaves rows without a target out",
            )
        if number not in features:
            raise DataError(
                f"dataset.missing names '{names[number]}', which is no feature",
                "it is excluded, or not in `features`",
            )
    rules = dict(zip(filled, section.missing.values(), strict=True))
    return Columns(targets, features, frozenset(categorical), rules, "error")


def _find(key: str, wanted: Iterable[str | int], names: Sequence[str], section: CsvData) -> tuple[int, ...]:
    found: list[int] = []
    for name in wanted:
        if str(name) not in names:
            raise DataError(_unknown(key, name, names, section), _advice(str(name), names, section))
        number = names.index(str(name))
        if number in found:
            raise DataError(f"dataset.{key} names column '{name}' twice", "name it once")
        found.append(number)
    return tuple(found)


def _unknown(key: str, name: str | int, names: Sequence[str], section: CsvData) -> str:
    shown = ", ".join(f"'{column}'" for column in names[:20])
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"dataset.{key}: {section.path} has no column '{name}'; it has {shown}{more}"


def _advice(name: str, names: Sequence[str], section: CsvData) -> str:
    import difflib

    if not section.header:
        return f"the file has no header (`header: false`), so columns are numbers from 0 to {len(names) - 1}"
    folded = {column.strip().casefold(): column for column in names}
    close = difflib.get_close_matches(name.strip().casefold(), folded, n=1)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    if sum(map(is_number, names)) * 2 > len(names):
        return "the first row looks like data: if the file has no header, set `dataset.header: false`"
    return "write the name as in the header of the file"
