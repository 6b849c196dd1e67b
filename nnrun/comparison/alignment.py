"""Two lists beside each other, so that an item that was put in does not make all that follow it look changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

Pair = tuple[int | None, int | None]
"""Positions in both lists; None where an item has no counterpart."""


def aligned(one: Sequence[T], other: Sequence[T], cost: Callable[[T, T], float]) -> list[Pair]:
    """Pairs the items of two lists, in their order, at the least cost.

    An item without a counterpart costs 1. This is the edit distance of Wagner and Fischer (1974).

    Args:
        one: A list.
        other: Another one.
        cost: What a pair costs: 0 for equal ones; above 2 the two are never a pair.
    """
    start = 0
    while start < min(len(one), len(other)) and cost(one[start], other[start]) == 0:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and cost(one[-1 - end], other[-1 - end]) == 0:
        end += 1
    rows, columns = len(one) - start - end, len(other) - start - end
    costs = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    pairs: dict[tuple[int, int], float] = {}
    for row in range(rows, -1, -1):
        for column in range(columns, -1, -1):
            options = []
            if row < rows and column < columns:
                pairs[row, column] = cost(one[start + row], other[start + column])
                options.append(pairs[row, column] + costs[row + 1][column + 1])
            if row < rows:
                options.append(1 + costs[row + 1][column])
            if column < columns:
                options.append(1 + costs[row][column + 1])
            costs[row][column] = min(options, default=0.0)
    found: list[Pair] = [(index, index) for index in range(start)]
    row = column = 0
    while row < rows or column < columns:
        here = costs[row][column]
        # Of ways that cost the same, a pair is easiest to read.
        if row < rows and column < columns and here == pairs[row, column] + costs[row + 1][column + 1]:
            found.append((start + row, start + column))
            row, column = row + 1, column + 1
        elif row < rows and here == 1 + costs[row + 1][column]:
            found.append((start + row, None))
            row += 1
        else:
            found.append((None, start + column))
            column += 1
    found += [(len(one) - index, len(other) - index) for index in range(end, 0, -1)]
    return found
