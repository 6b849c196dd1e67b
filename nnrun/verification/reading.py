"""Reading the files of a run directory that may be damaged: whatever is in them, there is an answer."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any


class Unreadable(Exception):
    """A file is there and cannot be read, or is not what it should be; the text says why."""


def read_file(path: Path) -> bytes | None:
    """Returns the content of a file, or None where there is none.

    Args:
        path: The file.

    Raises:
        Unreadable: It is no file, or the system refuses it.
    """
    try:
        return path.read_bytes() if is_there(path) else None
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from error


def is_there(path: Path) -> bool:
    """Tells whether there is such a file.

    Raises:
        Unreadable: It is something else than a file, at which opening could wait for ever.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise Unreadable("it is no file")
    return True


def read_text(path: Path) -> str | None:
    """Returns the content of a UTF-8 file, or None where there is none.

    Raises:
        Unreadable: It cannot be read, or is not UTF-8.
    """
    content = read_file(path)
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is no UTF-8 text: {error.reason} at byte {error.start}") from error


def parse_object(content: bytes | str) -> dict[str, Any]:
    """Returns a JSON object.

    Raises:
        Unreadable: It is something else.
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise Unreadable("it is no JSON object")
    return value


def read_object(path: Path) -> dict[str, Any] | None:
    """Returns the JSON object in a file, or None where there is no such file.

    Raises:
        Unreadable: It is something else, or cannot be read.
    """
    content = read_file(path)
    return None if content is None else parse_object(content)


def as_number(value: object) -> float | None:
    """Returns a number as nnrun writes it into JSON, where those that are not finite are texts; None for the rest."""
    if isinstance(value, str):
        return float(value) if value in {"nan", "inf", "-inf"} else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def same_number(one: float | None, other: float | None) -> bool:
    """Tells whether two numbers have the same value; two that are not a number do."""
    return one == other or (one is not None and other is not None and one != one and other != other)
