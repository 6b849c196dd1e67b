"""How far a long row of samples is, on stderr."""

from __future__ import annotations

import io

from nnrun.display.counting import Counting


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_terminal_shows_one_line_in_place() -> None:
    """After a second, ten times a second at most, and it is taken away at the end."""
    stream, clock = Terminal(), Clock()
    counting = Counting(stream, environment={}, clock=clock)
    counting(500, 0.1)
    assert stream.getvalue() == ""
    clock.now = 2.0
    counting(500, 0.25)
    assert stream.getvalue() == "\r1,000 samples, 25%, 250/s, 12s left\x1b[K"
    clock.now = 2.01
    counting(500, 0.3)
    assert stream.getvalue().count("\r") == 1
    counting.close()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_log_file_gets_a_line_now_and_then() -> None:
    """Every 30 seconds, without control characters; so does a terminal in CI."""
    for stream, environment in ((io.StringIO(), {}), (Terminal(), {"CI": "true"})):
        clock = Clock()
        counting = Counting(stream, environment=environment, clock=clock)
        for second in range(100):
            clock.now = float(second)
            counting(10, None)
        counting.close()
        assert stream.getvalue().splitlines() == [
            "310 samples, 10/s", "610 samples, 10/s", "910 samples, 10/s"
        ]  # fmt: skip


def test_nothing_is_shown_where_it_would_disturb() -> None:
    """Asked to be quiet, or while the predictions themselves go to the terminal."""
    for options in ({"quiet": True}, {"live": False}):
        stream, clock = Terminal(), Clock()
        counting = Counting(stream, environment={}, clock=clock, **options)
        clock.now = 60.0
        counting(10, 0.5)
        counting.close()
        assert stream.getvalue() == ""
