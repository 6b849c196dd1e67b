"""Numbers, times and names as the page writes them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nnrun.config.resolved import flow
from nnrun.evaluation.report.blocks import Cell

_BAD = "\ufffd"
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows them, outside of the name that they are in too."""

NONE = "\u2013"
"""Stands for a value that is not there."""


def clean(text: str) -> str:
    """Returns a text without characters that no page can show: control characters, halves of others."""
    if text.isprintable():
        return text
    return "".join(_BAD if _is_bad(character) else character for character in text)


def _is_bad(character: str) -> bool:
    if character in "\n\t":
        return False
    return character in _TURNING or unicodedata.category(character) in ("Cc", "Cs")


def figure(value: float) -> str:
    """Writes a number with four decimals, with fewer where it is large, as a power of ten where it is extreme.

    The script of the page writes values in the same way.
    """
    size = abs(value)
    if not math.isfinite(value):
        return "not finite" if math.isnan(value) else ("\u221e" if value > 0 else "-\u221e")
    if size == 0:
        return "0"
    if size < 1e-3 or size >= 1e9:
        return f"{value:.3e}"
    if size >= 1000:
        return f"{value:,.1f}"
    return f"{value:.2f}" if size >= 100 else f"{value:.4f}"


def number(value: Any) -> float | None:
    """Returns a value of a JSON file that nnrun wrote as a number, if it is one."""
    if isinstance(value, str) and value in {"nan", "inf", "-inf"}:
        return float(value)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def figure_cell(value: Any, mark: str = "") -> Cell:
    """Returns a cell with a number, and with all of its digits when the pointer rests on it."""
    known = number(value)
    if known is None:
        return Cell(NONE, mark="faint")
    if mark == "best":
        return Cell(figure(known), repr(known), "best")
    return Cell(figure(known), repr(known), "" if math.isfinite(known) else "bad")


def count_cell(value: Any) -> Cell:
    """Returns a cell with a whole number."""
    return Cell(f"{value:,}", str(value)) if isinstance(value, int) else Cell(NONE, mark="faint")


def name_cell(text: str) -> Cell:
    """Returns a cell with a name out of the data or the config."""
    return Cell(text, name=True)


def moment(iso: Any) -> str:
    """Writes a time of a record, to the second, in UTC."""
    try:
        then = datetime.fromisoformat(str(iso)).astimezone(UTC)
    except ValueError:
        return str(iso)
    return f"{then:%Y-%m-%d %H:%M:%S} UTC"


def clock(seconds: float) -> str:
    """Writes a time in seconds since 1970, to the second, in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def mapping(value: Any) -> Mapping[str, Any]:
    """Returns a part of a record, empty where it is none."""
    return value if isinstance(value, Mapping) else {}


def listing(value: Any) -> Sequence[Any]:
    """Returns a list of a record, empty where it is none."""
    return value if isinstance(value, list) else ()


def command(record: Mapping[str, Any]) -> str:
    """Returns the command line of a record."""
    return " ".join(map(str, listing(record.get("command")))) or NONE


def config_text(value: Any) -> str:
    """Writes a value of a config; an object without the braces that stand around it in a list of others."""
    text = flow(value)
    return text[1:-1] if isinstance(value, Mapping) and len(value) == 1 else text


def plural(count: int, word: str, more: str = "") -> str:
    """Writes a number of things."""
    return f"{count:,} {word if count == 1 else more or word + 's'}"
