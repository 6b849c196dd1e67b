"""Sizes as people read them."""

from __future__ import annotations


def in_bytes(size: int) -> str:
    """Writes a size with a unit of 1,000: `999 B`, `1.2 kB`, `34 MB`.

    Args:
        size: Bytes.
    """
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
