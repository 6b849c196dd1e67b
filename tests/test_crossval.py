"""Cross-validation: every fold has the bits of a training of its own, and all of them together are told rightly."""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.check import check_config
from nnrun.data.loading import load_splits
from nnrun.errors import Interrupted, TrainingError
from nnrun.events import EpochStarted, Event, FoldStarted, RunEnded
from nnrun.interrupts import Interrupts
from nnrun.rundir.checkpoints import read_checkpoint
from nnrun.rundir.selectors import list_runs
from nnrun.search.crossval import cross_validate
from nnrun.search.folds import fold_configs
from nnrun.training.job import Request, train
from tests.configs import nnrun

pytestmark = pytest.mark.tensorflow

CONFIG = """
name: blobs
seed: 3
dataset:
  source: synthetic
  generator: blobs
  samples: 67
  scale: standard
  split: {validation: 0.5, test: 10, stratify: true}
model:
  layers:
    - Dense: {units: 8}
    - BatchNormalization
    - ReLU
    - Dropout: {rate: 0.3}
    - Dense: {units: 3, activation: softmax}
compile:
  optimizer: {Adam: {learning_rate: 0.05}}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
fit:
  epochs: 4
  batch_size: 16
  callbacks:
    - EarlyStopping: {monitor: val_loss, patience: 1, restore_best_weights: true}
    - ReduceLROnPlateau: {monitor: loss, patience: 1, min_delta: 10.0}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the config with texts replaced."""

    def written(*replacements: tuple[str, str]) -> Path:
        text = CONFIG
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "blobs.yaml"
        path.write_text(text)
        return path

    return written


def request(tmp_path: Path) -> Request:
    """Returns a request for trainings in a temporary folder."""
    return Request(tmp_path / "runs", ["nnrun", "crossval", "blobs.yaml"], "cpu")


def crossval_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """Runs the command with `--json`; returns its exit code and what it printed."""
    capsys.readouterr()
    code = nnrun("crossval", *arguments, "--json", "--progress", "off")
    return code, json.loads(capsys.readouterr().out)


