"""The display for programs: every event as one line of JSON."""

from __future__ import annotations

from typing import TextIO

from nnrun.display.base import Display
from nnrun.display.stream import SafeStream
from nnrun.events import Event, to_line


class JsonDisplay(Display):
    """Writes and flushes each event as it comes; the lines are those of `events.jsonl`.

    Args:
        stream: Where the lines go.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = SafeStream(stream)

    def __call__(self, event: Event) -> None:
        """Writes one event."""
        if self._stream.alive:
            self._stream.write(to_line(event) + "\n")
