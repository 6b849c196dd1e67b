"""The bars fit every terminal, cost little, and leave it as it was."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from rich.segment import Segment

from nnrun import events
from nnrun.display.bars import MIN_INTERVAL, BarsDisplay
from nnrun.display.epoch_lines import (
    ASCII_CELLS,
    UNICODE_CELLS,
    LineFitter,
    Overall,
    Running,
    ends_at,
    finished_line,
    overall_line,
    running_line,
)
from nnrun.display.live_area import Line
from tests.simulated_run import simulated_run

METRICS = {"loss": 0.1234, "accuracy": 0.9654, "val_loss": 0.1012, "val_accuracy": 0.9712}
EPOCH = events.EpochEnded(12, 100, 938, 3.4, 3.0, 0.001, METRICS, best=True)
RUNNING = Running(13, 100, False, 412, 938, 1.5, {"loss": 0.1021, "accuracy": 0.969})
NOW = datetime(2026, 1, 2, 14, 30)
OVERALL = Overall(12, 100, 0.12, 36.0, 264.0, NOW, "best: epoch 11, val_loss 0.1012")


def text(line: Line) -> str:
    """A line without its styles."""
    return "".join(segment.text for segment in line)


def finished(columns: int, event: events.EpochEnded = EPOCH) -> str:
    """The line of a complete epoch in a terminal."""
    return text(LineFitter().fit(columns, lambda level: finished_line(event, level, UNICODE_CELLS)))


def running(columns: int) -> str:
    """The line of the running epoch in a terminal."""
    return text(LineFitter().fit(columns, lambda level: running_line(RUNNING, level, UNICODE_CELLS)))


def overall(columns: int) -> str:
    """The line of the whole run in a terminal."""
    return text(LineFitter().fit(columns, lambda level: overall_line(OVERALL, level, UNICODE_CELLS)))


def test_wide_lines_show_what_keras_shows() -> None:
    """Number of the epoch, batches, bar, time, time per step and all metrics, validation last."""
    assert finished(150) == (
        "Epoch  12/100 938/938 ━━━━━━━━━━━━━━━━━━━━  3.4s  3ms/step"
        "  loss: 0.1234  accuracy: 0.9654  val_loss: 0.1012  val_accuracy: 0.9712"
    )
    assert running(119) == (
        "Epoch  13/100 412/938 ━━━━━━━━╸─────────── ETA  2s  4ms/step  loss: 0.1021  accuracy: 0.9690"
    )


def test_at_80_columns_all_metrics_are_there() -> None:
    """The usual four metrics fit the smallest usual terminal."""
    assert finished(79) == ("Epoch  12/100 loss 0.1234 accuracy 0.9654 val_loss 0.1012 val_accuracy 0.9712")
    assert running(79) == "Epoch  13/100 412/938 ━━━━╸───── ETA  2s  4ms/step loss 0.1021 accuracy 0.9690"
    assert overall(79) == "Total  12/100 ━━╸─────────────────  12% 36s gone, 4:24 left, ends 14:34:24"


@pytest.mark.parametrize("columns", [1, 5, 10, 20, 30, 40, 50, 60, 70, 79, 100, 119, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    """Nothing ever wraps, however narrow the terminal."""
    assert max(len(finished(columns)), len(running(columns)), len(overall(columns))) <= columns


def test_narrow_lines_keep_the_losses_longest() -> None:
    """What decides is shown last to go."""
    assert finished(50) == "Epoch  12/100 loss 0.1234 val_loss 0.1012"


def test_wide_characters_count_twice() -> None:
    """Metrics may have Japanese names; the width is that on the screen."""
    event = events.EpochEnded(1, 2, 1, 1.0, 1.0, None, {"精度": 0.5, "損失": 0.25}, best=False)
    for columns in range(10, 60):
        line = LineFitter().fit(columns, lambda level: finished_line(event, level, ASCII_CELLS))
        assert Segment.get_line_length(line) <= columns


def test_lines_below_each_other_keep_their_form() -> None:
    """Once a line had to be made shorter, the next ones are as short, until the width changes."""
    fitter = LineFitter()
    long = events.EpochEnded(1, 2, 10, 3.0, 3.0, None, {"loss": 1.5e-9, "accuracy": 0.5}, best=False)
    short = events.EpochEnded(2, 2, 10, 3.0, 3.0, None, {"loss": 0.5, "accuracy": 0.5}, best=False)
    first = text(fitter.fit(78, lambda level: finished_line(long, level, UNICODE_CELLS)))
    second = text(fitter.fit(78, lambda level: finished_line(short, level, UNICODE_CELLS)))
    assert first.replace("1.5000e-09", "0.5000").replace("Epoch 1", "Epoch 2") == second
    assert len(text(fitter.fit(79, lambda level: finished_line(short, level, UNICODE_CELLS)))) > len(second)


def test_bars_are_drawn_by_shape() -> None:
    """Full, empty and half bars differ without colours too, also where only ASCII can be shown."""
    assert [text(ASCII_CELLS.bar(share, 4)) for share in (0, 0.5, 0.99, 1, 2, -1)] == [
        ">...",
        "==>.",
        "===>",
        "====",
        "====",
        ">...",
    ]


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [(60, "14:31:00"), (3600, "15:30"), (86400, "Sat 14:30"), (30 * 86400, "2026-02-01"), (1e300, "never")],
)
def test_the_end_is_a_time_of_day(remaining: float, expected: str) -> None:
    """Seconds where they matter, the day where it is another one."""
    assert ends_at(NOW, remaining) == expected


class Recorded(io.StringIO):
    """A terminal that notes every write; each takes some time on its clock."""

    def __init__(self, cost: float = 0.0) -> None:
        super().__init__()
        self.now = 0.0
        self.cost = cost
        self.writes: list[tuple[float, str]] = []

    def write(self, text: str) -> int:
        """Notes a write."""
        self.now += self.cost
        self.writes.append((self.now, text))
        return len(text)

    def clock(self) -> float:
        """The time."""
        return self.now


def train(stream: Recorded, display: BarsDisplay, epochs: int, seconds: float) -> None:
    """Shows epochs that take this long by the clock of the stream."""
    for epoch in range(1, epochs + 1):
        display(events.EpochStarted(epoch, epochs, 10))
        stream.now += seconds
        display(events.EpochEnded(epoch, epochs, 10, seconds, seconds, None, {"loss": 1 / epoch}, best=True))


def test_ten_redraws_a_second_at_most() -> None:
    """Fast epochs are collected and printed together; none is lost."""
    stream = Recorded()
    display = BarsDisplay(stream, clock=stream.clock, environment={"TERM": "xterm"})
    train(stream, display, 1000, 0.005)
    display.close()
    assert MIN_INTERVAL == 0.1
    assert len(stream.writes) <= 1000 * 0.005 / 0.1 + 3
    output = "".join(text for _, text in stream.writes)
    assert all(f"Epoch {epoch:>4}/1000" in output for epoch in range(1, 1001))


def test_slow_terminals_are_redrawn_less_often() -> None:
    """A redraw of 10 ms is followed by two seconds without one: drawing takes 0.5 % of the time."""
    stream = Recorded(cost=0.01)
    display = BarsDisplay(stream, clock=stream.clock, environment={"TERM": "xterm"})
    train(stream, display, 1000, 0.02)
    times = [at for at, _ in stream.writes]
    assert min(after - before for before, after in pairwise(times)) >= 2.0
    assert len(times) * 0.01 <= 0.006 * stream.now


def test_a_terminal_that_was_held_up_comes_back() -> None:
    """After minutes of Ctrl-S the bars move again within seconds."""
    stream = Recorded(cost=600.0)
    display = BarsDisplay(stream, clock=stream.clock, environment={"TERM": "xterm"})
    train(stream, display, 1, 1.0)
    stream.cost, held = 0.0, len(stream.writes)
    train(stream, display, 10, 1.0)
    assert len(stream.writes) > held


def test_a_redraw_costs_little() -> None:
    """Real time of a redraw with the usual metrics: far below the millisecond that ten a second may take."""
    display = BarsDisplay(io.StringIO(), environment={"TERM": "xterm-256color"})
    list(map(display, simulated_run(epochs=2)))
    display = BarsDisplay(io.StringIO(), environment={"TERM": "xterm-256color"})
    times = []
    for epoch in range(1, 101):
        display(events.EpochStarted(epoch, 100, 938))
        display(events.Progress("train", epoch, 400, 938, 1.0, METRICS))
        display._next_draw = 0.0
        started = time.perf_counter()
        display(events.Progress("train", epoch, 412, 938, 1.5, METRICS))
        times.append(time.perf_counter() - started)
        display(EPOCH)
    assert sorted(times)[len(times) // 2] < 1e-3


def test_the_cursor_comes_back_after_an_exception() -> None:
    """Whatever ends the training, the terminal is as before and the epochs so far are shown."""
    stream = Recorded()
    with (
        pytest.raises(ZeroDivisionError),
        BarsDisplay(stream, clock=stream.clock, environment={"TERM": "xterm"}) as display,
    ):
        train(stream, display, 2, 0.01)
        raise ZeroDivisionError
    output = "".join(text for _, text in stream.writes)
    assert output.count("\x1b[?25l") == output.count("\x1b[?25h") == 1
    assert output.rindex("Epoch 2/2") < output.rindex("\x1b[?25h")


def test_nothing_is_shown_after_the_end() -> None:
    """A late event does not draw into the prompt of the shell."""
    stream = Recorded()
    display = BarsDisplay(stream, clock=stream.clock, environment={})
    train(stream, display, 2, 1.0)
    display.close()
    before = len(stream.writes)
    display(events.Message("info", "late"))
    display.close()
    assert len(stream.writes) == before


def test_no_color_means_no_colors() -> None:
    """NO_COLOR is obeyed: cursor movements stay, colours go."""
    stream = Recorded()
    with BarsDisplay(stream, clock=stream.clock, environment={"TERM": "xterm", "NO_COLOR": "1"}) as display:
        train(stream, display, 3, 1.0)
    assert "\x1b[32m" not in "".join(text for _, text in stream.writes)


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[list[str]]:
    """The start of a tmux command with a server of its own; skips without tmux."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed: no real terminal to look at")
    command = ["tmux", "-S", str(tmp_path / "socket"), "-f", os.devnull]
    yield command
    subprocess.run([*command, "kill-server"], check=False, capture_output=True)


