"""The display for log files and pipes: whole lines, no control characters."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from nnrun.display.base import Display
from nnrun.display.data_text import beginning, heartbeat
from nnrun.display.formats import coarse, duration, in_order, number, per_step, printable
from nnrun.display.header import data_line, start_line
from nnrun.display.stream import SafeStream
from nnrun.events import (
    DataProgress,
    EpochEnded,
    EpochStarted,
    Event,
    Message,
    Progress,
    RunStarted,
    TrainingStarted,
)

HEARTBEAT_SECONDS = 30.0
"""An epoch that takes longer gives a sign of life this often."""


WRITE_SECONDS = 0.1
"""Lines of epochs that are shorter are written together: a write costs more than the rest."""


_FREQUENT = (EpochStarted, EpochEnded)


class PlainDisplay(Display):
    """One line per epoch, as Keras's `verbose=2`, and a heartbeat in long epochs.

    Args:
        stream: Where the lines go.
        clock: Gives seconds from any origin that never go back.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = SafeStream(stream)
        self._clock = clock
        self._next_heartbeat = clock() + HEARTBEAT_SECONDS
        self._epochs = 1
        self._pending: list[str | EpochEnded] = []
        self._next_write = clock()

    def __call__(self, event: Event) -> None:
        """Shows one event."""
        if isinstance(event, Progress):
            if self._clock() >= self._next_heartbeat:
                self._line(self._heartbeat(event))
        elif isinstance(event, DataProgress):
            self._on_data(event)
        elif isinstance(event, EpochStarted):
            self._epochs = event.epochs
            self._next_heartbeat = self._clock() + HEARTBEAT_SECONDS
        elif isinstance(event, EpochEnded):
            self._pending.append(event)
        elif isinstance(event, Message):
            self._line(f"{event.level}: {event.text}" if event.level == "warning" else event.text)
        elif isinstance(event, RunStarted):
            self._line(start_line(event))
        elif isinstance(event, TrainingStarted):
            self._line(data_line(event))
        if self._pending and (not isinstance(event, _FREQUENT) or self._clock() >= self._next_write):
            self._write()

    def close(self) -> None:
        """Writes the lines that wait."""
        self._write()

    def _on_data(self, event: DataProgress) -> None:
        if event.action == "download" and event.done == event.resumed:
            self._line(beginning(event))
        elif self._clock() >= self._next_heartbeat and event.done != event.total:
            self._line(heartbeat(event))

    def _line(self, text: str) -> None:
        self._pending.append(text)

    def _write(self) -> None:
        if not self._pending:
            return
        texts = (item if isinstance(item, str) else self._epoch(item) for item in self._pending)
        self._stream.write("".join(f"{printable(text)}\n" for text in texts))
        self._pending.clear()
        now = self._clock()
        self._next_write = now + WRITE_SECONDS
        self._next_heartbeat = now + HEARTBEAT_SECONDS

    @staticmethod
    def _epoch(event: EpochEnded) -> str:
        parts = [
            f"Epoch {event.epoch}/{event.epochs}",
            duration(event.seconds),
            per_step(event.train_seconds, event.steps),
            *(f"{name}: {number(value)}" for name, value in in_order(event.metrics)),
        ]
        return " - ".join(filter(None, parts))

    def _heartbeat(self, event: Progress) -> str:
        what = "" if event.stage == "train" else "validation "
        parts = [f"Epoch {event.epoch}/{self._epochs}", f"{what}{event.step}/{event.steps}"]
        if 0 < event.step <= event.steps:
            parts.append(f"ETA {coarse(event.seconds / event.step * (event.steps - event.step))}")
        parts.extend(f"{name}: {number(value)}" for name, value in in_order(event.metrics))
        return " - ".join(parts)
