"""`nnrun train` as a user meets it: bad input, streams, and signals at every moment."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nnrun.cli.main import run
from nnrun.verification.verify import verify

IRIS = """\
name: iris
seed: 0
dataset:
  source: sklearn
  name: iris
  split: {test: 0.5, stratify: true}
model:
  layers:
    - Dense: {units: 16, activation: relu}
    - Dense: {units: 3, activation: softmax}
compile:
  optimizer: {Adam: {learning_rate: 0.01}}
  loss: categorical_crossentropy
  metrics: [accuracy]
fit:
  epochs: 2
  batch_size: 16
"""
TABLE = """\
name: table
dataset: {source: csv, path: table.csv, target: kind, split: {test: 0.5}}
model:
  layers:
    - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: SGD, loss: binary_crossentropy}
"""
DIGITS = IRIS.replace("  name: iris", "  name: digits").replace("layers:\n", "layers:\n    - Flatten\n")
LAYERS = "    - Dense: {units: 16, activation: relu}\n"


@dataclass(frozen=True)
class Bad:
    """A config that cannot be trained, and what has to be said about it."""

    text: str
    place: str
    words: str
    advice: str
    code: int = 3


BAD: Mapping[str, Bad] = {
    "empty": Bad("", ":1:1: ", "the file is empty", "start with the sections"),
    "list": Bad("- a\n- b\n", ":1:1: ", "received a list", "start with the sections"),
    "tab": Bad(IRIS.replace("  epochs", "\tepochs"), ":16:1: ", "a tab cannot indent", "with spaces"),
    "epochs": Bad(IRIS.replace("epochs: 2", "epochs: ten"), ":16:11: ", "a whole number", "'ten'"),
    "unit": Bad(IRIS.replace("units: 16", "unit: 16"), ":9:15: ", "no argument 'unit'", "'units'?"),
    "densee": Bad(IRIS.replace("Dense: {units: 16", "Densee: {units: 16"), ":9:7: ", "'Densee'", "'Dense'?"),
    "rleu": Bad(IRIS.replace("relu", "rleu"), ":9:38: ", "unknown activation 'rleu'", "'relu'?"),
    "adamm": Bad(IRIS.replace("Adam:", "Adamm:"), ":12:15: ", "unknown optimizer 'Adamm'", "'Adam'?"),
    "negative": Bad(IRIS.replace("batch_size: 16", "batch_size: -4"), ":17:15: ", "at least 1", "-4"),
    "target": Bad(
        TABLE.replace("target: kind", "target: kinds"), ":2:49: ", "no column 'kinds'", "'kind'?", 4
    ),
    "text": Bad(
        TABLE.replace("binary_crossentropy", "mse"), ":6:33: ", "a loss for classes", "binary_crossentropy"
    ),
    "split": Bad(IRIS.replace("0.5", "0.001"), ":6:17: ", "test split is empty", "a larger fraction", 4),
    "one": Bad(TABLE.replace("target: kind", "target: same"), ":2:49: ", "one class", "another target"),
    "loss": Bad(DIGITS, ":11:22: ", "expected 10 units in the last layer", "write units: 10"),
    "rank": Bad(
        IRIS.replace(LAYERS, LAYERS + "    - MaxPooling2D\n"),
        ":10:7: ",
        "MaxPooling2D expects an image",
        "Reshape",
    ),
    "monitor": Bad(
        IRIS + "  callbacks: [{EarlyStopping: {monitor: acuracy}}]\n", ":18:41: ", "'acuracy'", "'accuracy'?"
    ),
    "checkpoint": Bad(
        IRIS + "checkpoint: {monitor: val_loss}\n",
        ":18:23: ",
        "there are no validation data",
        "dataset.split",
    ),
}
"""The list of issue 2, where TensorFlow is not needed to find it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all configs, good and bad."""
    folder = tmp_path_factory.mktemp("configs")
    for name, bad in BAD.items():
        (folder / f"{name}.yaml").write_text(bad.text)
    (folder / "iris.yaml").write_text(IRIS)
    rows = [f"{number},{'pq'[number % 2]},x" for number in range(40)]
    (folder / "table.csv").write_text("\n".join(["size,kind,same", *rows]) + "\n")
    return folder


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder with the configs as the working directory; it holds no runs before and after the test."""
    monkeypatch.chdir(folder)
    assert not Path("runs").exists()
    yield folder
    assert not Path("runs").exists()


