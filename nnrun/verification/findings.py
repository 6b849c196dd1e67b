"""What a check of a run directory found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "broken"]
"""A promise holds; it holds, and there is something to know; or it is broken."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a run directory.

    Args:
        state: Whether a promise is broken.
        text: What was found; where it is broken, with the place, what was expected and what is there.
        file: The file or folder that it is about, relative to the run directory; empty for all of it.
        advice: What the user can do about it, one sentence; may be empty.
    """

    state: State
    text: str
    file: str = ""
    advice: str = ""


def ok(text: str) -> Finding:
    """Returns the finding of a promise that holds."""
    return Finding("ok", text)


def note(text: str, file: str = "", advice: str = "") -> Finding:
    """Returns something to know that breaks no promise."""
    return Finding("note", text, file, advice)


def broken(text: str, file: str = "", advice: str = "") -> Finding:
    """Returns a broken promise."""
    return Finding("broken", text, file, advice)
