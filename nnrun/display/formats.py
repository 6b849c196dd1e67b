"""Numbers and times as all displays write them: as Keras does, in as few characters."""

from __future__ import annotations

from collections.abc import Mapping


def number(value: float) -> str:
    """Writes a metric with 4 decimals, or as a power of ten below 1e-3 and above a million."""
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e6 or value != value:
        return f"{value:.4f}"
    return f"{value:.4e}"


def duration(seconds: float) -> str:
    """Writes a time with the precision that fits its size: `12ms`, `3.4s`, `45s`, `2:05`, `1:02:03`."""
    if seconds < 0.9995:
        return f"{max(seconds, 0) * 1e3:.0f}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    return coarse(seconds)


def coarse(seconds: float) -> str:
    """Writes a time that is only estimated, in whole seconds: `0s`, `45s`, `2:05`, `1:02:03`."""
    whole = round(max(seconds, 0))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def per_step(seconds: float, steps: int) -> str:
    """Writes the time of one step: `3ms/step`; empty where no step was made."""
    if steps <= 0:
        return ""
    each = seconds / steps
    if each >= 0.9995:
        return f"{each:.1f}s/step"
    if each >= 0.9995e-3:
        return f"{each * 1e3:.0f}ms/step"
    return f"{each * 1e6:.0f}us/step"


def printable(text: str) -> str:
    """Replaces what could move the cursor or start a line: names come out of configs and data sets."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def in_order(metrics: Mapping[str, float]) -> list[tuple[str, float]]:
    """Returns metrics in the order to show: training, then validation, `loss` first in each."""
    return sorted(
        metrics.items(), key=lambda item: (item[0].startswith("val_"), item[0] not in {"loss", "val_loss"})
    )
