"""Which of several names a misspelt one is. Loaded only when something is wrong, and loads nothing itself."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def nearest_of(word: str, candidates: Collection[str]) -> str | None:
    """Returns the candidate that a word is a slip or a longer or shorter form of, or None.

    Of several, the one with the fewest slips: `adma` is `adam`, though `adamax` shares more letters with it.
    """
    if word in candidates:
        return word
    close = get_close_matches(word, candidates, n=5, cutoff=0.7)
    if close:
        return min(close, key=lambda candidate: _slips(word, candidate))
    begun = [each for each in candidates if min(len(word), len(each)) >= 3 and _begins(word, each)]
    return min(begun, key=len) if begun else None


def _begins(word: str, other: str) -> bool:
    return word.startswith(other) or other.startswith(word)


def _slips(word: str, meant: str) -> int:
    """Returns how many letters were left out, added, exchanged, or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, letter in enumerate(word, start=1):
        before, above, row = row, before, [i]
        for j, wanted in enumerate(meant, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == meant[j - 2] and word[i - 2] == wanted:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]
