"""Every complete epoch is in `metrics.csv` exactly once, with the figures that the events tell."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.rundir.metrics_file import FIXED_COLUMNS
from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, note, ok
from nnrun.verification.reading import same_number
from nnrun.verification.table import Row
from nnrun.verification.torn import torn_line

_FILE = "metrics.csv"


def metrics(evidence: Evidence) -> Iterator[Finding]:
    """The table is whole, and agrees with events and checkpoints."""
    table = evidence.table
    for problem in table.problems:
        yield broken(problem, _FILE)
    if table.torn:
        yield torn_line(evidence, _FILE)
    if not table.problems and not evidence.log.problems:
        yield from _compared_with_events(evidence)
    newest = evidence.newest_intact
    if newest is not None and newest.epoch > evidence.epochs and not table.problems:
        yield broken(
            f"it ends with epoch {evidence.epochs}, and there is a checkpoint of epoch {newest.epoch}", _FILE
        )
    yield ok(f"{evidence.epochs:,} epochs, each exactly once, as events.jsonl has them")


def _compared_with_events(evidence: Evidence) -> Iterator[Finding]:
    told, rows = evidence.log.epochs, evidence.table.rows
    for epoch, row in enumerate(rows, start=1):
        event = told.get(epoch)
        if event is None:
            continue
        difference = _difference(row, event)
        if difference:
            yield broken(f"epoch {epoch}: {difference} in events.jsonl", _FILE)
            return
    if not evidence.is_finished:
        # It may be between the two files, or the power failed there. What it saved is compared elsewhere.
        if len(told) > len(rows) + 1 and not evidence.locked:
            yield note(
                f"it ends with epoch {len(rows)}, and events.jsonl with epoch {max(told)}: "
                "those between are trained again on resume",
                _FILE,
            )
        return
    missing = sorted(set(told).symmetric_difference(range(1, len(rows) + 1)))
    if missing:
        where = "events.jsonl" if missing[0] <= len(rows) else _FILE
        yield broken(f"epoch {missing[0]} is not in {where}", _FILE)


def _difference(row: Row, event: Row) -> str:
    for name in (*FIXED_COLUMNS, *(name for name in row if name not in FIXED_COLUMNS)):
        if not same_number(row.get(name), event.get(name)):
            return f"{name} is {row.get(name)}, and {event.get(name)}"
    absent = sorted(event.keys() - row.keys())
    return f"{absent[0]} is not in the table, and {event[absent[0]]}" if absent else ""
