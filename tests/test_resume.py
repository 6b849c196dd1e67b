"""A run that is interrupted and continued ends with the same bits as one that never was."""

from __future__ import annotations

import csv
import json
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.check import check_config
from nnrun.config.problems import ConfigError
from nnrun.errors import DataError, Interrupted, RunInUseError, TrainingError, UsageError
from nnrun.events import EpochEnded, EpochStarted, Event, Progress
from nnrun.interrupts import Interrupts
from nnrun.rundir.checkpoints import read_checkpoint
from nnrun.rundir.lock import locked
from nnrun.rundir.reading import Run
from nnrun.training.job import Request, resume, train
from nnrun.training.resuming import prepare_resume

pytestmark = pytest.mark.tensorflow

CONFIG = """
name: resumed
seed: 3
dataset: {source: synthetic, generator: blobs, samples: 70, cluster_std: 3.0, split: {validation: 20, stratify: true}}
model:
  layers:
    - Dense: {units: 8, activation: relu}
    - BatchNormalization
    - Dropout: {rate: 0.3}
    - Dense: {units: 3, activation: softmax}
compile:
  optimizer: {Adam: {learning_rate: 0.05}}
  loss: categorical_crossentropy
  metrics: [accuracy]
fit:
  epochs: 6
  batch_size: 8
  class_weight: {'0': 2.0}
  callbacks: [{ReduceLROnPlateau: {monitor: val_loss, factor: 0.5, patience: 1}}]
"""

When = Callable[[Event], bool]


class Lab:
    """Trains, interrupts and continues runs in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.request = Request(folder / "runs", ["nnrun"], "cpu")

    def train(self, *overrides: str, stop: When | None = None) -> Run:
        """Trains the config, until an event that `stop` accepts."""
        file = self.folder / "resumed.yaml"
        file.write_text(CONFIG)
        loaded = check_config(file, overrides)
        before = set((self.folder / "runs").glob("*/*"))
        self._watch(stop, lambda emit, watch: train(loaded, self.request, emit, watch))
        (path,) = set((self.folder / "runs").glob("*/*")) - before
        return Run.read(path)

    def resume(self, run: Run, *overrides: str, stop: When | None = None) -> Run:
        """Continues a run, until an event that `stop` accepts."""
        with locked(run.path):
            resumable = prepare_resume(Run.read(run.path), overrides)
            self._watch(stop, lambda emit, watch: resume(resumable, self.request, emit, watch))
        return Run.read(run.path)

    def _watch(self, stop: When | None, start: Callable[[Any, Interrupts], object]) -> None:
        interrupts = Interrupts()

        def emit(event: Event) -> None:
            if stop is not None and stop(event):
                interrupts.requested = signal.SIGINT

        if stop is None:
            start(emit, interrupts)
            return
        with pytest.raises(Interrupted):
            start(emit, interrupts)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A folder for runs."""
    return Lab(tmp_path)


