"""What `nnrun verify` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from typing import Any

from nnrun.display.problems import printable
from nnrun.verification.findings import Finding, State
from nnrun.verification.sizes import in_bytes
from nnrun.verification.verify import Verification

_COLOURS = {"ok": "32", "note": "33", "broken": "31"}
_STATE = max(map(len, _COLOURS))


def as_text(
    verification: Verification, states: Collection[State], width: int | None = None, *, colour: bool = False
) -> str:
    """Returns the findings about a run as lines.

    Args:
        verification: The findings.
        states: Which findings to show.
        width: Columns, beyond which a sentence goes on in the next line; None for one line each.
        colour: Whether to write ANSI colours.
    """
    status = verification.status or "no record"
    epochs = f"{verification.epochs:,} epoch{'' if verification.epochs == 1 else 's'}"
    head = f"{verification.name} {verification.id}: {status}, {epochs}, {in_bytes(verification.size)}"
    lines = [printable(head)]
    name_width = max(len(name) for name, _ in verification.findings)
    for name, finding in verification.findings:
        if finding.state in states:
            lines += _lines(name.ljust(name_width), finding, width, colour)
    return "\n".join(lines) + "\n"


def _lines(name: str, finding: Finding, width: int | None, colour: bool) -> list[str]:
    state = finding.state.ljust(_STATE)
    indent = " " * (len(f"  {state}  {name}  "))
    if colour:
        state = f"\x1b[{_COLOURS[finding.state]}m{state}\x1b[0m"
    sentences = [f"{finding.file}: {finding.text}" if finding.file else finding.text]
    if finding.advice:
        sentences.append(f"hint: {finding.advice}")
    lines: list[str] = []
    for sentence in sentences:
        text = printable(sentence)
        lines += [text] if width is None else _wrapped(text, max(width - len(indent), 20))
    return [f"  {state}  {name}  {lines[0]}", *(indent + line for line in lines[1:])]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def as_record(verifications: Sequence[Verification]) -> dict[str, Any]:
    """Returns the findings about runs as one JSON object."""
    return {
        "holds": all(one.holds for one in verifications),
        "runs": [
            {
                "id": one.id,
                "name": one.name,
                "path": str(one.path),
                "status": one.status,
                "epochs": one.epochs,
                "bytes": one.size,
                "holds": one.holds,
                "findings": [
                    {
                        "check": name,
                        "state": finding.state,
                        "text": finding.text,
                        "file": finding.file or None,
                        "advice": finding.advice or None,
                    }
                    for name, finding in one.findings
                ],
            }
            for one in verifications
        ],
    }
