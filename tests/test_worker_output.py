"""What workers print is kept, whether or not there is a place for it yet."""

from __future__ import annotations

import os
from pathlib import Path

from nnrun.training.worker_output import WorkerOutput, follow_run


def piped(text: bytes, index: int = 1) -> WorkerOutput:
    """Returns the output of a process that printed something and ended."""
    reading, writing = os.pipe()
    output = WorkerOutput(index, os.fdopen(reading, "rb"))
    os.write(writing, text)
    os.close(writing)
    return output


def test_lines_wait_for_the_run_directory(tmp_path: Path) -> None:
    """What was printed before the chief made the run is in the file too, and so is a line without an end."""
    output = piped(b"one\ntwo \xff\nthree")
    output._reader.join()
    output.keep_in(tmp_path)
    output.finish()
    assert (tmp_path / "train-worker-1.log").read_text() == "one\ntwo \ufffd\nthree\n"
    assert output.problem is None


def test_a_continued_run_keeps_the_log(tmp_path: Path) -> None:
    """Lines are appended."""
    for text in (b"first\n", b"second\n"):
        output = piped(text)
        output.keep_in(tmp_path)
        output.finish()
    assert (tmp_path / "train-worker-1.log").read_text() == "first\nsecond\n"


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """The output is read to its end, so that the worker never waits, and the problem is known."""
    output = piped(b"line\n" * 50_000)
    output.keep_in(tmp_path / "gone")
    output.finish()
    assert output.problem is not None
    assert not output._reader.is_alive()


def test_last_words_leave_out_what_tensorflow_logs() -> None:
    """Which processor it runs on is no reason why it ended."""
    output = piped(
        b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
        b"I0000 00:00:1795573516.512424   25197 port.cc:153] oneDNN custom operations are on.\n"
        b"error: no such file\n"
    )
    output.finish()
    assert output.last_words(5) == ["error: no such file"]


def test_the_chief_says_where_the_run_is(tmp_path: Path) -> None:
    """All outputs go to the directory that it names."""
    outputs = [piped(b"a\n", 1), piped(b"b\n", 2)]
    reading, writing = os.pipe()
    listener = follow_run(reading, outputs)
    os.write(writing, os.fsencode(tmp_path) + b"\n")
    os.close(writing)
    listener.join()
    for output in outputs:
        output.finish()
    assert [(tmp_path / f"train-worker-{number}.log").read_text() for number in (1, 2)] == ["a\n", "b\n"]
