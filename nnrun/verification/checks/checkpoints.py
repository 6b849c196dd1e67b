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
    epoch = newest.epoch if newest else 0
    saved = evidence.earlier.saved_epoch
    if saved > epoch:
        yield broken(
            f"epoch {saved} was saved, and the newest intact checkpoint is "
            + (f"that of epoch {epoch}" if newest else "none"),
            "checkpoints",
        )
    elif evidence.record.get("status") == "completed" and evidence.epochs > epoch:
        yield broken(
            f"the run is complete with {evidence.epochs} epochs, and the newest intact checkpoint is "
            + (f"that of epoch {epoch}" if newest else "none"),
            "checkpoints",
        )
    if len(evidence.checkpoints) > KEPT:
        yield note(
            f"{len(evidence.checkpoints)} checkpoints, of which the next save keeps {KEPT}", "checkpoints"
        )
    names = ", ".join(found.path.name for found in reversed(evidence.checkpoints))
    yield ok(f"{names}: every checksum matches" if names else "none was saved")
