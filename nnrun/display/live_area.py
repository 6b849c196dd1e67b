"""The last lines of a terminal, redrawn in place, with permanent lines scrolling up above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment

from nnrun.display.stream import SafeStream

Line = list[Segment]
"""One line of the terminal, without its end."""

_HIDE_CURSOR = "\x1b[?25l"
_SHOW_CURSOR = "\x1b[?25h"
_ERASE_LINE_REST = "\x1b[K"
_ERASE_BELOW = "\x1b[J"


class LiveArea:
    """Draws lines at the bottom of a terminal with one write per redraw and no thread.

    `rich.live` renders everything through its console, about a millisecond each time; for epochs of 5 ms that
    is too much. This uses rich for what it knows about the terminal and for the codes of its styles.

    Args:
        stream: The terminal.
        environment: The environment variables, for `NO_COLOR`, `TERM` and `COLORTERM`.
    """

    def __init__(self, stream: TextIO, environment: Mapping[str, str]) -> None:
        self.stream = SafeStream(stream)
        console = Console(file=stream, force_terminal=True, _environ=environment)
        # The styles use the 16 standard colours only, which follow the theme of the terminal.
        self._colors = ColorSystem.STANDARD if console.color_system else None
        self._no_color = console.no_color
        self._shown: list[int] = []
        self._columns = self.stream.columns
        self._cursor_hidden = False

    @property
    def columns(self) -> int:
        """How many characters a line may have: one less than the terminal, so that it never wraps."""
        return max(self.stream.columns - 1, 1)

    def draw(self, permanent: Sequence[Line], live: Sequence[Line]) -> None:
        """Scrolls new permanent lines up and redraws the live ones below them.

        Args:
            permanent: Lines that stay.
            live: Lines that the next call replaces; each fits `columns`.
        """
        columns = self.stream.columns
        parts = [self._to_start(columns)]
        if columns != self._columns:
            # Rows that the terminal wrapped when its width changed remember that; erasing makes them forget.
            self._columns = columns
            parts.append(_ERASE_BELOW)
        if live and not self._cursor_hidden:
            self._cursor_hidden = True
            parts.append(_HIDE_CURSOR)
        for line in permanent:
            parts.append(self._text(line))
            parts.append(_ERASE_LINE_REST + "\n")
        parts.append((_ERASE_LINE_REST + "\n").join(self._text(line) for line in live))
        parts.append(_ERASE_BELOW)
        if not live and self._cursor_hidden:
            self._cursor_hidden = False
            parts.append(_SHOW_CURSOR)
        self._shown = [Segment.get_line_length(line) for line in live]
        self.stream.write("".join(parts))

    def _to_start(self, columns: int) -> str:
        """Returns what moves the cursor from the end of the last live line to the start of the first one."""
        # A terminal that was made narrower meanwhile has wrapped the lines.
        rows = sum(max(1, -(-width // columns)) for width in self._shown)
        return f"\r\x1b[{rows - 1}A" if rows > 1 else "\r"

    def _text(self, line: Line) -> str:
        parts = []
        for text, style, _ in line:
            if style and self._colors:
                style = style.without_color if self._no_color else style
                parts.append(style.render(text, color_system=self._colors))
            else:
                parts.append(text)
        return "".join(parts)
