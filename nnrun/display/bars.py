"""The display on a terminal: a line per finished epoch, live bars for the running one and the whole run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TextIO

from rich.segment import Segment

from nnrun.display.base import Display
from nnrun.display.data_progress_line import data_progress_line
from nnrun.display.epoch_lines import (
    ASCII_CELLS,
    NAME,
    UNICODE_CELLS,
    WARNING,
    LineFitter,
    Overall,
    Running,
    finished_line,
    overall_line,
    running_line,
)
from nnrun.display.formats import number, printable
from nnrun.display.header import data_line, start_line
from nnrun.display.live_area import Line, LiveArea
from nnrun.display.pace import Pace
from nnrun.events import (
    DataProgress,
    EpochEnded,
    EpochStarted,
    Event,
    Message,
    Phase,
    PhaseStarted,
    Progress,
    RunEnded,
    RunStarted,
    Saved,
    TrainingStarted,
)

MIN_INTERVAL = 0.1
"""Seconds between two redraws, at least: ten a second are enough for the eye."""

COST_FACTOR = 200.0
"""A redraw is followed by this many times its own duration without one: drawing takes at most 0.5 % of the
time, which leaves as much for receiving the events in between."""

MAX_INTERVAL = 5.0
"""Seconds between two redraws, at most: one that was held up (Ctrl-S) must not silence it for long."""

_PHASES: Mapping[Phase, str] = {
    "import": "Starting TensorFlow",
    "data": "Loading data",
    "build": "Building the network",
    "trace": "Compiling the training step",
    "save": "Saving",
}


class BarsDisplay(Display):
    """Bars like those of Keras's `verbose=1`, and an overall bar with the time at which the run ends.

    No thread redraws; events do, but only so often that bars cost at most a hundredth of the time. Epochs
    that end in between are kept and printed with the next redraw, in one write.

    Args:
        stream: The terminal.
        clock: Gives seconds from any origin that never go back.
        now: Gives the time of day.
        environment: The environment variables; by default those of this process.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], datetime] = datetime.now,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._area = LiveArea(stream, os.environ if environment is None else environment)
        self._cells = UNICODE_CELLS if self._area.stream.encodes("━╸─") else ASCII_CELLS
        self._clock = clock
        self._now = now
        self._next_draw = clock()
        self._finished_fitter = LineFitter()
        self._running_fitter = LineFitter()
        self._overall_fitter = LineFitter()
        self._pending: list[EpochEnded | Line] = []
        self._status = ""
        self._data: DataProgress | None = None
        self._monitor = ""
        self._running: Running | None = None
        self._best: EpochEnded | None = None
        self._pace = Pace(clock)
        self._closed = False

    def __call__(self, event: Event) -> None:
        """Shows one event, now or with one of the next."""
        if not self._area.stream.alive or self._closed:
            return
        if isinstance(event, Progress):
            self._on_progress(event)
        elif isinstance(event, EpochEnded):
            # Drawn when the next one starts: the live lines would jump for a moment.
            self._on_epoch_ended(event)
            return
        elif isinstance(event, DataProgress):
            self._data = None if event.done == event.total else event
        elif isinstance(event, EpochStarted):
            self._status = ""
            self._pace.start(event.epochs, event.epoch)
            self._running = Running(event.epoch, event.epochs, False, 0, event.steps, 0.0, {})
        elif isinstance(event, Saved):
            self._status = ""
        else:
            self._on_rare(event)
            return
        if self._clock() >= self._next_draw:
            self._draw()

    def close(self) -> None:
        """Prints the epochs that were not shown yet, removes the live lines and shows the cursor again."""
        if self._closed:
            return
        self._closed = True
        self._running = self._data = None
        self._status = ""
        self._area.draw(self._permanent(), [])

    def _on_progress(self, event: Progress) -> None:
        running = self._running
        epochs = self._pace.epochs if running is None else running.epochs
        # During the validation the values of the training stay in view.
        metrics = event.metrics or (running.metrics if running is not None else {})
        self._status = ""
        self._running = Running(
            event.epoch, epochs, event.stage == "validate", event.step, event.steps, event.seconds, metrics
        )

    def _on_epoch_ended(self, event: EpochEnded) -> None:
        self._pending.append(event)
        self._running = None
        self._pace.end(event)
        if event.best:
            self._best = event

    def _on_rare(self, event: Event) -> None:
        """Shows at once what comes a few times in a run, as no other event may follow for seconds."""
        if isinstance(event, PhaseStarted):
            self._status = _PHASES.get(event.phase, "")
        elif isinstance(event, RunStarted):
            self._pending.append([Segment(printable(start_line(event)))])
        elif isinstance(event, TrainingStarted):
            self._status = ""
            self._monitor = event.monitor
            self._pending.append([Segment(printable(data_line(event)), NAME)])
        elif isinstance(event, Message):
            warning = event.level == "warning"
            text = printable(f"warning: {event.text}" if warning else event.text)
            self._pending.append([Segment(text, WARNING if warning else None)])
        elif isinstance(event, RunEnded):
            self.close()
            return
        self._draw()

    def _draw(self) -> None:
        began = self._clock()
        self._area.draw(self._permanent(), self._live())
        ended = self._clock()
        self._next_draw = ended + min(max(MIN_INTERVAL, COST_FACTOR * (ended - began)), MAX_INTERVAL)

    def _permanent(self) -> list[Line]:
        lines = [
            self._finished_line(item) if isinstance(item, EpochEnded) else item for item in self._pending
        ]
        self._pending.clear()
        return lines

    def _finished_line(self, event: EpochEnded) -> Line:
        return self._finished_fitter.fit(
            self._area.columns, lambda level: finished_line(event, level, self._cells)
        )

    def _live(self) -> list[Line]:
        columns = self._area.columns
        cells = self._cells
        lines = []
        running, data = self._running, self._data
        if data is not None:
            # A line of its own each time: names of all lengths follow each other.
            lines.append(LineFitter().fit(columns, lambda level: data_progress_line(data, level, cells)))
        elif self._status:
            lines.append(
                Segment.adjust_line_length([Segment(f"{self._status} ...", NAME)], columns, pad=False)
            )
        elif running is not None and not self._pace.is_fast:
            lines.append(self._running_fitter.fit(columns, lambda level: running_line(running, level, cells)))
        if self._pace.epochs > 1:
            overall = self._overall()
            lines.append(self._overall_fitter.fit(columns, lambda level: overall_line(overall, level, cells)))
        return lines

    def _overall(self) -> Overall:
        pace = self._pace
        share_of_epoch = 0.0
        if self._running is not None and self._running.steps and not self._running.validating:
            share_of_epoch = self._running.step / self._running.steps
        best = ""
        if self._best is not None and self._monitor in self._best.metrics:
            value = number(self._best.metrics[self._monitor])
            best = f"best: epoch {self._best.epoch}, {self._monitor} {value}"
        return Overall(
            done=pace.done,
            epochs=pace.epochs,
            share=(pace.done + share_of_epoch) / pace.epochs,
            elapsed=pace.elapsed(),
            remaining=pace.remaining(self._running),
            now=self._now(),
            best=best,
        )
