"""Lists of runs: chosen, ordered, and written as a table, as JSON or as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nnrun.config.directions import direction
from nnrun.errors import DataError
from nnrun.events import plain
from nnrun.rundir.filters import Condition, value_of
from nnrun.rundir.reading import Run

__all__ = ["Condition", "as_csv", "as_json", "as_table", "select"]

_FACTS = ("id", "name", "status", "started", "epochs", "seconds", "seed", "path")


def select(runs: Sequence[Run], conditions: Sequence[Condition], sort: str, limit: int | None) -> list[Run]:
    """Chooses and orders runs.

    Args:
        runs: The runs, the newest first; equal ones stay in this order.
        conditions: All of them have to hold.
        sort: A key of `value_of`. Texts go from a to z, metrics from the best to the worst, everything else
            from the greatest to the least; runs without a finite value come last.
        limit: How many to keep, or None for all.
    """
    chosen = [run for run in runs if all(condition.holds(run) for condition in conditions)]
    with_value: list[tuple[str | float, Run]] = []
    without: list[Run] = []
    for run in chosen:
        value = value_of(run, sort)
        # What is not finite has no place in an order.
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            without.append(run)
        else:
            with_value.append((value, run))
    ascending = sort in {"id", "name", "status"} or direction(sort) == "min"
    # Texts and numbers under the same key cannot be compared with each other.
    with_value.sort(key=lambda item: (isinstance(item[0], str), item[0]), reverse=not ascending)
    return [*(run for _, run in with_value), *without][:limit]


def as_json(runs: Sequence[Run]) -> str:
    """Writes everything that is known about runs, as a JSON array of flat objects."""
    return json.dumps([plain(_facts(run)) for run in runs], indent=2, ensure_ascii=False)


def as_csv(runs: Sequence[Run]) -> str:
    """Writes everything that is known about runs, as CSV with a header; a missing value is an empty cell."""
    rows = [_facts(run) for run in runs]
    extra = sorted({key for row in rows for key in row} - set(_FACTS))
    text = io.StringIO()
    writer = csv.DictWriter(text, [*_FACTS, *extra], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _safe(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def as_table(runs: Sequence[Run], now: datetime) -> str:
    """Writes runs as a table for people.

    Args:
        runs: The runs.
        now: The time to reckon ages from, with its time zone.
    """
    rows = [["id", "name", "status", "epochs", "best", "time", "when"]]
    for run in runs:
        facts = _facts(run)
        seconds = facts["seconds"]
        cells = [run.id, run.name, run.status, _text(facts["epochs"]), _best(run)]
        rows.append([*cells, "" if seconds is None else _span(seconds), _ago(now, run.started)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    right = {"epochs", "time"}
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if title in right else cell.ljust(width)
            for title, cell, width in zip(rows[0], row, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def _facts(run: Run) -> dict[str, Any]:
    facts = {key: value_of(run, key) for key in _FACTS[:-1]}
    facts["path"] = str(run.path)
    try:
        summary = run.summary
    except DataError:
        # `value_of` gave None for what was in it.
        summary = {}
    return facts | {key: value for key, value in summary.items() if key not in facts}


def _best(run: Run) -> str:
    monitor = value_of(run, "monitor")
    value = run.metric(monitor) if isinstance(monitor, str) else None
    return "" if value is None else f"{monitor} {value:.4g}"


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _safe(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe, which it does not show."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t"} else value


def _span(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f}s" if seconds < 10 else f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _ago(now: datetime, then: datetime) -> str:
    seconds = (now - then).total_seconds()
    for size, unit in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
