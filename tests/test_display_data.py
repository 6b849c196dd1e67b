"""What is shown of downloads, extraction and decoding."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from nnrun.data.progress import Meter, tell, told_to
from nnrun.display.bars import BarsDisplay
from nnrun.display.data_progress_line import data_progress_line
from nnrun.display.data_text import amount, beginning, heartbeat, size
from nnrun.display.epoch_lines import UNICODE_CELLS, LineFitter
from nnrun.display.plain import HEARTBEAT_SECONDS, PlainDisplay
from nnrun.events import DataProgress, Event, Message
from nnrun.rundir.recorder import Recorder

DOWNLOAD = DataProgress("download", "notMNIST_large.tar.gz", 84_100_000, 247_336_696, "bytes", 7.0)
DECODE = DataProgress("decode", "notMNIST_large.tar.gz", 1200, 18_726, "images", 0.6)


def line(event: DataProgress, columns: int) -> str:
    """Returns the bar of an event in a terminal."""
    fitted = LineFitter().fit(columns, lambda level: data_progress_line(event, level, UNICODE_CELLS))
    return "".join(segment.text for segment in fitted)


def test_a_bar_says_how_much_how_fast_and_how_long() -> None:
    """In bytes for what is fetched, in images for what is decoded."""
    assert line(DOWNLOAD, 119) == (
        "Downloading notMNIST_large.tar.gz ━━━━━━╸─────────────  34%  84.1 MB of 247 MB  12.0 MB/s  ETA 14s"
    )
    assert line(DECODE, 119) == (
        "Decoding notMNIST_large.tar.gz ━╸──────────────────   6%  1,200 of 18,726 images  2,000 images/s  ETA 9s"
    )


@pytest.mark.parametrize("columns", [1, 10, 20, 40, 60, 79, 100, 200])
@pytest.mark.parametrize("event", [DOWNLOAD, DECODE, replace(DOWNLOAD, total=None), replace(DECODE, done=0)])
def test_a_bar_fits_every_terminal(event: DataProgress, columns: int) -> None:
    """What matters least goes first."""
    assert len(line(event, columns)) <= columns


def test_without_a_total_there_is_no_bar() -> None:
    """A server need not say how long a file is."""
    assert line(replace(DOWNLOAD, total=None), 100) == (
        "Downloading notMNIST_large.tar.gz  84.1 MB  12.0 MB/s"
    )


def test_a_name_cannot_bring_control_characters() -> None:
    """Names come out of addresses and folders."""
    assert "\x1b" not in line(replace(DOWNLOAD, name="a\x1b[31mb"), 119)
    stream = io.StringIO()
    with PlainDisplay(stream) as display:
        display(replace(DOWNLOAD, name="a\x1b[31m\nb", done=0))
    assert stream.getvalue() == "Downloading a [31m b (247 MB)\n"


def test_what_was_there_before_does_not_count_for_the_pace() -> None:
    """A resumed download is as fast as it is."""
    resumed = replace(DOWNLOAD, resumed=70_100_000)
    assert "2.00 MB/s  ETA 1:22" in line(resumed, 119)
    assert beginning(replace(resumed, done=70_100_000)) == (
        "Downloading notMNIST_large.tar.gz (247 MB), going on after 70.1 MB"
    )


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (99_949, "99.9 kB"),
        (99_960, "100 kB"),
        (999_600, "1.00 MB"),
        (8_458_043, "8.46 MB"),
        (247_336_696, "247 MB"),
        (12_345_678_901, "12.3 GB"),
        (2e15, "2000 TB"),
    ],
)
def test_sizes_have_three_digits(count: float, text: str) -> None:
    """In powers of a thousand, as disks and networks are sold."""
    assert size(count) == text


def test_amounts_name_their_unit() -> None:
    """Also where the total is not known."""
    assert amount(replace(DECODE, total=None)) == "1,200 images"
    assert heartbeat(DECODE) == "Decoding notMNIST_large.tar.gz - 1,200 of 18,726 images - 6% - ETA 9s"


def test_a_log_gets_a_line_at_the_beginning_and_now_and_then() -> None:
    """A download that takes minutes gives a sign of life, and one that takes a second does not fill the log."""
    now = 0.0
    stream = io.StringIO()
    with PlainDisplay(stream, clock=lambda: now) as display:
        for second in range(61):
            now = float(second)
            display(replace(DOWNLOAD, done=second * 4_000_000, seconds=now))
        display(Message("info", "downloaded"))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Downloading notMNIST_large.tar.gz (247 MB)"
    assert lines[1].startswith("Downloading notMNIST_large.tar.gz - 120 MB of 247 MB - 49%")
    assert lines[-1] == "downloaded"
    assert len(lines) == 2 + 60 // HEARTBEAT_SECONDS
    assert "\x1b" not in stream.getvalue()


def test_the_bar_of_finished_work_goes_away() -> None:
    """What comes next may be a result on stdout."""
    stream = io.StringIO()
    with BarsDisplay(stream, environment={}) as display:
        display(DOWNLOAD)
        assert "Downloading" in stream.getvalue()
        display(replace(DOWNLOAD, done=DOWNLOAD.total or 0))
        display(Message("info", "downloaded"))
    last = stream.getvalue().split("\r")[-1]
    assert "Downloading" not in last


def test_files_get_few_of_these_events(tmp_path: Path) -> None:
    """`events.jsonl` does not grow with the size of a download."""
    now = 0.0
    with Recorder(tmp_path, clock=lambda: now) as recorder:
        for step in range(250):
            now = step / 10
            recorder(replace(DOWNLOAD, done=step))
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert [json.loads(each)["done"] for each in lines] == [100, 200]


def test_a_meter_reports_at_most_ten_times_a_second() -> None:
    """However often something is done."""
    found: list[Event] = []
    now = 0.0
    with told_to(found.append):
        meter = Meter("decode", "a", "images", 1000, clock=lambda: now)
        for step in range(1000):
            now = step / 1000
            meter.add(1)
        meter.end()
        tell("done")
    tell("nobody hears this")
    assert len(found) == 12
    assert found[-1] == Message("info", "done")
    assert found[-2] == DataProgress("decode", "a", 1000, 1000, "images", 0.999)
