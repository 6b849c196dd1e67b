"""Says in plain words what a kind of argument accepts, and what was received instead."""

from __future__ import annotations

import json
import math
from typing import Any

from nnrun.catalog.families import Family
from nnrun.catalog.kinds import Choice, Either, Kind, Listing, Number, Object, Plain, Table

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
_PLAIN_WORDS: dict[str, tuple[str, str]] = {
    "bool": ("true or false", "booleans"),
    "str": ("a string", "strings"),
    "null": ("null", "nulls"),
    "function": ("something that only Python code can give", "things that only Python code can give"),
    "any": ("any value", "values"),
}
_LONGEST = 40


def family_word(family: Family) -> str:
    """Returns the family in words, such as `learning-rate schedule`."""
    return _FAMILY_WORDS[family][1]


def with_article(family: Family) -> str:
    """Returns the family in words with its article, such as `an optimizer`."""
    return " ".join(_FAMILY_WORDS[family])


def plural(family: Family) -> str:
    """Returns the plural of the family in words, such as `losses`."""
    word = family_word(family)
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"


def expected(kind: Kind) -> str:
    """Returns what a kind accepts, such as `an integer greater than 0, or null`."""
    if isinstance(kind, Number):
        return f"{'an integer' if kind.integer else 'a number'} {bounds(kind)}".strip()
    if isinstance(kind, Choice):
        return alternatives([repr(value) for value in kind.values])
    if isinstance(kind, Object):
        word = with_article(kind.family)
        return f"{word} ({alternatives(list(kind.classes))})" if kind.classes else word
    if isinstance(kind, Listing):
        count = "" if kind.length is None else f"{kind.length} "
        return f"a list of {count}{_several(kind.items)}"
    if isinstance(kind, Table):
        return f"a mapping from names to {_several(kind.values)}"
    if isinstance(kind, Either):
        return ", or ".join(expected(option) for option in _worth_naming(kind))
    return _PLAIN_WORDS[kind.word][0]


def _several(kind: Kind) -> str:
    """Returns the plural of what a kind accepts, such as `integers greater than 0`."""
    if isinstance(kind, Number):
        return f"{'integers' if kind.integer else 'numbers'} {bounds(kind)}".strip()
    if isinstance(kind, Object):
        return f"{plural(kind.family)}{f' ({alternatives(list(kind.classes))})' if kind.classes else ''}"
    if isinstance(kind, Listing):
        return f"lists of {'' if kind.length is None else f'{kind.length} '}{_several(kind.items)}"
    if isinstance(kind, Either):
        return " or ".join(_several(option) for option in _worth_naming(kind))
    return _PLAIN_WORDS[kind.word][1] if isinstance(kind, Plain) else expected(kind)


def _worth_naming(kind: Either) -> list[Kind]:
    """Leaves out what only confuses: Python objects, and dtype policies, which a dtype name can always be."""
    named: list[Kind] = [
        option
        for option in kind.options
        if option != Plain("function")
        and not (isinstance(option, Object) and option.family == "dtype_policy")
    ]
    return named or list(kind.options)


def bounds(kind: Number) -> str:
    """Returns the bounds of a number in words, such as `from 0 to 1`; may be empty."""
    limits = dict(kind.bounds)
    if ">=" in limits and "<=" in limits:
        return f"from {limits['>=']:g} to {limits['<=']:g}"
    return " and ".join(f"{_BOUND_WORDS[sign]} {limit:g}" for sign, limit in kind.bounds)


def alternatives(words: list[str]) -> str:
    """Joins words as `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def received(value: Any) -> str:
    """Returns a value as it stands in YAML, shortened, with its type: `'ten' (a string)`."""
    if isinstance(value, str):
        return f"{shortened(value)} (a string)"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} (not a finite number)"
    text = inline(value)
    if isinstance(value, bool):
        return f"{text} (a boolean)"
    if isinstance(value, int):
        return text or "an integer of very many digits"
    if isinstance(value, list):
        return f"the list {text}" if text else f"a list of {len(value)} values"
    if isinstance(value, dict):
        keys = [shortened(key) if isinstance(key, str) else inline(key) or "…" for key in list(value)[:5]]
        word = "the key" if len(value) == 1 else "the keys"
        return f"a mapping with {word} {', '.join(keys)}" if value else "an empty mapping"
    return text or f"a {type(value).__name__}"


def inline(value: Any) -> str:
    """Returns a plain value or a list of them as YAML in one line; empty where it is long or nested."""
    if isinstance(value, int) and value.bit_length() > 100:
        return ""  # Python refuses to write very long integers.
    if isinstance(value, list):
        items = [inline(item) for item in value[:20]]
        text = f"[{', '.join(items)}]" if all(items) and len(value) <= 20 else ""
    elif isinstance(value, str):
        # A word needs no quotes in YAML, unless it would be read as something else.
        is_word = value.replace("_", "").isalnum() and value.lower() not in ("true", "false", "null")
        text = value if is_word and not value[0].isdigit() else json.dumps(value, ensure_ascii=False)
    elif value is None or isinstance(value, (bool, int, float)):
        text = json.dumps(value)
    else:
        return ""
    return text if len(text) <= _LONGEST else ""


def shortened(text: str) -> str:
    """Returns a string in quotes, at most about forty characters of it."""
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
