"""What sources tell while they fetch, extract and decode, which may take minutes.

Whoever loads data may listen. The listener is not an argument of every function on the way down to a download, but
belongs to the context, as a logger would: most sources have nothing to tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from nnrun.events import DataProgress, Event, Listener, Message

INTERVAL = 0.1
"""Seconds between two reports, at least."""


def _nobody(_event: Event) -> None:
    """Listens where nobody does."""


_listener: ContextVar[Listener] = ContextVar("data_listener", default=_nobody)


@contextmanager
def told_to(listener: Listener) -> Iterator[None]:
    """Within it, a listener receives what loading data tells, on the thread that loads."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(text: str, level: Literal["info", "warning"] = "info") -> None:
    """Tells the user a sentence."""
    _listener.get()(Message(level, text))


class Meter:
    """Reports how far a piece of work is: at once, then ten times a second, and at its `end`.

    Args:
        action: What is done.
        name: To what, as it should be shown to the user.
        unit: What is counted.
        total: How much there is; None where nobody knows.
        resumed: How much of it was done before.
        clock: Gives seconds from any origin that never go back.
    """

    def __init__(
        self,
        action: Literal["download", "verify", "extract", "decode"],
        name: str,
        unit: Literal["bytes", "files", "images"],
        total: int | None,
        *,
        resumed: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.done = resumed
        """How much is done."""
        self._total = total
        self._about = (action, name, unit, resumed)
        self._clock = clock
        self._began = clock()
        self._next = self._began
        self.report()

    @property
    def seconds(self) -> float:
        """Time since it began."""
        return self._clock() - self._began

    def add(self, count: int) -> None:
        """Counts more of the work as done, and reports if it is time to."""
        self.done += count
        if self._clock() >= self._next:
            self.report()

    def end(self) -> None:
        """Reports that all is done."""
        self._total = self.done
        self.report()

    def report(self) -> None:
        """Reports now."""
        action, name, unit, resumed = self._about
        self._next = self._clock() + INTERVAL
        _listener.get()(DataProgress(action, name, self.done, self._total, unit, self.seconds, resumed))
