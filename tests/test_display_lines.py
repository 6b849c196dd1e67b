"""Displays for files and programs: whole lines, no control characters, no end because of a lost reader."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from typing import TextIO

import pytest

from nnrun import events
from nnrun.display.base import Display
from nnrun.display.choose import ProgressMode, make_display
from nnrun.display.formats import coarse, duration, number, per_step
from nnrun.display.plain import HEARTBEAT_SECONDS, PlainDisplay
from tests.simulated_run import simulated_run


def shown(mode: ProgressMode, **changes: str) -> str:
    """What a display writes for a short run."""
    stream = io.StringIO()
    with make_display(mode, stream, environment=changes) as display:
        for event in simulated_run(epochs=3, warning="class 'b' has 3 samples only"):
            display(event)
    return stream.getvalue()


def test_plain_is_one_line_per_epoch() -> None:
    """A log shows the start, the data and each epoch, like Keras's verbose=2."""
    lines = shown("plain").splitlines()
    assert lines[0] == "moons: runs/moons/20260102-030405-abcd"
    assert lines[1] == "1,500 train, 500 validation samples; 1,234 parameters; CPU; seed 7"
    assert lines[2] == "warning: class 'b' has 3 samples only"
    assert lines[3] == (
        "Epoch 1/3 - 0ms - 0us/step"
        " - loss: 0.3500 - accuracy: 0.7500 - val_loss: 0.4000 - val_accuracy: 0.7000"
    )
    assert [line[:9] for line in lines[3:]] == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]


@pytest.mark.parametrize("mode", ["plain", "json"])
def test_files_get_no_control_characters(mode: ProgressMode) -> None:
    """Nothing in a log moves a cursor or sets a colour."""
    assert all(character == "\n" or character.isprintable() for character in shown(mode))


def test_names_cannot_bring_control_characters() -> None:
    """A metric or message with an escape sequence in it is shown without."""
    stream = io.StringIO()
    display = PlainDisplay(stream)
    display(events.Message("info", "a\x1b[31mb\nc"))
    assert stream.getvalue() == "a [31mb c\n"


def test_long_epochs_give_a_sign_of_life() -> None:
    """Every 30 seconds without a line there is one, in validation too."""
    now = 0.0
    stream = io.StringIO()
    display = PlainDisplay(stream, clock=lambda: now)
    display(events.EpochStarted(1, 2, 100))
    for second in range(100):
        now = float(second)
        if second < 50:
            display(events.Progress("train", 1, second, 100, now, {"loss": 0.5}))
        else:
            display(events.Progress("validate", 1, second, 100, now))
    assert HEARTBEAT_SECONDS == 30
    assert stream.getvalue().splitlines() == [
        "Epoch 1/2 - 30/100 - ETA 1:10 - loss: 0.5000",
        "Epoch 1/2 - validation 60/100 - ETA 40s",
        "Epoch 1/2 - validation 90/100 - ETA 10s",
    ]


def test_fast_epochs_are_written_together() -> None:
    """A hundred epochs of 5 ms are a hundred lines in a few writes, and none waits for long."""

    class Counted(io.StringIO):
        writes = 0

        def write(self, text: str) -> int:
            Counted.writes += 1
            return super().write(text)

    now = 0.0
    stream = Counted()
    with PlainDisplay(stream, clock=lambda: now) as display:
        for epoch in range(1, 101):
            display(events.EpochStarted(epoch, 100, 10))
            now += 0.005
            display(events.EpochEnded(epoch, 100, 10, 0.005, 0.004, None, {"loss": 0.5}, best=False))
    lines = stream.getvalue().splitlines()
    assert [line.split(" - ")[0] for line in lines] == [f"Epoch {epoch}/100" for epoch in range(1, 101)]
    assert Counted.writes <= 7


def test_json_is_every_event() -> None:
    """A program reads one event per line, progress included."""
    records = [json.loads(line) for line in shown("json").splitlines()]
    assert [record["event"] for record in records] == [event.kind for event in simulated_run(3, warning="x")]
    assert records[0]["run_id"] == "20260102-030405-abcd"


