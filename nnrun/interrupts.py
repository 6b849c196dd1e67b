"""Ctrl-C, SIGTERM and SIGHUP: at once while nothing is to be saved, at the end of a step while a network trains."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Literal, Self

from nnrun.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C; what `kill` and batch systems send; and what a process gets whose terminal was closed."""


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
            with interrupts.held():
                write_record()                 # no signal raises here, however many come
    """

    def __init__(self) -> None:
        self.requested: int | None = None
        """The signal that came last, or None; an import may have swallowed what it raised."""
        self._reaction: Literal["raise", "defer", "hold"] = "raise"
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                # `nohup` has it ignored, so that the work goes on.
                if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, self._handle)
        return self

    def reinstall(self) -> None:
        """Takes the signals back from native code that took them without Python knowing of it."""
        for number in self._previous:
            signal.signal(number, self._handle)

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
        with self._reacting("defer"):
            yield

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it signals only set `requested`: for the few lines that must be done as a whole."""
        with self._reacting("hold"):
            yield

    @contextmanager
    def immediate(self) -> Iterator[None]:
        """Within it, inside of `held`, a signal raises at once again.

        Raises:
            Interrupted: A signal comes, or came while signals were held.
        """
        with self._reacting("raise"):
            self.raise_if_requested()
            yield

    def raise_if_requested(self) -> None:
        """Raises what was deferred, held or swallowed.

        Raises:
            Interrupted: A signal came.
        """
        if self.requested is not None:
            raise Interrupted(self.requested)

    @contextmanager
    def _reacting(self, reaction: Literal["raise", "defer", "hold"]) -> Iterator[None]:
        before, self._reaction = self._reaction, reaction
        try:
            yield
        finally:
            self._reaction = before

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (Python's signature)
        first, self.requested = self.requested is None, number
        if self._reaction == "hold" or (self._reaction == "defer" and first):
            return
        raise Interrupted(number)


@contextmanager
def unswallowed() -> Iterator[None]:
    """Within it no signal is lost on code that takes what a handler raises for an error of its own.

    Modules do so while they are imported: `try: import optional` with an extension in which Python's handlers run.

    Raises:
        Interrupted: A handler raised, and something else came out, or nothing.
    """
    raised: list[int] = []

    def noticing(handler: Callable[[int, FrameType | None], Any]) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except KeyboardInterrupt:
                raised.append(number)
                raise

        return handle

    previous: dict[int, Callable[[int, FrameType | None], Any]] = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        previous = {number: handler for number, handler in handlers.items() if callable(handler)}
    try:
        for number, handler in previous.items():
            signal.signal(number, noticing(handler))
        yield
    except KeyboardInterrupt:
        raise
    except Exception as error:
        if raised:
            raise Interrupted(raised[-1]) from error
        raise
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if raised:
        raise Interrupted(raised[-1])
