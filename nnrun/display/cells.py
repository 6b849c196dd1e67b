"""Texts measured in the cells of a terminal, which Chinese letters fill two of and accents none."""

from __future__ import annotations

import unicodedata

_NOTHING = frozenset({"Mn", "Me", "Cf"})
"""Categories of characters that join the one before: accents, joiners, marks of direction."""


def width(text: str) -> int:
    """Returns how many cells of a terminal a text takes; a tab counts as two."""
    if text.isascii() and "\t" not in text:
        return len(text)
    return sum(map(_cells, text))


def left(text: str, cells: int) -> str:
    """Fills a text with spaces to a number of cells, the text on the left."""
    return text + " " * (cells - width(text))


def right(text: str, cells: int) -> str:
    """Fills a text with spaces to a number of cells, the text on the right."""
    return " " * (cells - width(text)) + text


def shortened(text: str, cells: int) -> str:
    """Cuts a text that takes more cells in its middle, where names that begin alike differ least.

    Args:
        text: The text.
        cells: How many it may take, at least 1.
    """
    if width(text) <= cells:
        return text
    tail = _beginning(text[::-1], (cells - 1) // 2)[::-1]
    return f"{_beginning(text, cells - 1 - width(tail))}…{tail}"


def _beginning(text: str, cells: int) -> str:
    for index, character in enumerate(text):
        cells -= _cells(character)
        if cells < 0:
            return text[:index]
    return text


def _cells(character: str) -> int:
    if character == "\t" or unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in _NOTHING else 1
