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


def percent(share: float | None) -> str:
    """Writes a probability; what is not quite certain is never 100 %."""
    if share is None:
        return ""
    if share > 0.9995 and share < 1:
        return "> 99.9 %"
    return f"{share:.1%}".replace("%", " %")
