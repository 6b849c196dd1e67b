"""A cross-validation on a terminal: a line per finished fold, and a bar for the running one and all that follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TextIO

from rich.segment import Segment

from nnrun.display.bars import COST_FACTOR, MAX_INTERVAL, MIN_INTERVAL
from nnrun.display.base import Display
from nnrun.display.data_progress_line import data_progress_line
from nnrun.display.epoch_lines import ASCII_CELLS, NAME, UNICODE_CELLS, LineFitter
from nnrun.display.fold_lines import FoldState, validation_first
from nnrun.display.formats import coarse, number, printable
from nnrun.display.live_area import Line, LiveArea
from nnrun.events import DataProgress, Event, FoldStarted, Message, PhaseStarted, RunEnded, TrainingStarted

_BAR = 20

_AT_ONCE = (FoldStarted, PhaseStarted, Message, TrainingStarted, RunEnded)
"""What is drawn without waiting, as no other event may follow for seconds."""


class FoldBarsDisplay(Display):
    """Lines of finished folds with a live line below them; redrawn by events, as `BarsDisplay` is.

    Args:
        stream: The terminal.
        environment: The environment variables.
        clock: Gives seconds from any origin that never go back.
    """

    def __init__(
        self,
        stream: TextIO,
        environment: Mapping[str, str],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._area = LiveArea(stream, environment)
        self._cells = UNICODE_CELLS if self._area.stream.encodes("━╸─") else ASCII_CELLS
        self._clock = clock
        self._began = self._next_draw = clock()
        self._first_began: float | None = None
        self._state = FoldState(lambda: self._area.columns)
        self._pending: list[Line] = []
        self._data: DataProgress | None = None
        self._closed = False

    def __call__(self, event: Event) -> None:
        """Shows one event, now or with one of the next."""
        if not self._area.stream.alive or self._closed:
            return
        if isinstance(event, DataProgress):
            self._data = None if event.done == event.total else event
        elif isinstance(event, TrainingStarted) and self._first_began is None:
            # What happens once, such as the start of TensorFlow, says nothing about the folds to come.
            self._first_began = self._clock()
        self._pending += [[Segment(printable(line))] for line in self._state.lines(event)]
        if isinstance(event, _AT_ONCE) or self._clock() >= self._next_draw:
            self._draw()

    def close(self) -> None:
        """Prints what was not shown yet, removes the live line and shows the cursor again."""
        if self._closed:
            return
        self._closed = True
        self._area.draw(self._pending, [])

    def _draw(self) -> None:
        began = self._clock()
        self._area.draw(self._pending, [self._live()] if self._state.folds else [])
        self._pending.clear()
        ended = self._clock()
        self._next_draw = ended + min(max(MIN_INTERVAL, COST_FACTOR * (ended - began)), MAX_INTERVAL)

    def _live(self) -> Line:
        columns, data = self._area.columns, self._data
        if data is not None:
            return LineFitter().fit(columns, lambda level: data_progress_line(data, level, self._cells))
        state = self._state
        share = (state.fold - 1 + state.share) / state.folds
        line = [Segment(f"Fold {state.fold}/{state.folds} "), *self._cells.bar(share, _BAR)]
        line.append(Segment(f" {share * 100:>3.0f}%"))
        if state.epoch:
            line.append(Segment(f" Epoch {state.epoch:>{len(str(state.epochs))}}/{state.epochs}"))
        rest = [self._times(share)]
        for name, value in validation_first(state.metrics):
            rest.append([Segment(f"  {printable(name)}: ", NAME), Segment(number(value))])
        for part in rest:
            if Segment.get_line_length([*line, *part]) > columns:
                break
            line += part
        return Segment.adjust_line_length(line, columns, pad=False)

    def _times(self, share: float) -> Line:
        now = self._clock()
        line = [Segment(f" {coarse(now - self._began)} gone", NAME)]
        if self._first_began is not None and share > 0:
            line.append(Segment(f", {coarse((now - self._first_began) * (1 - share) / share)} left"))
        return line
