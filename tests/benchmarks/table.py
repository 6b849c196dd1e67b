"""What the benchmarks share: medians, and tables on the screen."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from statistics import median

__all__ = ["median", "print_table", "seconds"]


def seconds(value: float) -> str:
    """Writes a duration with three significant digits."""
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"


def print_table(header: Sequence[str], measured: Iterable[Sequence[str]]) -> None:
    """Prints a table in Markdown, with aligned columns; before that each row on stderr, as soon as it is measured."""
    rows = []
    for row in measured:
        print(*row, sep="  ", file=sys.stderr, flush=True)
        rows.append(row)
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print(
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |",
            flush=True,
        )
