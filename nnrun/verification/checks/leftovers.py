"""What a killed process left unfinished is harmless, and told."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, note, ok
from nnrun.verification.sizes import in_bytes


def leftovers(evidence: Evidence) -> Iterator[Finding]:
    """Temporary files cost space, and nothing ever reads them."""
    found = evidence.content
    if not found.leftovers:
        yield ok("none")
        return
    size = in_bytes(found.leftover_size)
    count = len(found.leftovers)
    if evidence.locked:
        yield ok(f"{count}, {size}: what is being written just now")
        return
    yield note(
        f"{count} unfinished {'file' if count == 1 else 'files'} of a killed process, {size}: harmless",
        found.leftovers[0],
        "The next nnrun resume removes them.",
    )
