"""The lines of the bar display, each built in several widths: what matters least goes first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.segment import Segment
from rich.style import Style

from nnrun.display.formats import coarse, duration, in_order, number, per_step, printable
from nnrun.display.live_area import Line
from nnrun.events import EpochEnded

NAME = Style(dim=True)
DONE = Style(color="green")
LEFT = Style(dim=True)
BEST = Style(color="green", bold=True)
WARNING = Style(color="yellow")


@dataclass(frozen=True, slots=True)
class _Level:
    """What a line shows at one width.

    Args:
        bar: Cells of the bar.
        steps: Whether it shows the count of batches.
        pace: Whether it shows the time per step.
        time: Whether it shows the elapsed or remaining time.
        compact: Whether metrics are `name value` instead of `name: value`.
    """

    bar: int
    steps: bool = True
    pace: bool = True
    time: bool = True
    compact: bool = False


_FINISHED = (
    _Level(20),
    _Level(20, steps=False),
    _Level(10, steps=False),
    _Level(0, steps=False),
    _Level(0, steps=False, compact=True),
    _Level(0, steps=False, compact=True, pace=False),
    _Level(0, steps=False, compact=True, pace=False, time=False),
)

_RUNNING = (
    _Level(20),
    _Level(10),
    _Level(10, compact=True),
    _Level(10, compact=True, pace=False),
)


@dataclass(frozen=True, slots=True)
class Running:
    """Where the running epoch is.

    Args:
        epoch: Its number, from 1.
        epochs: Epochs to train.
        validating: Whether its validation runs.
        step: Batches done.
        steps: Batches in all.
        seconds: Time spent on them.
        metrics: Running values.
    """

    epoch: int
    epochs: int
    validating: bool
    step: int
    steps: int
    seconds: float
    metrics: Mapping[str, float]


class LineFitter:
    """Finds the widest form of a line that fits and keeps to it, so that lines below each other are alike."""

    def __init__(self) -> None:
        self._columns = 0
        self._level = 0

    def fit(self, columns: int, build: Callable[[int], Line | None]) -> Line:
        """Builds a line.

        Args:
            columns: The width that it may have.
            build: Gives the form of a level; each level is narrower than the one before, None ends them.

        Returns:
            The first one that fits; the narrowest one, cut off, where none does.
        """
        if columns != self._columns:
            self._columns, self._level = columns, 0
        level = self._level
        narrowest: Line = []
        line = build(level) or build(0)
        while line is not None:
            narrowest = line
            if Segment.get_line_length(line) <= columns:
                self._level = level
                return line
            level += 1
            line = build(level)
        return Segment.adjust_line_length(narrowest, columns, pad=False)


def finished_line(event: EpochEnded, level: int, cells: BarCells) -> Line | None:
    """Builds the line of a complete epoch.

    Args:
        event: The epoch.
        level: How much to leave out, from 0.
        cells: How to draw the bar.
    """
    metrics = in_order(event.metrics)
    shown = _FINISHED[min(level, len(_FINISHED) - 1)]
    left = _without(metrics, level - len(_FINISHED) + 1)
    if left is None:
        return None
    line = [_epoch(event.epoch, event.epochs, BEST if event.best else None)]
    if shown.steps:
        line.append(Segment(f" {event.steps}/{event.steps}"))
    if shown.bar:
        line.append(Segment(" "))
        line.extend(cells.bar(1.0, shown.bar))
    if shown.time:
        line.append(Segment(f" {duration(event.seconds):>5}"))
    if shown.pace:
        line.append(Segment(f" {per_step(event.train_seconds, event.steps):>9}", NAME))
    line.extend(_metrics(left, shown.compact))
    return line


def running_line(at: Running, level: int, cells: BarCells) -> Line | None:
    """Builds the line of the running epoch; see `finished_line`."""
    metrics = in_order(at.metrics)
    shown = _RUNNING[min(level, len(_RUNNING) - 1)]
    left = metrics[: max(len(metrics) - max(level - len(_RUNNING) + 1, 0), 0)]
    if level > len(_RUNNING) - 1 + len(metrics):
        return None
    width = len(str(at.steps))
    line = [_epoch(at.epoch, at.epochs, None)]
    if at.validating:
        line.append(Segment(" validation"))
    line.append(Segment(f" {at.step:>{width}}/{at.steps} "))
    line.extend(cells.bar(at.step / at.steps if at.steps else 0.0, shown.bar))
    if 0 < at.step <= at.steps:
        line.append(Segment(f" ETA {coarse(at.seconds / at.step * (at.steps - at.step)):>3}"))
    if shown.pace:
        line.append(Segment(f" {per_step(at.seconds, at.step):>9}", NAME))
    line.extend(_metrics(left, shown.compact))
    return line


@dataclass(frozen=True, slots=True)
class Overall:
    """Where the whole run is.

    Args:
        done: Complete epochs.
        epochs: Epochs to train.
        share: Share of the work that is done, from 0 to 1.
        elapsed: Seconds since the first epoch began.
        remaining: Seconds that are left, or None while nobody knows.
        now: The time of day.
        best: The best epoch with its metric, such as `best: epoch 11, val_loss 0.1012`; may be empty.
    """

    done: int
    epochs: int
    share: float
    elapsed: float
    remaining: float | None
    now: datetime
    best: str


def overall_line(at: Overall, level: int, cells: BarCells) -> Line | None:
    """Builds the line of the whole run; see `finished_line`."""
    if level > 4:
        return None
    width = len(str(at.epochs))
    line = [Segment(f"Total {at.done:>{width}}/{at.epochs} ")]
    if level < 4:
        line.extend(cells.bar(at.share, 20 if level < 2 else 10))
        line.append(Segment(" "))
    line.append(Segment(f"{min(at.share, 1) * 100:>3.0f}%"))
    if level < 3:
        line.append(Segment(f" {coarse(at.elapsed)} gone,", NAME))
    if at.remaining is not None:
        line.append(Segment(f" {coarse(at.remaining)} left, ends {ends_at(at.now, at.remaining)}"))
    if level < 1 and at.best:
        line.append(Segment(f"  {at.best}", DONE))
    return line


def ends_at(now: datetime, remaining: float) -> str:
    """Writes the time of day at which something ends, with the day where it is not today."""
    try:
        end = now + timedelta(seconds=remaining)
    except OverflowError:
        return "never"
    if end.date() == now.date():
        return end.strftime("%H:%M:%S" if remaining < 600 else "%H:%M")
    return end.strftime("%a %H:%M" if remaining < 6 * 86400 else "%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class BarCells:
    """The characters of a bar: told apart by their shape too, as there may be no colours.

    Args:
        done: A cell that is done.
        tip: The cell where it stands.
        left: A cell that is left.
    """

    done: str
    tip: str
    left: str

    def bar(self, share: float, cells: int) -> Line:
        """Draws a bar.

        Args:
            share: How much of it is done, from 0 to 1.
            cells: Its length.
        """
        done = int(max(0.0, min(share, 1.0)) * cells)
        if done == cells:
            return [Segment(self.done * cells, DONE)]
        return [Segment(self.done * done + self.tip, DONE), Segment(self.left * (cells - done - 1), LEFT)]


UNICODE_CELLS = BarCells("━", "╸", "─")
ASCII_CELLS = BarCells("=", ">", ".")


def _epoch(epoch: int, epochs: int, style: Style | None) -> Segment:
    return Segment(f"Epoch {epoch:>{len(str(epochs))}}/{epochs}", style)


def _metrics(metrics: list[tuple[str, float]], compact: bool) -> Line:
    line = []
    before, between = (" ", " ") if compact else ("  ", ": ")
    for name, value in metrics:
        line.append(Segment(f"{before}{printable(name)}{between}", NAME))
        line.append(Segment(number(value)))
    return line


def _without(metrics: list[tuple[str, float]], count: int) -> list[tuple[str, float]] | None:
    """Leaves out the least important metrics: those of training but the loss, then those of validation.

    Returns:
        What is left, or None where nothing would be left.
    """
    if count <= 0:
        return metrics
    if count >= len(metrics):
        return None
    names = [name for name, _ in metrics]
    ranked = sorted(names, key=lambda name: (name in {"loss", "val_loss"}, name.startswith("val_")))
    dropped = set(ranked[:count])
    return [(name, value) for name, value in metrics if name not in dropped]
