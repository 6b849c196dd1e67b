"""Reads the plain values of a Keras object's arguments: numbers, strings, choices."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

from nnrun.catalog.kinds import Choice, Kind, Number, Plain
from nnrun.config.keras_object import frozen
from nnrun.config.keras_words import expected, received

Loc = tuple[str | int, ...]
At = Literal["key", "value"]

_BOOLEANS: dict[Any, str] = {
    **dict.fromkeys(("true", "yes", "on", "y", 1), "write true"),
    **dict.fromkeys(("false", "no", "off", "n", 0), "write false"),
}
"""How to write what people mean by a boolean."""

_LARGEST = 2**63
"""Keras and TensorFlow count in 64 bits."""


class ObjectProblem(NamedTuple):
    """One thing that is wrong with a Keras object of a config.

    Args:
        code: Stable name of the kind of problem, such as `unknown-argument`.
        message: What is wrong: what was expected and what was received.
        loc: The way from the object to the place, such as `("Dense", "units")`.
        value: What stands there.
        hint: What to do; may be empty.
        at: Whether the key or the value is wrong.
    """

    code: str
    message: str
    loc: Loc
    value: Any
    hint: str = ""
    at: At = "value"


class Read(NamedTuple):
    """What came out of reading a value.

    Args:
        value: The value as nnrun keeps it; meaningless where there are problems.
        problems: What is wrong with it.
        near: How much it looks like what was expected: 0 another type, 1 the right type, 2 recognised.
    """

    value: Any
    problems: tuple[ObjectProblem, ...] = ()
    near: int = 2


def refused(problem: ObjectProblem, near: int = 1) -> Read:
    """Returns the outcome of a value that has one problem."""
    return Read(None, (problem,), near)


def wrong_type(kind: Kind, value: Any, loc: Loc, what: str, hint: str = "") -> Read:
    """Returns the outcome of a value of another type."""
    from nnrun.config.value_advice import tuple_advice

    message = f"{what} must be {expected(kind)}, received {received(value)}"
    hint = hint or tuple_advice(value)
    return refused(ObjectProblem("wrong-type", message, loc, value, hint), 0)


def read_scalar(kind: Kind, value: Any, loc: Loc, what: str) -> Read:
    """Reads a value that holds no other values.

    Args:
        kind: What it has to be.
        value: The YAML value.
        loc: Where it stands.
        what: What to call it at the start of a message, such as `'units' of Dense`.
    """
    if isinstance(kind, Number):
        return _read_number(kind, value, loc, what)
    if isinstance(kind, Choice):
        return _read_choice(kind, value, loc, what)
    word = kind.word if isinstance(kind, Plain) else ""
    fits = (
        word == "any"
        or (word == "bool" and isinstance(value, bool))
        or (word == "str" and isinstance(value, str))
        or (word == "null" and value is None)
    )
    if fits:
        return Read(frozen(value))
    hint = "leave it out" if word == "function" else ""
    if word == "bool":
        meant = value.lower() if isinstance(value, str) else value
        hint = _BOOLEANS.get(meant, "") if isinstance(meant, (str, int)) else ""
    return wrong_type(kind, value, loc, what, hint)


def _read_number(kind: Number, value: Any, loc: Loc, what: str) -> Read:
    wanted = int if kind.integer else (int, float)
    if isinstance(value, bool) or not isinstance(value, wanted):
        return wrong_type(kind, value, loc, what, number_hint(kind, value))
    countable = abs(value) < _LARGEST if isinstance(value, int) else math.isfinite(value)
    if countable and all(_holds(value, sign, limit) for sign, limit in kind.bounds):
        # Keras refuses `learning_rate=1`, though YAML and people write the same number either way.
        return Read(value if kind.integer else float(value))
    message = f"{what} must be {expected(kind)}, received {received(value)}"
    return refused(ObjectProblem("out-of-range", message, loc, value))


def _holds(value: float, sign: str, limit: float) -> bool:
    if sign == ">":
        return value > limit
    if sign == ">=":
        return value >= limit
    return value < limit if sign == "<" else value <= limit


def _read_choice(kind: Choice, value: Any, loc: Loc, what: str) -> Read:
    if isinstance(value, str) and value in kind.values:
        return Read(value)
    if not isinstance(value, str):
        return wrong_type(kind, value, loc, what)
    from nnrun.config.keras_hints import closest

    meant = closest(value, kind.values)
    hint = f"did you mean '{meant}'?" if meant else ""
    return Read(None, wrong_type(kind, value, loc, what, hint).problems, 1)


def number_hint(kind: Number, value: Any) -> str:
    """Returns how to write a value so that it is a number of this kind, where that is clear."""
    if is_number_text(value):
        return "remove the quotes"
    if kind.integer and isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST:
        return f"write {int(value)}"
    return ""


def is_number_text(value: Any) -> bool:
    """Tells whether a value is a string that looks like a number."""
    try:
        return isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        return False
