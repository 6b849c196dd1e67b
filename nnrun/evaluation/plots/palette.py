"""Colours and marks of classes, told apart with every kind of colour vision.

Up to seven classes have the colours of Okabe and Ito, up to ten those of Paul Tol's scheme "muted"
(https://personal.sron.nl/~pault/). Marks of different shapes help where colours alone are not enough.
"""

from __future__ import annotations

from collections.abc import Sequence

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), told apart with every kind of colour vision.
BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
INK = "#1f2328"
FAINT_INK = "#6e7781"
GRID = "#d8dee4"

_OKABE_ITO = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9", "#4d4d4d")
_MUTED = (
    "#332288", "#CC6677", "#44AA99", "#DDCC77", "#882255", "#88CCEE", "#117733", "#AA4499", "#999933", "#4d4d4d",
)  # fmt: skip
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")

MOST = len(_MUTED)
"""More classes than these cannot be told apart by colour."""

OTHERS = "#b9c0c8"
"""The colour of all classes that have none of their own."""


def colours(count: int) -> Sequence[str]:
    """Returns colours for `count` classes; beyond `MOST` they are repeated."""
    if count <= len(_OKABE_ITO):
        return _OKABE_ITO[:count]
    return [_MUTED[number % MOST] for number in range(count)]


def marks(count: int) -> Sequence[str]:
    """Returns shapes of marks for `count` classes, as Matplotlib names them."""
    return [_MARKS[number % len(_MARKS)] for number in range(count)]
