"""A training that is killed at any moment goes on from its last checkpoint, to the same bits."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from nnrun.rundir.checkpoints import read_checkpoint
from nnrun.rundir.reading import Run
from tests.forked import Forker, Moment
from tests.test_cli_train import start
from tests.test_resume import CONFIG

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

OVERRIDES = ("fit.epochs=4", "checkpoint.every_epochs=1")

CALLS = 36
"""Kills at a system call, spread evenly over all of a training: some hundreds, most of them in a save."""

FULL = 12
"""Trainings on a disk that becomes full, at calls that are spread likewise."""

EVENTS: list[Moment] = [
    ["event", "run_started", 1],
    *(["event", "phase_started", number] for number in range(1, 6)),
    ["event", "training_started", 1],
    *(["event", "progress", number] for number in (1, 2, 5, 7)),
    *(["event", "epoch_ended", number] for number in (1, 3, 4)),
    *(["event", "saved", number] for number in (1, 2, 5)),
    ["event", "run_ended", 1],
]
"""Kills in every phase: before the data, while the network is built, in the middle of an epoch, at the end."""


class Trainings:
    """Trains one config in forked processes, which may be killed."""

    def __init__(self, folder: Path, forker: Forker) -> None:
        self.folder = folder
        self._forker = forker
        (folder / "resumed.yaml").write_text(CONFIG)

    def train(self, runs: str, kill: Moment | None = None) -> tuple[int, int]:
        """Trains in a folder of its own; returns exit code and number of calls."""
        arguments = (
            "train",
            str(self.folder / "resumed.yaml"),
            *OVERRIDES,
            "--runs-dir",
            str(self.folder / runs),
        )
        return self._forker.run(*arguments, kill=kill)

    def command(self, name: str, run: Path) -> int:
        """Runs a command on a run; returns its exit code."""
        return self._forker.run(name, str(run))[0]


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainings]:
    """A process that has TensorFlow loaded and forks."""
    with Forker() as forker:
        yield Trainings(tmp_path_factory.mktemp("killed"), forker)


@pytest.fixture(scope="module")
def whole(trainings: Trainings) -> tuple[Run, int]:
    """A run that nobody interrupted, and how many calls it took."""
    code, calls = trainings.train("whole", ["count"])
    assert code == 0
    assert calls > 300
    (path,) = (trainings.folder / "whole").glob("*/*")
    return Run.read(path), calls


def rows(run: Run) -> list[list[str]]:
    """Returns `metrics.csv` without the times."""
    with (run.path / "metrics.csv").open(newline="") as file:
        return [row[:1] + row[2:] for row in csv.reader(file)]


def weights(model: Path) -> dict[str, np.ndarray]:
    """Returns all arrays in a `.keras` file, which takes Keras longer."""
    with zipfile.ZipFile(model) as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    found: dict[str, np.ndarray] = {}
    with h5py.File(content) as file:
        file.visititems(
            lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
        )
    return found


def assert_same_bits(one: Run, other: Run) -> None:
    """Fails unless metrics, checkpoint and models of two runs are equal."""
    assert rows(one) == rows(other)
    first, second = (read_checkpoint(run.path)[0] for run in (one, other))
    assert (first.epoch, first.state) == (second.epoch, second.state)
    pairs = [(first.arrays, second.arrays)]
    pairs += [
        (weights(one.path / "model" / name), weights(other.path / "model" / name))
        for name in ("best.keras", "last.keras")
    ]
    for wanted, received in pairs:
        assert len(wanted) > 4
        assert wanted.keys() == received.keys()
        for name, array in wanted.items():
            np.testing.assert_array_equal(received[name], array, err_msg=name)


def check_killed(trainings: Trainings, whole: Run, moment: Moment) -> str:
    """Kills a training at a moment; returns whether it could be continued, and to what."""
    folder = trainings.folder / "runs"
    shutil.rmtree(folder, ignore_errors=True)
    code, _ = trainings.train("runs", moment)
    if code == 0:
        return "not hit"  # the other thread was quicker this time
    assert code == -signal.SIGKILL
    found = [path for path in folder.glob("*/*") if (path / "run.json").exists()]
    if not found:
        return "no run yet"
    (path,) = found
    assert trainings.command("verify", path) == 0, moment
    saved = any((path / "checkpoints").glob("epoch-*"))
    ended = Run.read(path).status == "completed"
    if ended or not saved:
        # Nothing is left to do, or was saved: both are told, and nothing breaks.
        assert trainings.command("resume", path) == (2 if ended else 4), moment
        return "ended" if ended else "nothing saved yet"
    assert Run.read(path).status == "lost"
    assert trainings.command("resume", path) == 0, moment
    assert trainings.command("verify", path) == 0, moment
    assert_same_bits(whole, Run.read(path))
    assert not list(path.rglob(".tmp-*"))
    return "continued"


def test_training_that_is_killed_at_any_moment(trainings: Trainings, whole: tuple[Run, int]) -> None:
    """At least 40 kills, over every phase and every write of a save; after each, the run is whole and goes on."""
    run, calls = whole
    moments: list[Moment] = [["call", 1 + number * calls // CALLS] for number in range(CALLS)] + EVENTS
    outcomes = [check_killed(trainings, run, moment) for moment in moments]
    assert sum(outcome != "not hit" for outcome in outcomes) >= 40
    assert outcomes.count("continued") >= 20


def test_training_on_a_disk_that_becomes_full(trainings: Trainings, whole: tuple[Run, int]) -> None:
    """It ends with exit code 7, whatever could not be written; with room again, it goes on to the same bits."""
    run, calls = whole
    outcomes = [check_full(trainings, run, 1 + number * calls // FULL) for number in range(FULL)]
    assert outcomes.count("continued") >= FULL // 2


def check_full(trainings: Trainings, whole: Run, call: int) -> str:
    """Trains on a disk that is full from a call on; returns whether it could be continued, and to what."""
    folder = trainings.folder / "full"
    shutil.rmtree(folder, ignore_errors=True)
    code, _ = trainings.train("full", ["full", call])
    if code == 0:
        return "complete"  # the last calls only remove what is old
    found = [path for path in folder.glob("*/*") if (path / "run.json").exists()]
    if not found:
        assert code in (4, 7), call
        return "no run yet"
    (path,) = found
    assert code == 7, call
    assert trainings.command("verify", path) == 0, call
    if not any((path / "checkpoints").glob("epoch-*")):
        return "nothing saved yet"
    assert trainings.command("resume", path) == 0, call
    assert_same_bits(whole, Run.read(path))
    return "continued"


def test_killed_process_goes_on_to_the_same_bits(
    tmp_path: Path, trainings: Trainings, whole: tuple[Run, int]
) -> None:
    """The same from outside, with a process of its own, at a moment that chance decides."""
    (tmp_path / "resumed.yaml").write_text(CONFIG)
    process = start(
        tmp_path, "train", "resumed.yaml", "--progress", "json", *OVERRIDES, stdout=subprocess.DEVNULL
    )
    assert process.stderr is not None
    for line in process.stderr:
        event = json.loads(line) if line.startswith("{") else {"event": "warning"}
        if event["event"] == "saved":
            break
    time.sleep(random.Random(0).random() * 0.1)
    process.kill()
    process.stderr.close()
    process.wait()
    (path,) = (tmp_path / "runs").glob("*/*")
    assert trainings.command("verify", path) == 0
    if Run.read(path).status != "completed":
        assert trainings.command("resume", path) == 0
    assert_same_bits(whole[0], Run.read(path))