def start(folder: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Starts the program in a folder, with pipes for its output."""
    environment = {key: value for key, value in os.environ.items() if key not in ("CI", "NNRUN_RUNS_DIR")}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
    settings: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(
        [sys.executable, "-m", "nnrun", *arguments], cwd=folder, text=True, env=environment, **settings
    )


@pytest.mark.parametrize("command", ["check", "train"])
@pytest.mark.parametrize("name", BAD)
def test_bad_config(
    here: Path,
    name: str,
    command: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One clear message with place and advice, the exit code of its kind, and nothing is written."""
    bad = BAD[name]
    assert run([command, f"{name}.yaml"]) == bad.code
    output = capsys.readouterr()
    text = output.out if command == "check" else output.err
    errors = [line for line in text.splitlines() if ": error: " in line]
    assert len(errors) == 1
    assert errors[0].startswith(f"{name}.yaml{bad.place}error: ")
    assert bad.words in errors[0]
    assert bad.advice in text


def test_all_bad_configs_at_once(here: Path) -> None:
    """In a process of its own, as users run it, train reports every config and shows no traceback."""
    files = [f"{name}.yaml" for name in BAD]
    process = start(here, "train", *files)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (3, "")
    assert err.count(": error: ") == len(BAD)
    assert [name for name in BAD if f"{name}.yaml{BAD[name].place}" not in err] == []
    assert "Traceback" not in err
    assert "bug" not in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["missing.yaml"], 4, "no config file 'missing.yaml'"),
        (["iriss.yaml"], 4, "did you mean 'iris.yaml'?"),
        (["."], 4, "is a folder"),
        (["iris.yaml", "fit.epochs"], 2, "Write fit.epochs=VALUE"),
        (["iris.yaml", "fit.epochs="], 3, "write a value"),
        (["iris.yaml", "model.layers[9].units=3"], 3, "the last one is model.layers[1]"),
        (["iris.yaml", "--name", "../up"], 3, "expected a name"),
        (["iris.yaml", "--name", ""], 3, "expected a name"),
        (["iris.yaml", "--seed", "-1"], 3, "at least 0"),
        (["iris.yaml", "--device", "tpu"], 2, "expected auto, cpu, gpu or gpu:N"),
        (["iris.yaml", "--device", "gpu:x"], 2, "expected auto, cpu, gpu or gpu:N"),
        (["iris.yaml", "--require", "nonsense"], 2, "expected METRIC>=NUMBER"),
        (["iris.yaml", "--require", "val_accuracy>=0.9"], 2, "there are no validation data"),
        (["iris.yaml", "--require", "acc>=0.9"], 2, "did you mean 'accuracy'?"),
        (["iris.yaml", "unit.yaml"], 3, "did you mean 'units'?"),
        (["iris.yaml", "--runs-dir", "table.csv/runs"], 4, "cannot make the run directory"),
    ],
)
def test_bad_arguments(
    here: Path,
    arguments: list[str],
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They are told before anything is loaded, with what to write instead."""
    assert run(["train", *arguments]) == code
    output = capsys.readouterr()
    assert words in output.err
    assert output.out == ""


def test_problem_of_an_argument_is_told_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not once for every config that it would be applied to."""
    (here / "second.yaml").write_text(IRIS)
    assert run(["train", "iris.yaml", "second.yaml", "fit.epochs=x"]) == 3
    assert capsys.readouterr().err.count("error: ") == 1


def test_dangling_link(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message tells where the link leads, and does not propose the link itself."""
    (here / "link.yaml").symlink_to("nowhere.yaml")
    assert run(["train", "link.yaml"]) == 4
    assert "a link to 'nowhere.yaml'" in capsys.readouterr().err


def test_common_options_may_follow_the_command(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`nnrun check FILE -q` is silent too."""
    assert run(["check", "iris.yaml", "-q"]) == 0
    assert capsys.readouterr().out == ""


def test_dry_run_loads_the_data_and_trains_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what training would begin with."""
    assert run(["train", "iris.yaml", "--dry-run"]) == 0
    assert "75 train, 75 test samples" in capsys.readouterr().out


@pytest.mark.tensorflow
def test_config_that_keras_refuses_leaves_the_next_its_turn(folder: Path, tmp_path: Path) -> None:
    """A layer in the middle of the stack is named with its line and keeps no directory; stdout holds results only."""
    # Nothing but Keras knows the shapes of this layer.
    einsum = "    - EinsumDense: {equation: 'abc,cd->abd', output_shape: [2, 5]}\n    - Flatten\n"
    (tmp_path / "shape.yaml").write_text(IRIS.replace("iris", "shape", 1).replace(LAYERS, LAYERS + einsum))
    process = start(tmp_path, "train", "shape.yaml", str(folder / "iris.yaml"), "--runs-dir", "a/runs")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3
    assert (
        "shape.yaml:10:7: error: model.layers[1]: EinsumDense cannot take its input of shape (16,): " in err
    )
    assert "Epoch 2/2 - " in err
    assert "\x1b" not in err + out
    assert [path.name for path in (tmp_path / "a/runs").iterdir()] == ["iris"]
    assert out.strip().startswith("iris: completed, all 2 epochs trained")
    (path,) = (tmp_path / "a/runs/iris").iterdir()
    assert out.rstrip().endswith(f"run   {path.relative_to(tmp_path)}")


@pytest.mark.tensorflow
def test_machine_without_the_device(tmp_path: Path, folder: Path) -> None:
    """A GPU that is not there is told, and leaves not even the folder of the runs."""
    process = start(tmp_path, "train", str(folder / "iris.yaml"), "--device", "gpu:99")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (4, "")
    assert "--device gpu:99: TensorFlow sees" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tensorflow
def test_closed_streams_do_not_stop_training(folder: Path, tmp_path: Path) -> None:
    """Stderr is closed and nobody reads stdout: the run is complete all the same."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "nnrun", "train", str(folder / "iris.yaml"), "--runs-dir", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    code = subprocess.call(["sh", "-c", 'exec "$@" 2>&-', "sh", *command], stdout=writing, env=environment)
    os.close(writing)
    assert code == 0
    (path,) = tmp_path.glob("iris/*")
    assert json.loads((path / "run.json").read_text())["status"] == "completed"


@dataclass(frozen=True)
class Stopped:
    """A training that signals stopped."""

    code: int
    messages: list[str]
    record: dict[str, Any]
    path: Path


Happens = Callable[[dict[str, Any]], bool]


def phase(name: str) -> Happens:
    """Tells when a phase begins."""
    return lambda event: event["event"] == "phase_started" and event["phase"] == name


def epoch(number: int) -> Happens:
    """Tells when an epoch is complete."""
    return lambda event: event["event"] == "epoch_ended" and event["epoch"] == number


def stop(folder: Path, runs: Path, when: Happens, signals: list[int], *overrides: str) -> Stopped:
    """Trains, and sends signals at an event."""
    process = start(folder, "train", "iris.yaml", "--progress", "json", "--runs-dir", str(runs), *overrides)
    messages: list[str] = []
    sent = False
    assert process.stderr is not None
    for line in process.stderr:
        if not line.startswith("{"):
            messages.append(line.rstrip())
        elif not sent and when(json.loads(line)):
            sent = True
            for number in signals:
                process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    (path,) = runs.glob("iris/*")
    record = json.loads((path / "run.json").read_text())
    assert (out == "") == (record["status"] != "completed")
    return Stopped(process.returncode, messages, record, path)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("moment", "number", "code"),
    [("data", signal.SIGINT, 130), ("import", signal.SIGTERM, 143), ("build", signal.SIGINT, 130)],
)
def test_signal_before_training(folder: Path, tmp_path: Path, moment: str, number: int, code: int) -> None:
    """The run is kept, says that it was interrupted, and the message says where it is."""
    stopped = stop(folder, tmp_path, phase(moment), [number])
    assert stopped.code == code
    assert stopped.messages == [
        f"interrupted by {signal.Signals(number).name}; the run is kept: {stopped.path}"
    ]
    assert (stopped.record["status"], stopped.record["exit_code"]) == ("interrupted", code)
    assert (stopped.path / "resolved.yaml").exists()
    assert not list(stopped.path.rglob("*.keras"))


@pytest.mark.tensorflow
def test_signal_in_training_saves(folder: Path, tmp_path: Path) -> None:
    """Ctrl-C finishes the step and saves both models; every complete epoch is in the table."""
    stopped = stop(folder, tmp_path, epoch(3), [signal.SIGINT], "fit.epochs=1000000")
    assert stopped.code == 130
    assert (stopped.record["status"], stopped.record["exit_code"]) == ("interrupted", 130)
    assert stopped.record["reason"].startswith("interrupted in epoch ")
    assert {path.name for path in stopped.path.glob("model/*")} == {
        "best.keras",
        "last.keras",
        "preprocessing.json",
    }
    epochs = [line.split(",")[0] for line in (stopped.path / "metrics.csv").read_text().splitlines()[1:]]
    assert epochs == [str(number) for number in range(1, len(epochs) + 1)]
    assert len(epochs) >= 3


def in_new_terminal() -> None:
    """Makes stdin the controlling terminal of a process, as that of a window is for a shell."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.tensorflow
def test_closed_terminal_saves(folder: Path, tmp_path: Path) -> None:
    """Its end is a signal, and nothing can be shown any more: what was trained is saved all the same."""
    ours, terminal = pty.openpty()
    arguments = [
        "train",
        "iris.yaml",
        "fit.epochs=1000000",
        "--progress",
        "plain",
        "--runs-dir",
        str(tmp_path),
    ]
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal)
    process = start(folder, *arguments, **streams, preexec_fn=in_new_terminal)
    os.close(terminal)
    shown = b""
    while b"Epoch 3/" not in shown:
        shown += os.read(ours, 4096)
    os.close(ours)
    try:
        assert process.wait(60) == 129
    finally:
        process.kill()
    (path,) = tmp_path.glob("iris/*")
    result = verify(path)
    assert (result.broken, result.status) == ((), "interrupted")
    assert {file.name for file in (path / "model").glob("*.keras")} == {"best.keras", "last.keras"}
    assert json.loads((path / "run.json").read_text())["exit_code"] == 129


@pytest.mark.tensorflow
def test_second_signal_stops_at_once(folder: Path, tmp_path: Path) -> None:
    """Who presses Ctrl-C twice does not wait for the save; the record is right all the same."""
    stopped = stop(folder, tmp_path, epoch(3), [signal.SIGINT, signal.SIGTERM], "fit.epochs=1000000")
    assert stopped.code == 143
    assert stopped.record["status"] == "interrupted"
    assert not list(stopped.path.rglob("*.keras"))


@pytest.mark.tensorflow
def test_signal_while_saving_is_not_forgotten(folder: Path, tmp_path: Path) -> None:
    """All epochs are trained and saved, so the run is complete; what would come next does not."""
    stopped = stop(folder, tmp_path, phase("save"), [signal.SIGTERM])
    assert stopped.code == 143
    assert stopped.record["status"] == "completed"
    assert stopped.record["reason"] == "all 2 epochs trained"
    assert (stopped.path / "model/last.keras").exists()
    assert (stopped.path / "model/best.keras").exists()
