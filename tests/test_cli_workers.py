"""What `train` and `resume` refuse where several processes train, and how the launcher ends: without TensorFlow."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nnrun.errors import TrainingError
from nnrun.training.cluster import tf_config
from nnrun.training.launching import _first_failure, _Worker, launch
from tests.configs import nnrun, write_iris

TWO = tf_config(("127.0.0.1:1", "127.0.0.1:2"), 0)
SEVERAL = "distribute.strategy=multi_worker"


@pytest.fixture
def iris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A config in the current folder; no variable says anything of workers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    return str(write_iris(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        (["--workers", "0"], "", 2, "greater than or equal to 1"),
        (["--workers", "300"], "", 2, "less than or equal to 256"),
        (["iris.yaml", "--workers", "2"], "", 2, "Workers train one config"),
        (["--workers", "2", "--device", "gpu:1"], "", 2, "gpu:1 is a single device"),
        (["distribute.strategy=mirrored", "--device", "gpu:0"], "", 2, "gpu:0 is a single device"),
        (["--workers", "2"], TWO, 2, "this process is one already"),
        ([SEVERAL], "", 4, "neither TF_CONFIG nor SLURM"),
        ([SEVERAL], "{", 4, "TF_CONFIG is no JSON"),
        (["--workers", "2", "distribute.wait_second=3"], "", 3, "did you mean 'wait_seconds'?"),
    ],
)
def test_what_cannot_be_started_leaves_nothing_behind(
    iris: str,
    arguments: list[str],
    environment: str,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is told before a run directory exists."""
    monkeypatch.setenv("TF_CONFIG", environment)
    assert nnrun("train", iris, *arguments) == code
    assert words in capsys.readouterr().err
    assert not Path("runs").exists()


def test_workers_of_the_environment_that_nobody_asked_for(
    iris: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the strategy each of them would train alone, which is seldom meant."""
    from nnrun.cli.together import cluster_to_train_with
    from nnrun.config.load import load_experiment

    monkeypatch.setenv("TF_CONFIG", TWO)
    assert cluster_to_train_with([load_experiment(Path(iris))], None, "auto") is None
    assert "names 2 workers" in capsys.readouterr().err


def test_a_run_of_one_process_goes_on_in_one(complete_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`resume --workers` would change how it was trained."""
    assert nnrun("resume", str(complete_run), "--workers", "2") == 2
    assert "was not started with distribute.strategy multi_worker" in capsys.readouterr().err


def test_check_says_nothing_of_workers_that_are_not_there(iris: str) -> None:
    """A config for a cluster is checked on any machine."""
    assert nnrun("check", iris, SEVERAL) == 0


def test_all_workers_end_as_the_chief_does(iris: str, capfd: pytest.CaptureFixture[str]) -> None:
    """What all of them find is told once, by the chief."""
    told: list[str] = []
    assert launch(3, ["check", iris, "fit.epoch=1"], 0, told.append) == 3
    assert capfd.readouterr().out.count("has no key 'epoch'") == 1
    assert launch(2, ["check", iris], 0, told.append) == 0
    assert told == []


def test_a_worker_that_fails_is_named_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chief waits for it, and is asked to end; the exit code is that of a failed training."""
    program = tmp_path / "worker"
    program.write_text(
        "#!/bin/sh\n"
        'case "$TF_CONFIG" in\n'
        "*'\"index\": 0}}') exec sleep 100;;\n"
        "*) echo worker 1 of 2: hello; echo no such disk; exit 9;;\n"
        "esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr("nnrun.training.launching.GRACE_SECONDS", 0.2)
    with pytest.raises(TrainingError) as caught:
        launch(2, ["train"], 0, lambda text: None)
    assert caught.value.message == "Worker 1 of 2 ended with exit code 9.\n  no such disk"
    assert "nnrun resume" in caught.value.advice


def test_a_killed_worker_is_named_where_the_chief_ended_at_once() -> None:
    """The chief may notice that a worker is gone before the launcher looks."""
    ends = {"the chief": "exit 5", "worker 1 of 3": "exit 0", "worker 2 of 3": "kill -9 $$"}
    workers = [
        _Worker(name, subprocess.Popen(["/bin/sh", "-c", script]), None) for name, script in ends.items()
    ]
    for worker in workers:
        worker.process.wait()
    assert _first_failure(workers) is workers[2]
    assert _first_failure(workers[:2]) is workers[0]
    assert _first_failure(workers[1:2]) is None


def test_a_killed_chief_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could tell nothing itself; the others do not stay."""
    program = tmp_path / "worker"
    program.write_text(
        '#!/bin/sh\ncase "$TF_CONFIG" in\n*\'"index": 0}}\') kill -9 $$;;\n*) exec sleep 100;;\nesac\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr("nnrun.training.launching.GRACE_SECONDS", 0.2)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(TrainingError, match=r"The chief was killed by SIGKILL\."):
        launch(2, ["train"], 0, lambda text: None)
    assert signal.getsignal(signal.SIGTERM) == before


def test_workers_know_their_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its number, all have the same addresses, seed and run, and the chief alone can tell of the run."""
    program = tmp_path / "worker"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n%s\\n" "$TF_CONFIG" "$NNRUN_LAUNCHED" > {tmp_path}/$$.told\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    assert launch(2, ["train"], 7, lambda text: None, run="/runs/r") == 0
    pairs = [list(map(json.loads, file.read_text().splitlines())) for file in tmp_path.glob("*.told")]
    first, second = sorted(pairs, key=lambda pair: int(pair[0]["task"]["index"]))
    assert first[0]["cluster"] == second[0]["cluster"]
    assert len(set(first[0]["cluster"]["worker"])) == 2
    assert (first[1]["seed"], first[1]["run"]) == (second[1]["seed"], second[1]["run"]) == (7, "/runs/r")
    assert first[1]["notify"] is not None
    assert second[1]["notify"] is None
