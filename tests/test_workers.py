"""Workers of a training on this machine: the weights of one device, and a clear end whatever happens to one of them.

Two workers sum the gradients of the parts of a batch, which one device sums in another order: each of the about 1,400
steps differs by some units in the last place of a 32-bit float, 6e-8 of its size, and the training forgets most of
it. The weights, around 1, were seen to differ by less than 1e-6; the tolerance leaves room for other processors.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.rundir.checkpoints import read_checkpoint
from nnrun.rundir.reading import Run
from nnrun.training.cluster import tf_config
from nnrun.training.launching import _free_ports
from tests.configs import nnrun

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

TOLERANCE = 1e-5
LIMIT = 180.0
"""Seconds after which a process that should have ended is a failure; on an idle machine it is ten or less."""

EPOCHS = 16

CONFIG = """\
name: together
seed: 3
dataset: {source: npz, path: rows.npz, split: {validation: 0.1, test: 0.05}}
model:
  layers:
    - Dense: {units: 8, activation: tanh, kernel_regularizer: l2}
    - Dense: {units: 2, activation: softmax}
compile:
  optimizer: {SGD: {learning_rate: 0.05, momentum: 0.5}}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
fit: {epochs: 200, batch_size: 7, class_weight: {0: 2.0}}
checkpoint: {every_epochs: 1}
"""
"""85 batches an epoch: parts of three and four samples. Nobody waits for 200 epochs, all of them are interrupted."""


@dataclass
class Started:
    """A command that runs.

    Args:
        process: Its process.
        errors: The file that has its stderr.
    """

    process: subprocess.Popen[bytes]
    errors: Path

    @property
    def told(self) -> str:
        """What it has printed to stderr so far."""
        return self.errors.read_text()

    def until(self, text: str) -> None:
        """Waits for a text on stderr."""
        end = time.monotonic() + LIMIT
        while text not in self.told:
            assert self.process.poll() is None, self.told
            assert time.monotonic() < end, self.told
            time.sleep(0.01)

    def ended(self) -> int:
        """Returns the exit code; ends it and fails where that takes too long."""
        try:
            return self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it still runs, and said: {self.told}")

    def workers(self) -> list[int]:
        """Returns the processes that it started, the chief first."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        pairs = [line.split() for line in listed.stdout.splitlines()]
        return sorted(int(pid) for pid, parent in pairs if int(parent) == self.process.pid)


class Desk:
    """A folder with a config, and commands that are started in it."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder = folder
        (folder / "together.yaml").write_text(CONFIG)
        x = np.random.default_rng(1).normal(size=(700, 4)).astype(np.float32)
        np.savez(folder / "rows.npz", x=x, y=(x[:, 0] * x[:, 1] > x[:, 2]).astype(np.int64))
        self._stack = stack
        self._count = 0

    def start(self, *arguments: str, **environment: str) -> Started:
        """Starts nnrun."""
        self._count += 1
        errors = self.folder / f"stderr-{self._count}.txt"
        with errors.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "nnrun", *arguments, "--progress", "plain"],
                cwd=self.folder,
                env=os.environ | environment,
                stdout=subprocess.DEVNULL,
                stderr=stream,
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return Started(process, errors)

    def record(self) -> dict[str, Any]:
        """Returns `run.json` of the only run."""
        record: dict[str, Any] = json.loads((self.run / "run.json").read_text())
        return record

    @property
    def run(self) -> Path:
        """The only run."""
        (path,) = (self.folder / "runs" / "together").iterdir()
        return path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A folder; what was started in it has ended afterwards."""
    with contextlib.ExitStack() as stack:
        yield Desk(tmp_path, stack)


def wait_for_the_end_of(processes: list[int]) -> None:
    """Returns when none of them runs any more."""
    end = time.monotonic() + LIMIT
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < end:
                os.kill(process, 0)
                time.sleep(0.05)
            os.kill(process, signal.SIGKILL)
            pytest.fail(f"{process} still runs")


