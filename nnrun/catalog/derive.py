"""Derives the kind of an argument from its name, the prose of its documentation and its default.

Keras has almost no type hints, but its prose is regular: "Integer, …", "Float between 0 and 1.", "One of
`{"auto", "min", "max"}`", "int or tuple/list of 2 integers". What it does not say is in the overlay.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from nnrun.catalog.signatures import MISSING

_BY_NAME = (
    (r".*_initializer", "initializer|null"),
    (r".*_regularizer", "regularizer|null"),
    (r".*_constraint", "constraint|null"),
    (r"activation|recurrent_activation", "activation|layer(ELU,LeakyReLU,ReLU,Softmax)|null"),
    (r"dtype", "dtype|null"),
    (r"name", "str|null"),
    (r"seed", "int>=0|null"),
    (r"data_format", "'channels_last'|'channels_first'|null"),
    (r"trainable|autocast", "bool"),
)
_RANK = re.compile(r"(\d)D")
_UNIT_INTERVAL = re.compile(
    r"between 0\.?0? and 1\b|in (?:the )?(?:closed )?(?:range|interval) `?\[0, 1\]|value in range `?\[0, 1\]",
    re.IGNORECASE,
)
_OPTIONAL = re.compile(r"^\(?optional\)?[.:,]?\s*", re.IGNORECASE)
_DEFAULTS = re.compile(r"^(?:unset by default|defaults? to [^.]*(?:\.\d+`?)?)\.?\s*", re.IGNORECASE)
_CHOICE = re.compile(r"""["'](\w+)[`"']""")
_POSITIVE = re.compile(r"\bpositive int|must be positive|^a positive", re.IGNORECASE)
_NON_NEGATIVE = re.compile(
    r">= ?0(?:\.0)?\b|non-negative|greater than or equal to zero|zero or positive|positive float",
    re.IGNORECASE,
)


def derive_kind(class_name: str, name: str, default: Any, text: str) -> str:
    """Returns the kind of an argument, `any` where nothing tells.

    Args:
        class_name: Name of its class: `Conv2D` says that sizes have two numbers.
        name: Name of the argument.
        default: Its default, or `MISSING`.
        text: Its entry in the `Args` section.
    """
    for pattern, kind in _BY_NAME:
        if re.fullmatch(pattern, name):
            return kind
    if isinstance(default, bool):
        return "bool"
    said = _DEFAULTS.sub("", _OPTIONAL.sub("", text.strip()))
    known = _from_prose(said, class_name, default) or _from_default(default)
    if known is None:
        return "any"
    return f"{known}|null" if default is None and "null" not in known else known


def _from_prose(text: str, class_name: str, default: Any) -> str | None:
    for pattern, read in _PROSE:
        if re.match(pattern, text, re.IGNORECASE):
            return read(text, class_name, default)
    return None


def _from_default(default: Any) -> str | None:
    if default is MISSING or default is None:
        return None
    if isinstance(default, float):
        return "float"
    if isinstance(default, int):
        return "int"
    if isinstance(default, str):
        return "str"
    if isinstance(default, tuple) and default and all(isinstance(item, int) for item in default):
        return f"[int]*{len(default)}"
    return None


def _bound(text: str) -> str:
    if _UNIT_INTERVAL.search(text):
        return ">=0<=1"
    if _POSITIVE.search(text):
        return ">0"
    if _NON_NEGATIVE.search(text):
        return ">=0"
    return ""


def _integer(text: str, _class_name: str, default: Any) -> str:
    # "Integer" where the default is 0.5 would be a mistake of the documentation.
    return ("float" if isinstance(default, float) else "int") + _bound(text)


def _number(text: str, _class_name: str, _default: Any) -> str:
    return "float" + _bound(text)


def _boolean(_text: str, _class_name: str, default: Any) -> str | None:
    return "bool" if default is None or default is MISSING else None


def _string(text: str, _class_name: str, default: Any) -> str:
    return _choices(text, _class_name, default) or "str"


def _choices(text: str, _class_name: str, default: Any) -> str | None:
    """Reads `"a"`, `"b"` from the first sentences; they must include the default."""
    sentence = re.split(r"(?<=[a-z`)}\]])[.:](?:\s|$)", text)
    for end in (1, 2):
        values = list(dict.fromkeys(_CHOICE.findall(" ".join(sentence[:end]))))
        if len(values) > 1 and (default is MISSING or default is None or default in values):
            kind = "|".join(f"'{value}'" for value in values)
            nullable = re.search(r"\bNone\b", sentence[0])
            return kind + ("|null" if nullable else "")
    return None


def _sizes(text: str, class_name: str, default: Any) -> str:
    """Reads "int or tuple/list of N integers"; the rank of the class is N, as the prose is often wrong."""
    rank = _RANK.search(class_name)
    if rank:
        count = int(rank[1])
    elif isinstance(default, tuple):
        count = len(default)
    else:
        found = re.search(r"of (\d)", text)
        count = int(found[1]) if found else 1
    return f"int>0|[int>0]*{count}"


def _interval(_text: str, _class_name: str, _default: Any) -> str:
    return "float|[float]*2"


_PROSE: tuple[tuple[str, Callable[[str, str, Any], str | None]], ...] = (
    (r"(an )?int(eger)?,? or (a )?(tuple|list)", _sizes),
    (r"an integer tuple/list", _sizes),
    (
        r"float or a list/tuple of 2 floats|a single float or a tuple of two|a tuple of two floats or a s",
        _interval,
    ),
    (r"optional list/tuple of 2 floats", lambda *_: "[float]*2"),
    (r"(a )?bool|whether|if `?true", _boolean),
    (r"(an? )?(positive |optional )*int(eger)?(?! or list|, or list|, tuple)\b|a python int", _integer),
    (r"number of|the number of|maximum size|size of|the possible number", _integer),
    (
        r"(an? )?(scalar |small )*float(ing)?\b|a python (float|number)|a scalar value|a small constant",
        _number,
    ),
    (r"one of|string[.:;,]? one of|either|.{0,60}(one of|either|values can be|supports?) ", _string),
    (r"(a )?string\b|filename", _string),
    (r"type of|available|the name of", _choices),
)
