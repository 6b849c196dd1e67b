"""The best epoch is the best one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from nnrun.config.directions import direction
from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, note, ok
from nnrun.verification.reading import Unreadable

_FILE = "summary.json"


def best(evidence: Evidence) -> Iterator[Finding]:
    """No epoch has a better finite value of the monitored metric, and no earlier one has the same."""
    try:
        values = evidence.summary
    except Unreadable:
        return  # told by the check of the summary
    if not evidence.is_finished or values is None or evidence.table.problems:
        return
    monitor = values.get("monitor")
    if not isinstance(monitor, str):
        if evidence.epochs:
            yield broken(f"monitor is {monitor!r}, expected the name of a metric", _FILE)
        return
    if evidence.epochs and monitor not in evidence.table.metrics:
        yield note(f"{monitor!r} decides which epoch is the best, and metrics.csv does not have it", _FILE)
        return
    mode = _mode(evidence, monitor)
    if mode is None:
        return
    expected = best_epoch(evidence.table.values(monitor), mode)
    stated = values.get("best_epoch")
    if stated != expected:
        yield broken(
            f"best_epoch is {stated!r}, and by {monitor} ({mode}) in metrics.csv it is {expected}", _FILE
        )
        return
    yield ok(
        "no epoch has a finite value of " + monitor
        if expected is None
        else f"epoch {expected:,} has the {'lowest' if mode == 'min' else 'highest'} {monitor} of all"
    )


def best_epoch(values: Sequence[float], mode: str) -> int | None:
    """Returns the number of the first epoch with the best finite value, from 1; None where none is finite.

    Args:
        values: The value of every epoch.
        mode: `min` or `max`.
    """
    found: int | None = None
    for epoch, value in enumerate(values, start=1):
        if not math.isfinite(value):
            continue
        if found is None or (value < values[found - 1] if mode == "min" else value > values[found - 1]):
            found = epoch
    return found


def _mode(evidence: Evidence, monitor: str) -> str | None:
    try:
        mode = evidence.experiment.checkpoint.mode
    except Unreadable:
        return None  # told by the check of the config
    return (direction(monitor) or "min") if mode == "auto" else mode
