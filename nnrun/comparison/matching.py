"""One comparison of a value of a run with a value that somebody wrote."""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Self, get_args

from nnrun.comparison.values import Value, text, value_of
from nnrun.config.scalars import NumberTooLargeError, resolve
from nnrun.rundir.reading import Run

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}

_TIMES = frozenset({"started", "ended", "id"})
"""Texts whose order means something."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison that a run fulfils or not; one that does not have the value never does.

    Args:
        key: What is compared; see `value_of`.
        sign: `=`, `!=`, `<`, `<=`, `>`, `>=`, `~` or `!~`.
        written: What it is compared with, as it was written.
        value: The same as YAML reads it, or as it stands in quotes.
        pattern: What a text has to match instead: a regular expression, or a word with `*` or `?`.
    """

    key: str
    sign: str
    written: str
    value: Value
    pattern: re.Pattern[str] | None

    @classmethod
    def of(cls, key: str, sign: str, written: str, *, quoted: bool) -> Self:
        """Makes a comparison.

        Args:
            key: What is compared.
            sign: How.
            written: What with.
            quoted: Whether that stood in quotes, and is the text that it is.

        Raises:
            ValueError: The two cannot be compared so.
        """
        try:
            value = written if quoted else resolve(written)
        except NumberTooLargeError:
            raise ValueError(f"{written!r} is beyond what 64 bits can hold") from None
        pattern = None
        if "~" in sign:
            try:
                pattern = re.compile(written)
            except re.error as error:
                raise ValueError(f"{written!r} is no regular expression: {error}") from None
        elif sign in _ORDERS:
            if not _is_number(value) and key not in _TIMES:
                raise ValueError(f"expected a number to compare {key} with, received {written!r}")
        elif not quoted and ("*" in written or "?" in written):
            pattern = re.compile(fnmatch.translate(written.replace("[", "[[]")))
        return cls(key, "=" if sign == "==" else sign, written, value, pattern)

    def holds(self, run: Run) -> bool:
        """Tells whether a run fulfils it."""
        value = value_of(run, self.key)
        if value is None:
            return self.value is None and self.sign == "="
        if self.sign in _ORDERS:
            return self._in_order(value)
        matches = (
            self._equals(value) if self.pattern is None else self.pattern.search(text(value)) is not None
        )
        return matches == ("!" not in self.sign)

    def _in_order(self, value: Value) -> bool:
        if self.key in _TIMES:
            return _ORDERS[self.sign](value, self.written)
        return _is_number(value) and _ORDERS[self.sign](value, self.value)

    def _equals(self, value: Value) -> bool:
        if not isinstance(value, str):
            return value == self.value and isinstance(value, bool) == isinstance(self.value, bool)
        # A name such as `2024` is a text that reads as a number.
        if value == self.written:
            return True
        if value.startswith("["):
            return value.replace(" ", "") == self.written.replace(" ", "")
        return "." in self.key and _is_same_object(value, self.written)


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@cache
def _is_same_object(one: str, other: str) -> bool:
    """Tells whether two texts are names of one Keras class, such as `adam` and `Adam`."""
    if not (one.isidentifier() and other.isidentifier()):
        return False
    from nnrun.catalog.families import Family
    from nnrun.catalog.reading import catalog

    for family in get_args(Family):
        first, second = catalog().find(family, one), catalog().find(family, other)
        if first is not None and second is not None and first.name == second.name:
            return True
    return False
