"""A training that is killed at any moment goes on from its last checkpoint, to the same bits."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from nnrun.rundir.reading import Run
from tests.test_cli_train import start
from tests.test_resume import CONFIG, Lab, assert_same

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

EPOCHS = 40
OVERRIDES = (f"fit.epochs={EPOCHS}", "checkpoint.every_epochs=1")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nobody interrupted."""
    return Lab(tmp_path_factory.mktemp("whole")).train(*OVERRIDES)


@pytest.mark.parametrize("trial", range(6))
def test_killed_run_goes_on_to_the_same_bits(tmp_path: Path, whole: Run, trial: int) -> None:
    """With a checkpoint and two models to write after every epoch, most kills hit a save."""
    chance = random.Random(trial)
    (tmp_path / "resumed.yaml").write_text(CONFIG)
    process = start(
        tmp_path, "train", "resumed.yaml", "--progress", "json", *OVERRIDES, stdout=subprocess.DEVNULL
    )
    after = chance.randint(1, EPOCHS // 2)
    assert process.stderr is not None
    for line in process.stderr:
        event = json.loads(line) if line.startswith("{") else {"event": "warning"}
        if event["event"] == "epoch_ended" and event["epoch"] == after:
            break
    time.sleep(chance.random() * 0.15)
    process.kill()
    process.stderr.close()
    assert process.wait() == -signal.SIGKILL
    (path,) = (tmp_path / "runs").glob("*/*")
    killed = Run.read(path)
    assert killed.status == "lost"
    resumed = Lab(tmp_path).resume(killed)
    assert_same(whole, resumed)
    assert not list(path.rglob(".tmp-*"))
