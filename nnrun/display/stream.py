"""A text stream that may go away at any time without stopping the training."""

from __future__ import annotations

import os
from typing import TextIO


class SafeStream:
    """Writes to a text stream until that fails, and then nothing any more.

    A reader that went away (`| head -1`), a full disk behind the stream or a closed terminal must never stop
    a training. Characters that the stream cannot encode become question marks.

    Args:
        stream: The stream; flushed after every write, never closed.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self.alive = True
        """Whether all writes so far succeeded."""

    def write(self, text: str) -> None:
        """Writes and flushes a text; does nothing after the first failure."""
        if not self.alive:
            return
        try:
            if not text.isascii():
                text = text.encode(self._encoding, "replace").decode(self._encoding)
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # ValueError: "I/O operation on closed file".
            self.alive = False

    def encodes(self, text: str) -> bool:
        """Tells whether the stream can show all characters of a text."""
        try:
            text.encode(self._encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    @property
    def columns(self) -> int:
        """Width of the terminal now, in characters; 80 where it does not tell."""
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80


def is_terminal(stream: TextIO) -> bool:
    """Tells whether a stream is a terminal; a closed one is not."""
    try:
        return stream.isatty()
    except (OSError, ValueError):
        return False
