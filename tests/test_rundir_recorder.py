"""What happened in a run is on disk, each epoch exactly once, in files that others can read."""

from __future__ import annotations

import csv
import errno
import json
import math
import os
import time
from pathlib import Path

import pytest

from nnrun.errors import DataError, StorageError
from nnrun.events import EpochEnded, Message, PhaseStarted, Progress, RunEnded, Saved, TrainingStarted
from nnrun.rundir import metrics_file
from nnrun.rundir.recorder import PROGRESS_SECONDS, Recorder
from tests.simulated_run import simulated_run


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.time


def epoch(number: int, metrics: dict[str, float], rate: float | None = 0.001) -> EpochEnded:
    """The end of an epoch."""
    return EpochEnded(number, 9, 10, 0.1 + number, 0.1, rate, metrics, best=False)


def rows(directory: Path) -> list[dict[str, str]]:
    """The rows of metrics.csv."""
    with (directory / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def lines(directory: Path) -> list[dict[str, object]]:
    """The events of events.jsonl."""
    return [json.loads(line) for line in (directory / "events.jsonl").read_text().splitlines()]


def test_each_epoch_is_one_row_in_full_precision(tmp_path: Path) -> None:
    """Every value reads back as the very same number."""
    third = 1 / 3
    with Recorder(tmp_path) as record:
        record(epoch(1, {"loss": third, "val_loss": 1e-17}))
        record(epoch(2, {"loss": math.nan, "val_loss": math.inf}))
    text = (tmp_path / "metrics.csv").read_text()
    assert text == (
        f"epoch,seconds,learning_rate,loss,val_loss\n1,1.1,0.001,{third!r},1e-17\n2,2.1,0.001,nan,inf\n"
    )
    assert float(rows(tmp_path)[0]["loss"]) == third


def test_there_is_no_table_before_the_first_epoch(tmp_path: Path) -> None:
    """A run that never completed an epoch has no empty table."""
    with Recorder(tmp_path) as record:
        record(PhaseStarted("import"))
    assert not (tmp_path / "metrics.csv").exists()


def test_a_later_metric_adds_a_column(tmp_path: Path) -> None:
    """Where only every second epoch validates, the table has all columns and empty cells."""
    with Recorder(tmp_path) as record:
        record(epoch(1, {"loss": 0.5}))
        record(epoch(2, {"loss": 0.4, "val_loss": 0.6}))
        record(epoch(3, {"loss": 0.3, "extra": 1.0}))
        record(epoch(4, {"val_loss": 0.2, "loss": 0.2}))
    assert (tmp_path / "metrics.csv").read_text() == (
        "epoch,seconds,learning_rate,loss,extra,val_loss\n"
        "1,1.1,0.001,0.5,,\n"
        "2,2.1,0.001,0.4,,0.6\n"
        "3,3.1,0.001,0.3,1.0,\n"
        "4,4.1,0.001,0.2,,0.2\n"
    )


def test_epochs_survive_a_failed_new_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the table cannot be written anew, the old one stays and later rows still find it."""

    def fail(path: Path, text: str) -> None:
        raise OSError(f"no space for {path} ({len(text)})")

    with Recorder(tmp_path) as record:
        record(epoch(1, {"loss": 0.5}))
        with monkeypatch.context() as patch:
            patch.setattr(metrics_file, "write_text", fail)
            with pytest.raises(OSError, match="no space"):
                record(epoch(2, {"loss": 0.4, "val_loss": 0.6}))
        record(epoch(2, {"loss": 0.4, "val_loss": 0.6}))
    assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2"]


def test_a_learning_rate_among_the_metrics_is_not_doubled(tmp_path: Path) -> None:
    """Some callbacks of Keras report the learning rate as a metric: it keeps its one column."""
    with Recorder(tmp_path) as record:
        record(epoch(1, {"loss": 0.5, "learning_rate": 0.001}, rate=None))
    assert (tmp_path / "metrics.csv").read_text() == "epoch,seconds,learning_rate,loss\n1,1.1,,0.5\n"


def test_names_with_commas_are_quoted(tmp_path: Path) -> None:
    """A metric may have any name; the table stays a table."""
    with Recorder(tmp_path) as record:
        record(epoch(1, {'f1, "macro"': 0.5}))
    assert rows(tmp_path)[0]['f1, "macro"'] == "0.5"


def test_events_are_recorded_in_order(tmp_path: Path) -> None:
    """All events but the frequent progress are lines with their kind and time."""
    with Recorder(tmp_path) as record:
        for event in simulated_run(epochs=2):
            record(event)
    kinds = [line["event"] for line in lines(tmp_path)]
    assert kinds[:4] == ["run_started", "phase_started", "phase_started", "phase_started"]
    assert kinds.count("epoch_ended") == 2
    assert kinds[-1] == "run_ended"
    assert "progress" not in kinds
    assert all(isinstance(line["time"], float) for line in lines(tmp_path))


def test_progress_is_recorded_every_ten_seconds(tmp_path: Path) -> None:
    """In long epochs the file shows that the run lives, and stays small."""
    clock = Clock()
    with Recorder(tmp_path, clock) as record:
        for second in range(31):
            clock.time = 1000.0 + second
            record(Progress("train", 1, second, 100, float(second)))
    assert [line["step"] for line in lines(tmp_path)] == [10, 20, 30]
    assert PROGRESS_SECONDS == 10


def test_non_finite_values_are_valid_json(tmp_path: Path) -> None:
    """A diverged epoch can be read by every JSON parser."""
    with Recorder(tmp_path) as record:
        record(epoch(1, {"loss": math.nan}))
    assert lines(tmp_path)[0]["metrics"] == {"loss": "nan"}


def test_the_summary_is_flat(tmp_path: Path) -> None:
    """One look gives every final and best figure."""
    with Recorder(tmp_path) as record:
        record(TrainingStarted(5, 1, 10, {"train": 100}, 7, "CPU", 0, "val_loss"))
        record(
            RunEnded("completed", "all epochs", 5, 2.5, 4, {"loss": 0.2}, {"loss": 0.1, "acc": math.nan}, {})
        )
    assert json.loads((tmp_path / "summary.json").read_text()) == {
        "status": "completed",
        "epochs": 5,
        "seconds": 2.5,
        "monitor": "val_loss",
        "best_epoch": 4,
        "best_loss": 0.2,
        "final_loss": 0.1,
        "final_acc": "nan",
    }


@pytest.mark.parametrize("event", [PhaseStarted("save"), Saved(3, "model/last.keras")])
def test_a_save_syncs_what_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: PhaseStarted | Saved
) -> None:
    """No saved state is ahead of the epochs on disk, and an epoch alone is not synced."""
    synced: list[int] = []
    with Recorder(tmp_path) as record:
        record(epoch(1, {"loss": 0.5}))
        monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_ino))
        record(epoch(2, {"loss": 0.4}))
        record(Message("info", "text"))
        assert synced == []
        record(event)
    files = {(tmp_path / name).stat().st_ino for name in ("events.jsonl", "metrics.csv")}
    assert files <= set(synced)


def test_an_epoch_costs_little(tmp_path: Path) -> None:
    """Recording is far below the time of the shortest epochs: one write per file and no sync."""
    metrics = {"loss": 0.1, "accuracy": 0.2, "val_loss": 0.3, "val_accuracy": 0.4}
    with Recorder(tmp_path) as record:
        record(epoch(1, metrics))
        times = []
        for number in range(2, 502):
            started = time.perf_counter()
            record(epoch(number, metrics))
            times.append(time.perf_counter() - started)
    assert sorted(times)[len(times) // 2] < 100e-6


def fail(*arguments: object) -> int:
    """Stands for a system call of a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_could_not_be_written_comes_with_the_next_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that has an end has every epoch before it, in both files, though the disk was full for a moment."""
    with Recorder(tmp_path) as record:
        record(epoch(1, {"loss": 0.5}))
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", fail)
            with pytest.raises(StorageError, match="No space left"):
                record(epoch(2, {"loss": 0.4}))
        record(RunEnded("failed", "disk full", 2, 1.0, None, {}, {}, {}))
    assert [line["event"] for line in lines(tmp_path)] == ["epoch_ended", "epoch_ended", "run_ended"]
    assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2"]


def test_an_end_that_lacks_an_epoch_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the row of an epoch still does not fit, the run gets no end and no summary: it shows as lost."""
    with Recorder(tmp_path) as record:
        record(epoch(1, {"loss": 0.5}))
        monkeypatch.setattr(os, "pwrite", fail)
        with pytest.raises(StorageError):
            record(epoch(2, {"loss": 0.4}))
        with pytest.raises(StorageError):
            record(RunEnded("failed", "disk full", 2, 1.0, None, {}, {}, {}))
    assert [line["event"] for line in lines(tmp_path)] == ["epoch_ended"]
    assert not (tmp_path / "summary.json").exists()


def test_an_epoch_that_a_signal_interrupted_is_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second Ctrl-C while the row of the epoch is written neither costs it nor doubles it."""
    real, calls = os.pwrite, 0

    def interrupted(descriptor: int, data: bytes, offset: int) -> int:
        nonlocal calls
        calls += 1
        written = real(descriptor, data, offset)
        if calls == 2:
            raise KeyboardInterrupt
        return written

    with Recorder(tmp_path) as record:
        record(epoch(1, {"loss": 0.5}))
        monkeypatch.setattr(os, "pwrite", interrupted)
        with pytest.raises(KeyboardInterrupt):
            record(epoch(2, {"loss": 0.4}))
        record(Message("info", "stopped"))
    assert [line["event"] for line in lines(tmp_path)] == ["epoch_ended", "epoch_ended", "message"]
    assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2"]


def resumed(directory: Path) -> None:
    """Four epochs of a run, of which the last checkpoint has two."""
    with Recorder(directory) as record:
        for number in range(1, 5):
            record(epoch(number, {"loss": 1 / number}))


def started(first: int) -> TrainingStarted:
    """The start of a training that goes on."""
    return TrainingStarted(9, first, 10, {"train": 100}, 7, "CPU", 0, "loss")


def test_rows_after_the_checkpoint_are_cut_off_when_the_training_goes_on(tmp_path: Path) -> None:
    """They are trained again; a resume that fails before that has changed nothing."""
    resumed(tmp_path)
    before = (tmp_path / "metrics.csv").read_bytes()
    with Recorder(tmp_path, epochs=2) as record:
        record(PhaseStarted("data"))
    assert (tmp_path / "metrics.csv").read_bytes() == before
    with Recorder(tmp_path, epochs=2) as record:
        record(started(3))
        assert [row["epoch"] for row in rows(tmp_path)] == ["1", "2"]
        record(epoch(3, {"loss": 0.1, "extra": 2.0}))
    assert [(row["epoch"], row["loss"], row["extra"]) for row in rows(tmp_path)] == [
        ("1", "1.0", ""),
        ("2", "0.5", ""),
        ("3", "0.1", "2.0"),
    ]


def test_a_column_that_came_with_a_later_row_goes_with_it(tmp_path: Path) -> None:
    """The table is then that of a run which never was further, and gets the column again in its time."""
    with Recorder(tmp_path) as record:
        record(epoch(1, {"loss": 1.0}))
        record(epoch(2, {"loss": 0.5}))
        before = (tmp_path / "metrics.csv").read_bytes()
        record(epoch(3, {"loss": 0.4, "val_loss": 0.6}))
    after = (tmp_path / "metrics.csv").read_bytes()
    with Recorder(tmp_path, epochs=2) as record:
        record(started(3))
        assert (tmp_path / "metrics.csv").read_bytes() == before
        record(epoch(3, {"loss": 0.4, "val_loss": 0.6}))
    assert (tmp_path / "metrics.csv").read_bytes() == after


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"epoch,seconds,learning_rate,loss\n1,1.1,0.001,1.0\n",
        b"epoch,seconds,learning_rate,loss\n1,1.1,0.001,1.0\n2,2.1,0.0",
        b"epoch,seconds,learning_rate,loss\n2,1.1,0.001,1.0\n1,1.1,0.001,1.0\n",
        b"epoch,seconds,learning_rate,loss\n1,1.1,0.001,1.0,7\n2,1.1,0.001,1.0\n",
        "epoch,seconds,learning_rate,loss\n1,1.1,0.001,1.0\n\u00b2,1.1,0.001,1.0\n".encode(),
        b"number,seconds,learning_rate,loss\n1,1.1,0.001,1.0\n2,1.1,0.001,1.0\n",
        b"epoch,seconds,learning_rate,loss\n1,1.1,0.001,\xff\n2,1.1,0.001,1.0\n",
        b'epoch,seconds,learning_rate,loss\n1,1.1,0.001,"1.0\n2,1.1,0.001,1.0\n',
    ],
)
def test_a_table_that_lacks_an_epoch_is_a_data_error(tmp_path: Path, content: bytes) -> None:
    """A run whose table was damaged is not continued as if it were whole, and stays as it is."""
    (tmp_path / "metrics.csv").write_bytes(content)
    with pytest.raises(DataError, match="does not hold the epochs 1 to 2 of the checkpoint"):
        Recorder(tmp_path, epochs=2)
    assert (tmp_path / "metrics.csv").read_bytes() == content
    (tmp_path / "metrics.csv").unlink()
    with pytest.raises(DataError, match="does not hold the epochs"):
        Recorder(tmp_path, epochs=2)
