"""Colours of a terminal as plain ANSI codes: loading a library for them would take longer than a quick command."""

from __future__ import annotations

import os
from typing import TextIO

RED, GREEN, YELLOW, CYAN, BOLD, FAINT = "31", "32", "33", "36", "1", "2"


def uses_colour(stream: TextIO) -> bool:
    """Returns whether to write colours: on terminals only, and not where `NO_COLOR` forbids it."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def painted(text: str, *codes: str) -> str:
    """Returns a text in colours; without any, as it is."""
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes and text else text