def test_folds_have_the_bits_of_trainings_alone(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fold equals a training with the same split and seed, to the last bit, callbacks included.

    58 samples make folds of 20, 19 and 19: the network is built twice, and used again once.
    """
    from nnrun.training.building import build_model

    path, built = write(("samples: 67", "samples: 68")), []

    def counted(*arguments: Any) -> Any:
        built.append(arguments)
        return build_model(*arguments)

    monkeypatch.setattr("nnrun.training.session.build_model", counted)
    configs = fold_configs(path, [], 3)
    result = cross_validate(configs, request(tmp_path), lambda _: None, Interrupts())
    assert len(built) == 2
    overrides = ["dataset.split.validation=null", "dataset.split.folds=3"]
    for one in result.folds:
        alone = check_config(path, [*overrides, f"dataset.split.fold={one.fold}"])
        finished = train(alone, request(tmp_path), lambda _: None, Interrupts())
        assert one.ended.best == finished.ended.best
        assert_equal_runs(one.path, finished.path)


def test_a_fold_that_fails_between_epochs_goes_on_to_the_same_bits(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It trains with the graphs of the fold before, and does not count the epochs of that one."""
    import keras

    def failing(callback: Any, index: int, logs: Any = None) -> None:
        if index == 2 and fold == 2:
            raise TrainingError("no more")

    def listen(event: Event) -> None:
        nonlocal fold
        fold = event.fold if isinstance(event, FoldStarted) else fold

    path, fold = write(), 0
    with monkeypatch.context() as patched:
        patched.setattr(keras.callbacks.EarlyStopping, "on_epoch_begin", failing)
        result = cross_validate(fold_configs(path, [], 3), request(tmp_path), listen, Interrupts())
    assert [type(one.error) for one in result.folds] == [type(None), TrainingError, type(None)]
    failed = result.folds[1].path
    assert read_checkpoint(failed)[0].epoch == 2
    assert nnrun("resume", str(failed), "--progress", "off") == 0
    overrides = ["dataset.split.validation=null", "dataset.split.folds=3", "dataset.split.fold=2"]
    alone = train(check_config(path, overrides), request(tmp_path), lambda _: None, Interrupts())
    assert_equal_runs(failed, alone.path)


def assert_equal_runs(path: Path, other: Path) -> None:
    """Compares the state at the end and the metrics of two runs."""
    ours, theirs = read_checkpoint(path)[0], read_checkpoint(other)[0]
    assert ours.state == theirs.state
    assert ours.arrays.keys() == theirs.arrays.keys()
    for name, array in ours.arrays.items():
        assert np.array_equal(array, theirs.arrays[name], equal_nan=True), name
    assert metrics_of(path) == metrics_of(other)


def metrics_of(path: Path) -> list[dict[str, str]]:
    """Returns the rows of `metrics.csv` without the times."""
    with (path / "metrics.csv").open(newline="") as file:
        return [
            {name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(file)
        ]


def test_command_tells_everything(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has every fold, and mean and deviation of every metric; each fold is a run that evaluate takes."""
    path, runs = write(), tmp_path / "runs"
    code, record = crossval_json(capsys, str(path), "--folds", "3", "--runs-dir", str(runs))
    assert code == 0
    assert (record["folds"], record["complete"], record["divided"]) == (3, 3, "classes")
    assert [one["samples"] for one in record["runs"]] == [{"train": 38, "validation": 19, "test": 10}] * 3
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        for kind in ("best", "final"):
            values = [one[kind][name] for one in record["runs"]]
            assert record[kind][name]["values"] == values
            assert record[kind][name]["mean"] == pytest.approx(statistics.fmean(values))
            assert record[kind][name]["std"] == pytest.approx(statistics.stdev(values))
    for one in record["runs"]:
        row = metrics_of(Path(one["path"]))[-1]
        assert float(row["val_loss"]) == one["final"]["val_loss"]
    found = {run.record["crossval"]["fold"]: run for run in list_runs(runs).runs}
    assert sorted(found) == [1, 2, 3]
    assert {run.record["crossval"]["id"] for run in found.values()} == {record["id"]}
    chosen = record["runs"][1]
    assert nnrun("runs", "--filter", f"crossval.id={record['id']}", "--json", "--runs-dir", str(runs)) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3
    arguments = ("evaluate", chosen["path"], "--split", "validation", "--json")
    assert nnrun(*arguments) == 0
    evaluated = json.loads(capsys.readouterr().out)
    assert evaluated["fingerprint"] == found[2].record["data"]["fingerprint"]
    assert evaluated["metrics"]["loss"] == pytest.approx(chosen["best"]["val_loss"], rel=1e-6)
    assert all((Path(one["path"]) / "plots" / "curves.png").exists() for one in record["runs"])


def test_preprocessing_is_fitted_in_each_fold(write: Write, tmp_path: Path) -> None:
    """Scaling is learned from the training samples of the fold alone, and stays with its run."""
    configs = fold_configs(write(("epochs: 4", "epochs: 1")), [], 2)
    result = cross_validate(configs, request(tmp_path), lambda _: None, Interrupts())
    means = []
    for loaded, one in zip(configs, result.folds, strict=True):
        splits = load_splits(loaded.experiment.dataset, loaded.experiment.compile.loss, loaded.seed)
        stored = json.loads((one.path / "model" / "preprocessing.json").read_text())
        assert stored == json.loads(json.dumps(splits.preprocessing.to_json()))
        assert np.abs(np.asarray(splits.train.x).mean(axis=0)).max() < 1e-5
        means.append(stored["scaling"])
    assert means[0] != means[1]


def test_regression_is_told_as_text(write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Numbers are divided without classes; the table has a line per fold and the metrics below."""
    path = write(
        ("generator: blobs", "generator: regression"),
        (", stratify: true", ""),
        ("units: 3, activation: softmax", "units: 1"),
        ("sparse_categorical_crossentropy", "mse"),
        ("[accuracy]", "[mae]"),
    )
    assert nnrun("crossval", str(path), "--folds", "2", "fit.epochs=2", "--runs-dir", str(tmp_path)) == 0
    shown = capfd.readouterr()
    lines = shown.out.splitlines()
    assert lines[0] == "blobs: 2 folds of 57 samples; seed 3"
    assert (
        " ".join(lines[2].split()) == "fold train validation epochs best val_loss val_mae loss mae time run"
    )
    assert [line.split()[:3] for line in lines[3:5]] == [["1", "28", "29"], ["2", "29", "28"]]
    assert lines[-1].startswith("runs  nnrun runs --filter crossval.id=cv-")
    assert "note: the folds take the place of dataset.split.validation" in shown.err
    assert sum(line.startswith("Fold ") for line in shown.err.splitlines()) == 2


def test_folds_that_diverge(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A training that fails is told with its fold; the others go on, and the command exits with 5."""
    path = write(("learning_rate: 0.05", "learning_rate: 1.0e+38"), ("Adam", "SGD"))
    code, record = crossval_json(capsys, str(path), "--folds", "2", "--runs-dir", str(tmp_path))
    assert code == 5
    assert record["complete"] == 0
    assert record["best"] == {}
    assert [one["status"] for one in record["runs"]] == ["failed", "failed"]
    assert all("The loss is" in one["reason"] for one in record["runs"])


def test_means_can_be_required(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A requirement is about the mean over the folds; not met, it is exit code 6."""
    arguments = (str(write()), "--folds", "2", "fit.epochs=1", "--runs-dir", str(tmp_path))
    assert nnrun("crossval", *arguments, "--require", "val_loss<1e-9", "--progress", "off") == 6
    assert "the mean of the best epochs has" in capsys.readouterr().err
    assert nnrun("crossval", *arguments, "--require", "val_loss>0", "--progress", "off") == 0


def test_interruption_keeps_what_is_done(write: Write, tmp_path: Path) -> None:
    """A signal ends the fold, whose run can be continued, and says how many folds are complete."""
    interrupts, fold = Interrupts(), 0

    def listen(event: Event) -> None:
        nonlocal fold
        if isinstance(event, FoldStarted):
            fold = event.fold
        elif isinstance(event, EpochStarted) and (fold, event.epoch) == (2, 2):
            interrupts.requested = 2

    with pytest.raises(Interrupted, match="1 of 3 folds are complete") as error:
        cross_validate(fold_configs(write(), [], 3), request(tmp_path), listen, interrupts)
    assert error.value.exit_code == 130
    runs = {run.record["crossval"]["fold"]: run for run in list_runs(tmp_path / "runs").runs}
    assert {fold: run.status for fold, run in runs.items()} == {1: "completed", 2: "interrupted"}
    assert str(runs[2].path) in error.value.message
    assert nnrun("resume", str(runs[2].path), "--progress", "off") == 0


def test_events_of_all_folds(write: Write, tmp_path: Path) -> None:
    """A display hears of each fold, then of its run; the files of the run hear of the run alone."""
    events: list[Event] = []
    cross_validate(fold_configs(write(), ["fit.epochs=1"], 2), request(tmp_path), events.append, Interrupts())
    kinds = [event.kind for event in events if isinstance(event, FoldStarted | RunEnded)]
    assert kinds == ["fold_started", "run_ended"] * 2
    for run in list_runs(tmp_path / "runs").runs:
        assert '"fold_started"' not in (run.path / "events.jsonl").read_text()
        assert '"crossval"' in (run.path / "run.json").read_text()
