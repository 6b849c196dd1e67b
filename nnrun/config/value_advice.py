"""A wrong value in words, and how it was probably meant."""

from __future__ import annotations

import re
from typing import Any


def received(value: Any) -> str:
    """Returns a value as it should be shown after "received", shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def value_advice(value: Any, expected: str) -> str:
    """Returns how to write a value so that it is what was expected; empty where that is not clear.

    Args:
        value: The value of the config.
        expected: What was expected, in words.
    """
    if value is None:
        return "write a value, or remove the key"
    if "unit" in expected and "255" in str(value):
        return "write unit: it makes 0 to 1 of 0 to 255"
    if value == "balanced" and expected.startswith("auto "):
        return "write auto"
    if value == "embedding" and expected == "one of one_hot, codes":
        return "write codes"
    if isinstance(value, str):
        if "list" in expected and tuple_advice(value):
            return tuple_advice(value)
        if "number" in expected and re.fullmatch(r"[-+]?[0-9][0-9_]*", value):
            return f"write {value.replace('_', '')}, without quotes or underscores"
        if "number" in expected and isinstance(_as_number(value), float):
            return "remove the quotes"
        if "true or false" in expected and value.lower() in ("yes", "on", "y", "no", "off", "n"):
            return f"write {'true' if value.lower() in ('yes', 'on', 'y') else 'false'}"
        if "true or false" in expected and value.lower() in ("true", "false"):
            return f"write {value.lower()}, without quotes"
        share = _as_share(value) if "number" in expected else None
        if share is not None:
            return f"write {share:g}"
    if value in (0, 1) and not isinstance(value, bool) and expected == "true or false":
        return f"write {'true' if value else 'false'}"
    if expected == "a mapping" and value in ("whitespace", "character"):
        return f"write tokenize: {value}; split divides the samples"
    if expected == "a mapping":
        return "remove the '- '" if isinstance(value, list) else "write its keys below it, indented"
    if expected.startswith("a list"):
        if isinstance(value, dict):
            return "begin each item with '- '"
        return f"write [{value}]" if isinstance(value, str) else ""
    if isinstance(value, float) and value.is_integer() and "whole number" in expected and abs(value) < 2**53:
        return f"write {int(value)}"
    if (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and expected.startswith(("a text", "a name"))
    ):
        return "put it in quotes"
    return ""


def tuple_advice(value: Any) -> str:
    """Returns how to write what was written as a Python tuple, such as `(3, 3)`; empty for anything else."""
    if not isinstance(value, str) or not value.startswith("("):
        return ""
    # Within braces YAML ends the text at the first comma.
    whole = re.fullmatch(r"\(([^()]*[^(), ]),? *\)", value)
    return f"write [{whole[1]}]" if whole else "write a list in square brackets, such as [3, 3]"


def _as_number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return None


def _as_share(text: str) -> float | None:
    """Returns the number that `20%` or `1/5` means, or None."""
    found = re.fullmatch(r"(?P<above>[0-9]+(?:\.[0-9]+)?)(?:%|/(?P<below>[1-9][0-9]*))", text.strip())
    return None if found is None else float(found["above"]) / float(found["below"] or 100)
