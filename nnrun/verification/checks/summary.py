"""`summary.json` has the figures of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nnrun.rundir.metrics_file import FIXED_COLUMNS
from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, note, ok
from nnrun.verification.reading import Unreadable, as_number, same_number

_FILE = "summary.json"


def summary(evidence: Evidence) -> Iterator[Finding]:
    """The summary of a run that has ended is there and agrees with its table."""
    try:
        values = evidence.summary
    except Unreadable as error:
        yield broken(str(error), _FILE)
        return
    if not evidence.is_finished:
        if values is None:
            yield ok("none before the run has ended")
        else:
            yield note(f"it tells of the last end, after epoch {values.get('epochs')}", _FILE)
        return
    if values is None:
        yield broken("it is missing", _FILE)
        return
    status = evidence.record["status"]
    if values.get("status") != status:
        yield broken(f"status is {values.get('status')!r}, and {status!r} in run.json", _FILE)
    if evidence.table.problems:
        return
    epochs = evidence.epochs
    if values.get("epochs") != epochs:
        yield broken(f"epochs is {values.get('epochs')!r}, and metrics.csv has {epochs}", _FILE)
        return
    yield from _compared(evidence, values, "final", epochs)
    best = values.get("best_epoch")
    if best is not None:
        yield from _compared(evidence, values, "best", best)
    yield ok("its figures are those of metrics.csv")


def _compared(evidence: Evidence, values: Mapping[str, Any], prefix: str, epoch: Any) -> Iterator[Finding]:
    """Compares the figures of one epoch; where there is none, there is nothing to compare."""
    if epoch == 0:
        return
    if type(epoch) is not int or not 1 <= epoch <= evidence.epochs:
        yield broken(f"{prefix}_epoch is {epoch!r}, and metrics.csv has {evidence.epochs} epochs", _FILE)
        return
    row = evidence.table.rows[epoch - 1]
    for name, expected in row.items():
        key = f"{prefix}_{name}"
        if name in FIXED_COLUMNS or (expected is None and key not in values):
            continue
        if not same_number(as_number(values.get(key)), expected):
            yield broken(
                f"{key} is {values.get(key)!r}, and {name} of epoch {epoch} in metrics.csv is {expected}",
                _FILE,
            )
            return
