"""Names of classes, features and targets as they stand in a picture: short, and still told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from nnrun.evaluation.plots.style import drawable, shortened

_WHOLE = 10_000


def labels(names: Sequence[str], length: int) -> list[str]:
    """Returns a label for each name.

    A name that is too long loses its end, or its middle where the beginnings of several names are the same. One
    that is empty, that no font of this machine can draw, or that looks like another one all the same, begins with
    its number.

    Args:
        names: The names; they may hold anything.
        length: How many characters a label may have.
    """
    result = [shortened(name, length) for name in names]
    counts = Counter(result)
    result = [
        _without_middle(shortened(name, _WHOLE), length) if counts[label] > 1 else label
        for name, label in zip(names, result, strict=True)
    ]
    counts = Counter(result)
    return [
        f"#{number} {label}".rstrip()
        if not label or counts[label] > 1 or not drawable(_visible(name))
        else label
        for number, (name, label) in enumerate(zip(names, result, strict=True))
    ]


def column_labels(names: Sequence[str], length: int) -> list[str]:
    """Returns a label for each column; one that has only a number is called `column 3`."""
    return labels([f"column {name}" if name.isdecimal() else name for name in names], length)


def _without_middle(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    end = (length - 1) // 2
    return f"{text[: length - 1 - end].rstrip()}…{text[-end:].lstrip()}"


def _visible(name: str) -> str:
    return "".join(character for character in name if character.isprintable())
