"""How far the data are: fetched, checked, extracted or decoded."""

from __future__ import annotations

from collections.abc import Mapping

from rich.segment import Segment

from nnrun.display.data_text import ACTIONS, amount, rate, remaining
from nnrun.display.epoch_lines import NAME, BarCells
from nnrun.display.formats import coarse, printable
from nnrun.display.live_area import Line
from nnrun.events import DataProgress

_LEVELS: tuple[Mapping[str, int], ...] = (
    {"bar": 20, "rate": 1, "amount": 1},
    {"bar": 20, "amount": 1},
    {"bar": 10, "amount": 1},
    {"bar": 10},
    {"bar": 0},
)


def data_progress_line(event: DataProgress, level: int, cells: BarCells) -> Line | None:
    """Builds the line of a bar; see `nnrun.display.epoch_lines.finished_line`."""
    if level >= len(_LEVELS):
        return None
    shown = _LEVELS[level]
    line = [Segment(f"{ACTIONS[event.action]} {printable(event.name)}")]
    if event.total:
        share = event.done / event.total
        if shown["bar"]:
            line.append(Segment(" "))
            line.extend(cells.bar(share, shown["bar"]))
        line.append(Segment(f" {min(share, 1) * 100:>3.0f}%"))
    if "amount" in shown:
        line.append(Segment(f"  {amount(event)}", NAME))
    if "rate" in shown and rate(event):
        line.append(Segment(f"  {rate(event)}", NAME))
    left = remaining(event)
    if left is not None:
        line.append(Segment(f"  ETA {coarse(left)}"))
    return line