def test_workers_that_are_killed_and_go_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is killed, then the launcher; the run goes on with other workers, to the weights of one device."""
    monkeypatch.chdir(desk.folder)
    launcher = desk.start("train", "together.yaml", "--workers", "2")
    launcher.until("Epoch 2/200")
    chief, worker = launcher.workers()
    os.kill(worker, signal.SIGKILL)
    assert launcher.ended() == 5
    assert "Worker 1 of 2 was killed by SIGKILL." in launcher.told
    wait_for_the_end_of([chief])
    assert (desk.record()["status"], desk.record()["exit_code"]) == ("failed", 5)
    assert nnrun("verify", "latest") == 0

    launcher = desk.start("resume", "latest", "--workers", "2")
    launcher.until("Epoch 5/200")
    workers = launcher.workers()
    launcher.process.kill()
    wait_for_the_end_of(workers)
    assert (desk.record()["status"], desk.record()["exit_code"]) == ("interrupted", 143)
    written = sorted(path.name for path in desk.run.iterdir())

    # Without a launcher, as on two machines.
    addresses = tuple(f"127.0.0.1:{port}" for port in _free_ports(2))
    both = [
        desk.start("resume", "latest", f"fit.epochs={EPOCHS}", TF_CONFIG=tf_config(addresses, index))
        for index in range(2)
    ]
    assert [one.ended() for one in both] == [0, 0], [one.told for one in both]
    assert "the chief, 127.0.0.1:" in both[1].told
    assert "Epoch" not in both[1].told
    assert sorted(path.name for path in desk.run.iterdir() if path.name != "plots") == written
    assert desk.record()["distribute"] == {"strategy": "multi_worker", "replicas": 2, "workers": 2}
    assert desk.record()["device"] == "CPU x 2, 2 workers"

    assert nnrun("train", "together.yaml", f"fit.epochs={EPOCHS}", "--runs-dir", "alone", "-q") == 0
    (alone,) = (desk.folder / "alone" / "together").iterdir()
    assert_nearly_equal(Run.read(desk.run), Run.read(alone))
    assert nnrun("verify", "latest") == 0
    assert nnrun("evaluate", "latest") == 0


def assert_nearly_equal(one: Run, other: Run) -> None:
    """Fails unless weights, optimizer and metrics of all epochs agree, up to rounding."""
    first, second = (read_checkpoint(run.path)[0] for run in (one, other))
    assert first.epoch == second.epoch == EPOCHS
    assert first.arrays.keys() == second.arrays.keys()
    for name, array in first.arrays.items():
        np.testing.assert_allclose(second.arrays[name], array, atol=TOLERANCE, rtol=0, err_msg=name)
    tables = [
        np.genfromtxt(run.path / "metrics.csv", delimiter=",", names=True, usecols=(0, 3, 4, 5, 6))
        for run in (one, other)
    ]
    assert tables[0].dtype.names == ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")
    for name in tables[0].dtype.names:
        np.testing.assert_allclose(tables[0][name], tables[1][name], atol=TOLERANCE, rtol=0, err_msg=name)


def test_ctrl_c_reaches_every_worker(desk: Desk) -> None:
    """Workers that are interrupted before they have met end, and so does the launcher."""
    launcher = desk.start("train", "together.yaml", "--workers", "2")
    launcher.until("together: ")  # where the run is
    workers = launcher.workers()
    launcher.process.send_signal(signal.SIGINT)
    assert launcher.ended() == 130
    wait_for_the_end_of(workers)
    assert len(workers) == 2
    assert (desk.record()["status"], desk.record()["exit_code"]) == ("interrupted", 130)


def test_a_worker_alone_says_for_whom_it_waits(desk: Desk) -> None:
    """The time that the config gives is over."""
    addresses = tuple(f"127.0.0.1:{port}" for port in _free_ports(2))
    variables = {"TF_CONFIG": tf_config(addresses, 0)}
    overrides = ("distribute.strategy=multi_worker", "distribute.wait_seconds=0.5")
    chief = desk.start("train", "together.yaml", *overrides, **variables)
    assert chief.ended() == 4
    assert f"The chief waited 0.5 seconds for worker 1 ({addresses[1]})" in chief.told