@pytest.fixture
def single_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of one batch, so that an epoch can be interrupted in its middle."""
    monkeypatch.setattr("nnrun.training.engine.CHUNK_SECONDS", 1e-9)


def in_epoch(number: int, step: int) -> When:
    """Accepts a batch in the middle of an epoch."""
    return lambda event: isinstance(event, Progress) and (event.epoch, event.step) == (number, step)


def at_end_of(number: int) -> When:
    """Accepts the end of an epoch."""
    return lambda event: isinstance(event, EpochEnded) and event.epoch == number


def rows(run: Run) -> list[dict[str, str]]:
    """Returns `metrics.csv` without the times."""
    with (run.path / "metrics.csv").open(newline="") as file:
        return [
            {name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(file)
        ]


def assert_same(one: Run, other: Run) -> None:
    """Fails unless two runs have the same bits in metrics, checkpoint and models."""
    assert rows(one) == rows(other)
    first, second = (read_checkpoint(run.path)[0] for run in (one, other))
    assert first.epoch == second.epoch
    assert first.state == second.state
    assert first.arrays.keys() == second.arrays.keys()
    for name, array in first.arrays.items():
        if name.endswith(("_global_train_batch", "_global_test_batch")):
            continue  # TensorBoard's count of chunks, whose size is a matter of time
        np.testing.assert_array_equal(array, second.arrays[name], err_msg=name)
    import keras

    for weights in ("best", "last"):
        models = [keras.models.load_model(run.path / "model" / f"{weights}.keras") for run in (one, other)]
        for expected, received in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
            np.testing.assert_array_equal(received, expected)
    assert {key: one.summary[key] for key in one.summary if key != "seconds"} == {
        key: other.summary[key] for key in other.summary if key != "seconds"
    }


@pytest.mark.usefixtures("single_batches")
@pytest.mark.parametrize(
    "stops",
    [
        pytest.param([in_epoch(3, 2)], id="middle of an epoch"),
        pytest.param([at_end_of(4)], id="end of an epoch"),
        pytest.param([in_epoch(2, 5), in_epoch(3, 1), at_end_of(5)], id="three times"),
        pytest.param([in_epoch(4, 3), in_epoch(4, 1)], id="twice in the same epoch"),
    ],
)
def test_interruptions_leave_no_trace(lab: Lab, stops: Sequence[When]) -> None:
    """Dropout, batch normalisation, Adam, class weights and ReduceLROnPlateau go on as if nothing had happened."""
    whole = lab.train()
    run = lab.train(stop=stops[0])
    assert run.status == "interrupted"
    for stop in stops[1:]:
        run = lab.resume(run, stop=stop)
    run = lab.resume(run)
    assert run.status == "completed"
    assert_same(whole, run)
    assert len(run.record["resumed"]) == len(stops)


def test_times_of_all_processes_add_up(lab: Lab) -> None:
    """Those by phase as well as the whole."""
    run = lab.train(stop=at_end_of(2))
    resumed = lab.resume(run)
    before, after = run.record["timing"], resumed.record["timing"]
    assert after["build"] > before["build"]
    assert after["save"] > before["save"]
    assert sum(after.values()) < resumed.record["seconds"]


OPTIMIZERS = (
    "Adadelta", "Adafactor", "Adagrad", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "Muon", "Nadam", "RMSprop", "SGD",
    "ScheduleFreeAdamW",
)  # fmt: skip


def test_every_optimizer_is_tried() -> None:
    """Adam is that of all other tests; the wrapper comes with mixed precision; the rest are for several optimizers."""
    import keras

    names = {name for name, each in vars(keras.optimizers).items() if isinstance(each, type)}
    assert names == {*OPTIMIZERS, "Adam", "Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_kind_of_optimizer_goes_on(lab: Lab, name: str) -> None:
    """Slots, counters and momenta are all in the checkpoint."""
    optimizer = f"compile.optimizer={{{name}: {{learning_rate: 0.01}}}}"
    whole = lab.train(optimizer, "fit.epochs=3")
    run = lab.train(optimizer, "fit.epochs=3", stop=at_end_of(1))
    assert_same(whole, lab.resume(run))


@pytest.mark.parametrize(
    "override",
    [
        "compile.optimizer={SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 40}}}}",
        "compile.optimizer={Adam: {learning_rate: 0.05, use_ema: true, ema_momentum: 0.9, clipnorm: 1.0}}",
        "compile.optimizer={SGD: {learning_rate: 0.05, gradient_accumulation_steps: 3}}",
        "fit.callbacks=[{EarlyStopping: {monitor: val_loss, patience: 2, restore_best_weights: true}}]",
        "fit.callbacks=[{EarlyStopping: {monitor: loss, patience: 1}}, TensorBoard, {CSVLogger: {filename: a.csv}}]",
        "fit.validation_freq=2",
        "fit.shuffle=false",
        "checkpoint.monitor=accuracy",
        "model.dtype_policy=mixed_float16",
        "compile.jit_compile=true fit.batch_size=10",
    ],
)
def test_everything_with_a_state_goes_on(lab: Lab, override: str) -> None:
    """Schedules, averages, accumulated gradients and callbacks."""
    override, *more = override.split() if override.startswith("compile.jit_compile") else [override]
    overrides = (override, *more, "fit.epochs=5") + (() if "callbacks" in override else ("fit.callbacks=[]",))
    whole = lab.train(*overrides)
    run = lab.train(*overrides, stop=at_end_of(2))
    assert_same(whole, lab.resume(run))


def test_extended_run_equals_a_longer_one(lab: Lab) -> None:
    """Four epochs and four more are eight, also with weights that are averaged at the end."""
    optimizer = "compile.optimizer={Adam: {learning_rate: 0.05, use_ema: true, ema_momentum: 0.9}}"
    whole = lab.train(optimizer, "fit.epochs=8")
    run = lab.resume(lab.train(optimizer, "fit.epochs=4"), "fit.epochs=8")
    assert_same(whole, run)
    assert "epochs: 8" in run.resolved_path.read_text()
    assert run.config_path.read_text() == CONFIG


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_train_end"])
def test_callback_that_fails_between_epochs_costs_none(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    """What is saved then is the state after the last epoch, and not that of the one before."""
    import keras

    def fail(self: object, argument: object, logs: object = None) -> None:
        if argument == 3 or hook == "on_train_end":
            raise ValueError("no good")

    overrides = (
        "compile.optimizer={Adam: {learning_rate: 0.05, use_ema: true, ema_momentum: 0.9}}",
        "fit.callbacks=[TerminateOnNaN]",
    )
    whole = lab.train(*overrides)
    with monkeypatch.context() as patch, pytest.raises(TrainingError, match="no good"):
        patch.setattr(keras.callbacks.TerminateOnNaN, hook, fail)
        lab.train(*overrides)
    (path,) = set((lab.folder / "runs" / "resumed").iterdir()) - {whole.path}
    assert_same(whole, lab.resume(Run.read(path)))


def test_lost_run_goes_on_from_its_last_checkpoint(lab: Lab) -> None:
    """A process that was killed leaves rows after its checkpoint, which are cut off, and half a checkpoint."""
    whole = lab.train("checkpoint.every_epochs=1")
    run = lab.train("checkpoint.every_epochs=1", stop=at_end_of(4))
    shutil.rmtree(run.path / "checkpoints" / "epoch-000004")
    leftover = run.path / "checkpoints" / ".tmp-1234-epoch-000004"
    leftover.mkdir()
    (leftover / "state.npz").write_bytes(b"half")
    record = json.loads((run.path / "run.json").read_text()) | {"status": "running"}
    (run.path / "run.json").write_text(json.dumps(record))
    assert Run.read(run.path).status == "running"  # this process lives, and it is the one recorded
    resumed = lab.resume(run)
    assert_same(whole, resumed)
    assert not leftover.exists()
    assert [row["epoch"] for row in rows(resumed)] == ["1", "2", "3", "4", "5", "6"]


def test_damaged_checkpoint_falls_back_to_the_one_before(lab: Lab) -> None:
    """A flipped bit is found by its checksum, and named."""
    whole = lab.train("checkpoint.every_epochs=1")
    run = lab.train("checkpoint.every_epochs=1", stop=at_end_of(4))
    file = run.path / "checkpoints" / "epoch-000004" / "state.npz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    resumable = prepare_resume(run, [])
    assert resumable.checkpoint.epoch == 3
    assert "epoch-000004 is damaged" in resumable.notes[0]
    assert_same(whole, lab.resume(run))


def test_only_two_checkpoints_are_kept(lab: Lab) -> None:
    """The size of a run directory is bounded."""
    run = lab.train("checkpoint.every_epochs=1")
    assert sorted(path.name for path in (run.path / "checkpoints").iterdir()) == [
        "epoch-000005",
        "epoch-000006",
    ]


@pytest.mark.parametrize(
    ("override", "path"),
    [
        ("compile.optimizer=sgd", "compile.optimizer"),
        ("fit.batch_size=4", "fit.batch_size"),
        ("seed=4", "seed"),
        ("model.layers[0].units=9", "model.layers[0].Dense.units"),
        ("fit.epochs=1", "fit.epochs"),
    ],
)
def test_change_of_the_past_is_refused(lab: Lab, override: str, path: str) -> None:
    """What would alter what is already trained is an error at the argument, with both values."""
    run = lab.train(stop=at_end_of(2))
    before = {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    with pytest.raises(ConfigError) as caught:
        prepare_resume(run, [override])
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("changes-the-past", path)
    assert problem.place is not None
    assert problem.place.source.kind == "argument"
    assert {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()} == before


def test_changed_data_are_refused(lab: Lab, tmp_path: Path) -> None:
    """Continuing on other rows would mix two data sets."""
    table = tmp_path / "table.csv"
    lines = ["a,b,y", *(f"{n},{n % 7},{'xyz'[n % 3]}" for n in range(60))]
    table.write_text("\n".join(lines) + "\n")
    dataset = f"dataset={{source: csv, path: {table}, target: y, split: {{validation: 0.2}}}}"
    run = lab.train(dataset, "fit.class_weight=null", stop=at_end_of(2))
    table.write_text("\n".join([*lines[:-1], "99,1,x"]) + "\n")
    with pytest.raises(DataError, match=r"data of run .* have changed"):
        lab.resume(run)
    assert run.path.exists()
    table.write_text("\n".join(lines) + "\n")
    assert lab.resume(run).status == "completed"


def test_complete_run_has_nothing_left_to_do(lab: Lab) -> None:
    """The message says how to train more."""
    run = lab.train("fit.epochs=2")
    with pytest.raises(UsageError, match="all 2 epochs") as caught:
        prepare_resume(run, [])
    assert "fit.epochs=4" in caught.value.advice


def test_run_without_checkpoint_cannot_go_on(lab: Lab) -> None:
    """Interrupted in its first epoch, a run has nothing to go on from."""
    run = lab.train(stop=lambda event: isinstance(event, EpochStarted))
    with pytest.raises(DataError, match="has no checkpoint"):
        prepare_resume(run, [])


def test_run_in_use_is_refused(lab: Lab) -> None:
    """A second writer is told who the first one is."""
    run = lab.train("fit.epochs=1")
    with locked(run.path), pytest.raises(RunInUseError, match=r"in use by process \d+ on"), locked(run.path):
        pass
    with locked(run.path):
        pass
