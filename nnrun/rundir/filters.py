"""Conditions on runs, such as `val_accuracy>0.9` or `status=failed`, and the values they compare."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nnrun.errors import DataError, UsageError
from nnrun.rundir.reading import Run

Value = str | float | None

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "==": operator.eq,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}

_EXPRESSION = re.compile(r"\s*([\w.-]+)\s*(>=|<=|!=|==|=|>|<)\s*(.+?)\s*")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a value of a run.

    Args:
        key: What is compared; see `value_of`.
        sign: One of `=`, `==`, `!=`, `<`, `<=`, `>`, `>=`.
        value: A number if it reads as one, else a text.
    """

    key: str
    sign: str
    value: str | float

    @classmethod
    def parse(cls, expression: str) -> Condition:
        """Reads `KEY SIGN VALUE`.

        Raises:
            UsageError: It is something else.
        """
        match = _EXPRESSION.fullmatch(expression)
        if match is None:
            raise UsageError(
                f"cannot understand the condition {expression!r}",
                "Write it like val_accuracy>0.9 or status=failed.",
            )
        key, sign, text = match.groups()
        value = _number(text)
        if isinstance(value, str) and sign not in {"=", "==", "!="} and key != "started":
            raise UsageError(f"the condition {expression!r} compares with {text!r}, expected a number")
        return cls(key, sign, value)

    def holds(self, run: Run) -> bool:
        """Tells whether a run fulfils it; one that does not have the value never does."""
        value = value_of(run, self.key)
        if value is None or isinstance(value, str) != isinstance(self.value, str):
            # A name such as `2024` is a text that reads as a number.
            return isinstance(value, str) and _COMPARISONS[self.sign](value, str(self.value))
        return _COMPARISONS[self.sign](value, self.value)


def value_of(run: Run, key: str) -> Value:
    """Returns a value of a run to filter and sort by; None where it has none.

    Args:
        run: The run.
        key: `id`, `name`, `status`, `started` (ISO 8601, UTC), `epochs`, `seconds`, `seed`, a key of
            `summary.json`, or a metric, which means its value in the best epoch.
    """
    if key in {"id", "name", "status"}:
        return str(getattr(run, key))
    if key == "started":
        return run.started.isoformat()
    try:
        if key == "epochs":
            return run.epochs
        value = run.summary.get(key, run.summary.get(f"best_{key}"))
    except DataError:
        return None
    if value is None and key in {"seconds", "seed"}:
        value = run.record.get(key)
    return value if isinstance(value, (str, int, float)) else None


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text
