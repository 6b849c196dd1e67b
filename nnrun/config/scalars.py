"""What an unquoted YAML word means, by the core schema of YAML 1.2.

PyYAML follows YAML 1.1, where `no` is false, `1e-3` is text, `012` is ten and `12:30:45` is a number of
seconds. The rules here are those of https://yaml.org/spec/1.2.2/#103-core-schema.
"""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_NANS = frozenset({".nan", ".NaN", ".NAN"})

_MAX_DIGITS = 20  # 64-bit numbers have at most 19 decimal digits; Python refuses to read 4,301 and more.


class NumberTooLargeError(ValueError):
    """A number that neither 64-bit integers nor 64-bit floats can hold."""


def resolve(text: str) -> Scalar:
    """Returns the value that an unquoted scalar stands for.

    Args:
        text: The scalar as YAML's scanner delivers it, without surrounding space.

    Raises:
        NumberTooLargeError: It is written as a number that is beyond 64 bits.
    """
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    # Most words are no numbers, and those start with a letter.
    if text[0] not in "-+.0123456789":
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    for pattern, base in ((_DECIMAL, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(text):
            digits = text.lstrip("+-") if base == 10 else text[2:]
            return _integer(text[0] == "-", digits.lstrip("0") or "0", base)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise NumberTooLargeError
        return value
    if _INFINITY.fullmatch(text):
        return -math.inf if text[0] == "-" else math.inf
    if text in _NANS:
        return math.nan
    return text


def _integer(negative: bool, digits: str, base: int) -> int:
    if base == 10 and len(digits) > _MAX_DIGITS:
        raise NumberTooLargeError
    value = int(digits, base)
    if not -(2**63) <= (-value if negative else value) < 2**63:
        raise NumberTooLargeError
    return -value if negative else value