def screen(pane: list[str], until: str) -> list[str]:
    """The lines of the terminal once a text appears in them."""
    for _ in range(150):
        shown = subprocess.run(
            [*pane, "capture-pane", "-p"], check=True, capture_output=True, text=True
        ).stdout
        if until in shown:
            return shown.rstrip("\n").split("\n")
        time.sleep(0.1)
    raise AssertionError(f"{until!r} did not appear in:\n{shown}")


@pytest.mark.parametrize("columns", [80, 120])
def test_a_real_terminal_shows_epochs_and_bars(pane: list[str], columns: int) -> None:
    """In a terminal, finished epochs stay, the live lines are the last two, and at the end they are gone."""
    script = Path(__file__).with_name("simulated_run.py")
    environment = "env -u CI -u NO_COLOR LC_ALL=C.UTF-8"
    start = f"{environment} {sys.executable} {script} --epochs 4 --seconds 0.5; echo END; sleep 30"
    size = ["-x", str(columns), "-y", "24"]
    subprocess.run([*pane, "-u", "new-session", "-d", *size, start], check=True, capture_output=True)
    during = screen(pane, "Epoch 3/4")
    assert during[0] == "moons: runs/moons/20260102-030405-abcd"
    begun = [line[:9] for line in during if line.startswith("Epoch")]
    assert begun == [f"Epoch {number}/4" for number in range(1, len(begun) + 1)]
    # A busy machine may look only when the next epoch is running already.
    assert len(begun) in (3, 4)
    assert during[-1].startswith(f"Total {len(begun) - 1}/4 ")
    assert ", ends " in during[-1]
    after = screen(pane, "END")
    assert [line[:9] for line in after[3:]] == ["Epoch 1/4", "Epoch 2/4", "Epoch 3/4", "Epoch 4/4", "END"]
