"""Says in plain words what a kind of argument accepts, and what was received instead."""

from __future__ import annotations

import json
import math
from typing import Any

from nnrun.catalog.families import Family
from nnrun.catalog.kinds import (
    Boolean,
    Choice,
    Either,
    Kind,
    Listing,
    Null,
    Number,
    Object,
    Table,
    Text,
    Unusable,
)

_FAMILY_WORDS: dict[Family, tuple[str, str]] = {
    "layer": ("a", "layer"),
    "optimizer": ("an", "optimizer"),
    "loss": ("a", "loss"),
    "metric": ("a", "metric"),
    "callback": ("a", "callback"),
    "activation": ("an", "activation"),
    "initializer": ("an", "initializer"),
    "regularizer": ("a", "regularizer"),
    "constraint": ("a", "constraint"),
    "schedule": ("a", "learning-rate schedule"),
    "dtype_policy": ("a", "dtype policy"),
}
_BOUND_WORDS = {">": "greater than", ">=": "at least", "<": "less than", "<=": "at most"}
_LONGEST = 40


def family_word(family: Family) -> str:
    """Returns the family in words, such as `learning-rate schedule`."""
    return _FAMILY_WORDS[family][1]


def with_article(family: Family) -> str:
    """Returns the family in words with its article, such as `an optimizer`."""
    return " ".join(_FAMILY_WORDS[family])


def expected(kind: Kind) -> str:
    """Returns what a kind accepts, such as `an integer greater than 0, or null`."""
    if isinstance(kind, Number):
        noun = "an integer" if kind.integer else "a number"
        return " ".join([noun, bounds(kind)]).strip()
    if isinstance(kind, Boolean):
        return "true or false"
    if isinstance(kind, Text):
        return "a string"
    if isinstance(kind, Null):
        return "null"
    if isinstance(kind, Choice):
        return alternatives([repr(value) for value in kind.values])
    if isinstance(kind, Object):
        word = with_article(kind.family)
        return f"{word} ({alternatives(list(kind.classes))})" if kind.classes else word
    if isinstance(kind, Listing):
        count = "" if kind.length is None else f" of {kind.length}"
        return f"a list{count}, each {expected(kind.items)}"
    if isinstance(kind, Table):
        return f"a mapping from names to {expected(kind.values)}"
    if isinstance(kind, Unusable):
        return "something that only Python code can give"
    if isinstance(kind, Either):
        # A policy object is possible wherever a dtype name is; naming it as well would only be noise.
        shown = [each for each in kind.options if not (isinstance(each, Object) and each.family == "dtype_policy")]
        shown = [each for each in shown if not isinstance(each, Unusable)] or shown
        return ", or ".join(expected(option) for option in shown)
    return "any value"


def bounds(kind: Number) -> str:
    """Returns the bounds of a number in words, such as `at least 0 and at most 1`; may be empty."""
    limits = dict(kind.bounds)
    if ">=" in limits and "<=" in limits:
        return f"from {limits['>=']:g} to {limits['<=']:g}"
    return " and ".join(f"{_BOUND_WORDS[sign]} {limit:g}" for sign, limit in kind.bounds)


def alternatives(words: list[str]) -> str:
    """Joins words as `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def received(value: Any) -> str:
    """Returns a value as it stands in YAML, shortened, with its type: `'ten' (a string)`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true (a boolean)" if value else "false (a boolean)"
    if isinstance(value, str):
        return f"{shortened(value)} (a string)"
    if isinstance(value, int):
        # Python refuses to write very long numbers.
        return str(value) if value.bit_length() < 128 else "an integer of more than 38 digits"
    if isinstance(value, float):
        return str(value) if math.isfinite(value) else f"{value} (not a finite number)"
    if isinstance(value, list):
        text = _inline(value)
        return f"the list {text}" if text else f"a list of {len(value)}"
    if isinstance(value, dict):
        keys = ", ".join(shortened(key) if isinstance(key, str) else received(key) for key in list(value)[:5])
        return f"a mapping with {'the key' if len(value) == 1 else 'the keys'} {keys}" if value else "an empty mapping"
    return f"a {type(value).__name__}"


def shortened(text: str) -> str:
    """Returns a string in quotes, at most about forty characters of it."""
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def _inline(value: list[Any]) -> str:
    plain = all(
        item is None or isinstance(item, (str, bool, float)) or (isinstance(item, int) and abs(item) < 10**12)
        for item in value
    )
    text = json.dumps(value, ensure_ascii=False) if plain and len(value) <= 10 else ""
    return text if len(text) <= _LONGEST else ""
