"""What was saved is there, intact, and can be loaded."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.rundir.checkpoints import KEPT
from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, note, ok


def checkpoints(evidence: Evidence) -> Iterator[Finding]:
    """Every checkpoint has its checksums, the newest loads, and none is missing that was saved."""
    newest = evidence.newest_intact
    for found in evidence.checkpoints:
        if found.damage is not None:
            advice = (
                f"nnrun resume uses epoch {newest.epoch} instead."
                if newest
                else "The run cannot be continued."
            )
            yield broken(found.damage, f"checkpoints/{found.path.name}", advice)
    promised = evidence.earlier.saved_epoch
    if evidence.record.get("status") == "completed":
        promised = max(promised, evidence.epochs)
    # A damaged one that should be it was told just now.
    if promised > max((found.epoch for found in evidence.checkpoints), default=0):
        there = f"the newest one is that of epoch {newest.epoch}" if newest else "there is none"
        yield broken(f"the checkpoint of epoch {promised} is missing: {there}", "checkpoints")
    if len(evidence.checkpoints) > KEPT:
        yield note(
            f"{len(evidence.checkpoints)} checkpoints, of which the next save keeps {KEPT}", "checkpoints"
        )
    names = ", ".join(found.path.name for found in reversed(evidence.checkpoints))
    yield ok(f"{names}: checksums match" if names else "none was saved")
