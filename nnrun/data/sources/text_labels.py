"""What the labels of a column of text are. Free of NumPy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from nnrun.data.sources.text_rows import short_cell
from nnrun.data.tables.cells import has_leading_zero, is_number, is_whole

LabelKind = Literal["whole", "number", "text"]

_MOST = 1000  # beyond it, nobody reads which classes look alike


def kind_of_labels(labels: Iterable[str]) -> LabelKind:
    """Returns what labels are, all of them together: whole numbers, numbers, or texts, which `NA` is too."""
    stripped = [label.strip() for label in labels]
    if all(map(is_whole, stripped)):
        return "whole"
    if not all(map(is_number, stripped)) or any(map(has_leading_zero, stripped)):
        return "text"
    # What is too great for a 64-bit float could not be told apart.
    return "number" if all(abs(float(label)) < float("inf") for label in stripped) else "text"


def values_of_labels(labels: Sequence[str], kind: LabelKind) -> list[int] | list[float] | list[str]:
    """Returns labels as what they are."""
    if kind == "whole":
        return [int(label) for label in labels]
    return [float(label) for label in labels] if kind == "number" else list(labels)


def sorted_classes(labels: Collection[str], kind: LabelKind) -> tuple[str, ...]:
    """Returns the names of the classes in the order of their numbers."""
    if kind == "whole":
        return tuple(str(number) for number in sorted({int(label) for label in labels}))
    return tuple(sorted(set(labels)))


def alike_notes(counts: Mapping[str, int]) -> list[str]:
    """Tells of classes that differ by case or spaces only.

    Args:
        counts: How often each label occurs.
    """
    if len(counts) > _MOST or kind_of_labels(counts) != "text":
        return []
    alike: dict[str, list[str]] = {}
    for label in sorted(counts):
        alike.setdefault(" ".join(label.casefold().split()), []).append(label)
    return [
        f"the classes {' and '.join(f'{short_cell(label)} ({counts[label]:,})' for label in same)} differ by "
        "case or spaces only, and are different classes"
        for same in alike.values()
        if len(same) > 1
    ]
