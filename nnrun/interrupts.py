"""Ctrl-C and SIGTERM: at once while nothing is to be saved, at the end of a step while a network trains."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

from nnrun.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Turns signals into `Interrupted`, or into a request while they are deferred.

    A context manager: on leaving it the old handlers are back. Python gives signals to the main thread only;
    in any other thread it installs nothing, and `requested` stays None.

        with Interrupts() as interrupts:
            load_data()                        # a signal raises Interrupted here
            with interrupts.deferred():
                for step in steps:
                    train(step)                # the first signal only sets `requested`, a second one raises
                    if interrupts.requested:
                        break
    """

    def __init__(self) -> None:
        self.requested: int | None = None
        """The signal that came while signals were deferred, or None."""
        self._deferring = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._previous:
            number, handler = self._previous.popitem()
            # None: the old handler was not installed from Python and cannot be put back by it.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within it the first signal only sets `requested`; a second one raises `Interrupted` at once.

        Raises:
            Interrupted: A second signal came.
        """
        before, self._deferring = self._deferring, True
        try:
            yield
        finally:
            self._deferring = before

    def raise_if_requested(self) -> None:
        """Raises what was deferred.

        Raises:
            Interrupted: A signal came while signals were deferred.
        """
        if self.requested is not None:
            raise Interrupted(self.requested)

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (Python's signature)
        if self._deferring and self.requested is None:
            self.requested = number
            return
        raise Interrupted(number)
