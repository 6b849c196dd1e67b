"""`events.jsonl` is whole, and its end is that of the record."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, ok
from nnrun.verification.torn import torn_line

_FILE = "events.jsonl"


def events(evidence: Evidence) -> Iterator[Finding]:
    """Every line is an event, and the last end that they tell is the one in the record."""
    log, record = evidence.log, evidence.record
    if not log.present:
        if evidence.is_finished:
            yield broken("it is missing", _FILE)
        else:
            yield ok("none yet")
        return
    for problem in log.problems:
        yield broken(problem, _FILE)
    if log.torn:
        yield torn_line(evidence, _FILE)
    strange = sorted(log.run_ids - {record.get("id")})
    if evidence.run is not None and strange:
        yield broken(f"it tells of another run: {strange[0]!r}", _FILE)
    if evidence.is_finished:
        if log.ended is None:
            yield broken(f"it has no end, and run.json says {record['status']!r}", _FILE)
        else:
            for key in ("status", "reason"):
                if log.ended.get(key) != record.get(key):
                    yield broken(
                        f"the last end has {key} {log.ended.get(key)!r}, and run.json {record.get(key)!r}",
                        _FILE,
                    )
    yield ok(f"{log.lines:,} events" + (", the last end as in run.json" if evidence.is_finished else ""))
