"""A cross-validation in lines: what is to be told of each fold, and the display for log files and pipes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TextIO

from nnrun.display.base import Display
from nnrun.display.data_text import beginning, heartbeat
from nnrun.display.formats import duration, in_order, number, printable
from nnrun.display.header import data_line
from nnrun.display.plain import HEARTBEAT_SECONDS
from nnrun.display.stream import SafeStream
from nnrun.events import (
    DataProgress,
    EpochEnded,
    EpochStarted,
    Event,
    FoldStarted,
    Message,
    Progress,
    RunEnded,
    TrainingStarted,
)


class FoldState:
    """Follows the events of a cross-validation; the lines that stay come out of it.

    Args:
        columns: Gives how many characters the line of a fold may have; None for as many as it takes.
    """

    def __init__(self, columns: Callable[[], int] | None = None) -> None:
        self._columns = columns
        self.fold = self.folds = self.epoch = self.epochs = 0
        self.share = 0.0
        """How much of the running fold is done, from 0 to 1."""
        self.metrics: dict[str, float] = {}
        """The last values of the running fold."""
        self._told: set[str] = set()

    def lines(self, event: Event) -> list[str]:
        """Notes an event, and returns what there is to say about it for good."""
        if isinstance(event, FoldStarted):
            self.fold, self.folds = event.fold, event.folds
            self.epoch, self.share, self.metrics = 0, 0.0, {}
        elif isinstance(event, EpochStarted):
            self.epoch, self.epochs = event.epoch, event.epochs
            self.share = (event.epoch - 1) / event.epochs
        elif isinstance(event, Progress):
            self.metrics |= event.metrics
            if event.stage == "train" and event.steps:
                self.share = (event.epoch - 1 + event.step / event.steps) / max(self.epochs, 1)
        elif isinstance(event, EpochEnded):
            self.metrics = dict(event.metrics)
            self.share = event.epoch / event.epochs
        elif isinstance(event, Message):
            return self._once(f"{event.level}: {event.text}" if event.level == "warning" else event.text)
        elif isinstance(event, TrainingStarted):
            # Folds differ by a sample or two, which is not worth a line.
            return [] if self.fold > 1 else [data_line(event)]
        elif isinstance(event, RunEnded):
            return [self._ended(event)]
        return []

    def _once(self, text: str) -> list[str]:
        """Returns what no fold has said before: most of it is about the data, which all have in common."""
        new = text not in self._told
        self._told.add(text)
        return [text] if new else []

    def _ended(self, event: RunEnded) -> str:
        parts = [f"Fold {self.fold}/{self.folds}", duration(event.seconds)]
        if event.status != "completed":
            return " - ".join([*parts, f"{event.status}: {event.reason}"])
        best = "" if event.best_epoch in (None, event.epochs) else f" (best: epoch {event.best_epoch})"
        parts.append(f"{event.epochs} epoch{'s' if event.epochs > 1 else ''}{best}")
        parts += [f"{name}: {number(value)}" for name, value in validation_first(event.best)]
        line = " - ".join(parts)
        while self._columns is not None and len(line) > self._columns() and len(parts) > len(_HEAD):
            parts.pop()
            line = " - ".join(parts)
        return line


_HEAD = ("fold", "time", "epochs")
"""What a line says in any case."""


def validation_first(metrics: Mapping[str, float]) -> list[tuple[str, float]]:
    """Returns metrics in the order in which they matter here: those of the fold, then those of the training."""
    return sorted(in_order(metrics), key=lambda item: not item[0].startswith("val_"))


class FoldLinesDisplay(Display):
    """One line per fold, and a heartbeat in long ones.

    Args:
        stream: Where the lines go.
        clock: Gives seconds from any origin that never go back.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = SafeStream(stream)
        self._clock = clock
        self._state = FoldState()
        self._next_heartbeat = clock() + HEARTBEAT_SECONDS

    def __call__(self, event: Event) -> None:
        """Shows one event."""
        lines = self._state.lines(event)
        late = self._clock() >= self._next_heartbeat
        if isinstance(event, DataProgress):
            if event.action == "download" and event.done == event.resumed:
                lines.append(beginning(event))
            elif late and event.done != event.total:
                lines.append(heartbeat(event))
        elif isinstance(event, Progress | EpochEnded) and late:
            lines.append(self._heartbeat())
        if lines:
            self._stream.write("".join(f"{printable(line)}\n" for line in lines))
            self._next_heartbeat = self._clock() + HEARTBEAT_SECONDS

    def _heartbeat(self) -> str:
        state = self._state
        parts = [f"Fold {state.fold}/{state.folds}", f"Epoch {state.epoch}/{state.epochs}"]
        parts += [f"{name}: {number(value)}" for name, value in validation_first(state.metrics)]
        return " - ".join(parts)
