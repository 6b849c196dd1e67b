"""What the record says about the process is what the system says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnrun.rundir.provenance import process_is_alive
from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, note, ok


def status(evidence: Evidence) -> Iterator[Finding]:
    """A run that says `running` has a process, or is lost; neither breaks a promise."""
    process = evidence.record.get("process")
    facts: Mapping[str, object] = process if isinstance(process, Mapping) else {}
    who = f"process {facts.get('pid')} on {facts.get('host')}"
    if evidence.run is None:
        return
    if evidence.status == "lost":
        if evidence.locked:
            yield note(f"{who} is gone, and another one is about to take the run up")
            return
        known = evidence.newest_intact
        yield note(
            f"lost: {who} ended without a word",
            advice="nnrun resume trains on "
            + (
                f"after epoch {known.epoch}."
                if known
                else "only from a checkpoint; there is none: train again."
            ),
        )
    elif evidence.status == "running":
        if evidence.locked:
            yield ok(f"running: {who}")
        elif process_is_alive(facts):
            yield note(f"{who} lives and does not hold the lock: it starts just now, or this is a copy")
        else:
            yield note(f"whether {who} still runs cannot be told from here")
    elif evidence.locked:
        yield note("a process is about to take the run up")
    else:
        yield ok("ended, and no process writes to it")
