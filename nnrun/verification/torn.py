"""A file that grows by lines, whose last line has no end."""

from __future__ import annotations

from nnrun.verification.evidence import Evidence
from nnrun.verification.findings import Finding, broken, note


def torn_line(evidence: Evidence, file: str) -> Finding:
    """Returns what such a line means: nothing where a process or the power ended in it, else damage."""
    text = "its last line has no end"
    if evidence.is_finished:
        return broken(text, file)
    return note(f"{text}: it was cut off, and does not count", file)
