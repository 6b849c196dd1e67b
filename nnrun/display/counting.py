"""How far a long row of samples is, on one line of stderr."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from nnrun.display.formats import coarse
from nnrun.display.stream import SafeStream, is_terminal

_PATIENCE = 1.0
"""Seconds after which a user on a terminal wants to know."""

_REDRAW = 0.1

_HEARTBEAT = 30.0
"""Seconds between two lines of a log file."""


class Counting:
    """Shows how many samples are done: on a terminal in place, elsewhere a line now and then.

    Args:
        stream: Where to.
        quiet: Show nothing.
        live: Whether nothing else is written to the same terminal meanwhile.
        environment: The environment variables, for `CI` and `TERM`; by default those of this process.
        clock: Gives seconds from any origin that never go back.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        quiet: bool = False,
        live: bool = True,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        environment = os.environ if environment is None else environment
        in_ci = environment.get("CI", "").lower() not in {"", "0", "false"}
        self._stream = SafeStream(stream)
        self._quiet = quiet
        self._terminal = is_terminal(stream) and not in_ci and environment.get("TERM") != "dumb"
        self._shown = live or not self._terminal
        self._clock = clock
        self._started = clock()
        self._next = self._started + (_PATIENCE if self._terminal else _HEARTBEAT)
        self._drawn = False
        self._samples = self._first = 0

    def __call__(self, samples: int, share: float | None) -> None:
        """Notes that more samples are done.

        Args:
            samples: How many more.
            share: How much of the whole is done, from 0 to 1; None where that is not known.
        """
        now = self._clock()
        if not self._samples:
            # What came before the first samples, such as loading TensorFlow, says nothing about their pace.
            self._started, self._first = now, samples
        self._samples += samples
        if self._quiet or not self._shown or now < self._next:
            return
        text = self._text(now - self._started, share)
        if self._terminal:
            self._stream.write(f"\r{text[: max(self._stream.columns - 1, 1)]}\x1b[K")
            self._drawn = True
            self._next = now + _REDRAW
        else:
            self._stream.write(f"{text}\n")
            self._next = now + _HEARTBEAT

    def _text(self, seconds: float, share: float | None) -> str:
        parts = [f"{self._samples:,} samples"]
        if share is not None:
            parts.append(f"{min(share, 1):.0%}")
        pace = (self._samples - self._first) / seconds if seconds > 0 else 0.0
        if pace:
            parts.append(f"{pace:,.0f}/s")
        if pace and share:
            left = self._samples / share * (1 - min(share, 1))
            parts.append(f"{coarse(left / pace)} left")
        return ", ".join(parts)

    def close(self) -> None:
        """Takes the line away."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._drawn = False