def test_off_shows_nothing() -> None:
    """Silence is silence."""
    assert shown("off") == ""


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def kind(stream: TextIO, quiet: bool = False, **environment: str) -> str:
    """Name of the class of the display that `auto` chooses."""
    with make_display("auto", stream, quiet=quiet, environment=environment) as display:
        return type(display).__name__


def test_auto_chooses_by_the_stream() -> None:
    """Bars on a terminal; plain lines elsewhere, in CI and where the cursor cannot move; nothing if quiet."""
    assert kind(Terminal()) == "BarsDisplay"
    assert kind(io.StringIO()) == "PlainDisplay"
    assert kind(Terminal(), CI="true") == "PlainDisplay"
    assert kind(Terminal(), CI="false") == "BarsDisplay"
    assert kind(Terminal(), TERM="dumb") == "PlainDisplay"
    assert kind(Terminal(), quiet=True) == "Display"


def test_quiet_leaves_an_explicit_choice() -> None:
    """Who asks for JSON gets JSON."""
    assert type(make_display("json", io.StringIO(), quiet=True)).__name__ == "JsonDisplay"


def closed_file() -> TextIO:
    """A stream that was closed."""
    stream = io.StringIO()
    stream.close()
    return stream


def broken_pipe() -> TextIO:
    """A pipe whose reader went away."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", buffering=1)


def full_disk() -> TextIO:
    """A file on a disk without space."""
    return open("/dev/full", "w", buffering=1)  # noqa: PTH123 (a stream, as training has it)


@pytest.mark.parametrize("mode", ["rich", "plain", "json"])
@pytest.mark.parametrize("make_stream", [closed_file, broken_pipe, full_disk])
def test_a_lost_stream_stops_nothing(mode: ProgressMode, make_stream: Callable[[], TextIO]) -> None:
    """Closed, full or without a reader: the display goes silent and the events go on."""
    if make_stream is full_disk and not os.path.exists("/dev/full"):  # noqa: PTH110 (a device)
        pytest.skip("this system has no /dev/full")
    stream = make_stream()
    display = make_display(mode, stream, environment={})
    for event in simulated_run(epochs=2):
        display(event)
    display.close()
    try:
        stream.close()
    except OSError:
        # What could not be written is still in its buffer.
        assert make_stream is not closed_file


def test_the_base_display_is_a_context_manager() -> None:
    """Every display can be used in a with statement, and closed twice."""
    with Display() as display:
        display.close()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0000"),
        (0.12345, "0.1235"),
        (-1.5, "-1.5000"),
        (0.0009, "9.0000e-04"),
        (123456.0, "123456.0000"),
        (1.5e8, "1.5000e+08"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_are_written_as_keras_does(value: float, text: str) -> None:
    """Four decimals, and powers of ten where those would show nothing."""
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0ms"), (0.0123, "12ms"), (0.9999, "1.0s"), (9.96, "10s"), (59.6, "1:00"), (3599.7, "1:00:00")],
)
def test_durations_have_the_precision_of_their_size(seconds: float, text: str) -> None:
    """Rounding never gives 60 seconds or 1000 milliseconds."""
    assert duration(seconds) == text


def test_estimates_are_whole_seconds() -> None:
    """An estimate does not pretend to know milliseconds, and is never negative."""
    assert [coarse(seconds) for seconds in (-1.0, 0.4, 61.0, 7322.0)] == ["0s", "0s", "1:01", "2:02:02"]


def test_time_per_step_has_its_unit() -> None:
    """Seconds, milliseconds or microseconds; nothing where no step was made."""
    assert [per_step(*pair) for pair in ((3.0, 2), (0.3, 100), (0.003, 100), (1.0, 0))] == [
        "1.5s/step",
        "3ms/step",
        "30us/step",
        "",
    ]
