"""One plain value for each kind, to construct a class whose required arguments nobody has chosen."""

from __future__ import annotations

from typing import Any

from nnrun.catalog.kinds import Choice, Either, Kind, Listing, Number, Plain, Table

_PLAIN = {"bool": True, "str": "text", "null": None, "any": 1}


def example(kind: Kind) -> Any:
    """Returns a value that fits a kind.

    Raises:
        ValueError: Only an object, or something that a config cannot give, would fit.
    """
    if isinstance(kind, Number):
        limit = dict(kind.bounds)
        if kind.integer:
            return int(limit.get(">=", min(2, limit.get("<=", 2))))
        return 0.5 if limit.get(">=", 0) <= 0.5 <= limit.get("<=", 1) else limit.get("<=", 0.0)
    if isinstance(kind, Plain) and kind.word in _PLAIN:
        return _PLAIN[kind.word]
    if isinstance(kind, Choice):
        return kind.values[0]
    if isinstance(kind, Listing):
        return [example(kind.items)] * (kind.length or 1)
    if isinstance(kind, Table):
        return {}
    if isinstance(kind, Either):
        return example(kind.options[0])
    raise ValueError(f"no plain value is a {kind}")
