"""Numbers of any size in few characters."""

from __future__ import annotations

import math


def brief(value: float, digits: int = 4) -> str:
    """Writes a number with a few digits that count, and with a power of ten only where it is very large or small.

    Args:
        value: The number.
        digits: How many digits count; whole numbers keep all of theirs.
    """
    size = abs(value)
    if math.isfinite(value) and 10**digits <= size < 1e9:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"
