"""Training from a config to a run directory, in this process."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.check import check_config
from nnrun.errors import Interrupted, NnrunError, TrainingError
from nnrun.events import EpochEnded, Event, Progress
from nnrun.interrupts import Interrupts
from nnrun.training.job import Finished, Request, train

pytestmark = pytest.mark.tensorflow

BLOBS = """
name: blobs
seed: 3
dataset:
  source: synthetic
  generator: blobs
  samples: 60
  split: {validation: 20, stratify: true}
model:
  layers:
    - Dense: {units: 8, activation: relu}
    - Dropout: {rate: 0.2}
    - Dense: {units: 3, activation: softmax}
compile:
  optimizer: {SGD: {learning_rate: 0.05}}
  loss: categorical_crossentropy
  metrics: [accuracy]
fit:
  epochs: 3
  batch_size: 16
"""

Train = Callable[..., tuple[Finished, list[Event]]]


@pytest.fixture
def train_config(tmp_path: Path) -> Train:
    """Trains a config text with overrides and returns what came out, with the events."""

    def run(
        text: str = BLOBS, *overrides: str, requirements: tuple[str, ...] = ()
    ) -> tuple[Finished, list[Event]]:
        file = tmp_path / "blobs.yaml"
        file.write_text(text)
        events: list[Event] = []
        loaded = check_config(file, overrides)
        request = Request(tmp_path / "runs", ["nnrun", "train", "blobs.yaml"], "cpu", requirements)
        return train(loaded, request, events.append, Interrupts()), events

    return run


def record_of(finished: Finished) -> Any:
    """Returns the record of a run."""
    return json.loads((finished.path / "run.json").read_text())


def rows_of(finished: Finished) -> list[dict[str, str]]:
    """Returns the rows of `metrics.csv` without the times."""
    with (finished.path / "metrics.csv").open(newline="") as file:
        return [
            {name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(file)
        ]


def weights_of(file: Path) -> list[np.ndarray]:
    """Returns the weights of a model that plain Keras loads."""
    import keras

    return keras.models.load_model(file).get_weights()


def test_run_directory_is_complete(train_config: Train) -> None:
    """Every file of the contract is there, and says the same."""
    finished, _ = train_config()
    files = {str(path.relative_to(finished.path)) for path in finished.path.rglob("*") if path.is_file()}
    assert files == {
        "config.yaml",
        "resolved.yaml",
        "run.json",
        "metrics.csv",
        "events.jsonl",
        "summary.json",
        "model.txt",
        "train.log",
        "checkpoints/epoch-000003/manifest.json",
        "checkpoints/epoch-000003/state.npz",
        "model/best.keras",
        "model/last.keras",
        "model/preprocessing.json",
        ".lock",
    }
    assert (finished.path / "config.yaml").read_text() == BLOBS
    record = record_of(finished)
    assert record["status"] == "completed"
    assert record["exit_code"] == 0
    assert record["seed"] == 3
    assert record["class_names"] == ["0", "1", "2"]
    assert set(record["timing"]) == {"import", "data", "build", "trace", "train", "validate", "save"}
    rows = rows_of(finished)
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert list(rows[0]) == ["epoch", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy"]
    summary = json.loads((finished.path / "summary.json").read_text())
    assert summary["final_val_loss"] == float(rows[-1]["val_loss"])
    events = [json.loads(line) for line in (finished.path / "events.jsonl").read_text().splitlines()]
    assert events[0]["event"] == "run_started"
    assert events[-1]["event"] == "run_ended"
    assert [event["epoch"] for event in events if event["event"] == "epoch_ended"] == [1, 2, 3]
    assert "Dropout" in (finished.path / "model.txt").read_text()


def test_resolved_config_gives_the_same_run(train_config: Train) -> None:
    """`resolved.yaml` is runnable as it is."""
    first, _ = train_config()
    second, _ = train_config((first.path / "resolved.yaml").read_text())
    assert rows_of(second) == rows_of(first)


def test_one_seed_gives_one_result(train_config: Train) -> None:
    """Two runs with one seed have the same bits; another seed gives others."""
    first, _ = train_config()
    second, _ = train_config()
    other, _ = train_config(BLOBS, "seed=4")
    assert rows_of(second) == rows_of(first)
    for expected, received in zip(
        weights_of(first.path / "model/last.keras"), weights_of(second.path / "model/last.keras"), strict=True
    ):
        np.testing.assert_array_equal(received, expected)
    assert rows_of(other) != rows_of(first)


def test_drawn_seed_is_recorded_and_repeats_the_run(train_config: Train) -> None:
    """Without `seed`, one is drawn, and the record tells which."""
    text = BLOBS.replace("seed: 3\n", "")
    first, _ = train_config(text)
    seed = record_of(first)["seed"]
    second, _ = train_config(text, f"seed={seed}")
    assert rows_of(second) == rows_of(first)
    third, _ = train_config(text)
    assert record_of(third)["seed"] != seed


def test_best_model_is_that_of_the_best_epoch(train_config: Train) -> None:
    """With a learning rate that makes things worse, the best epoch is not the last one."""
    finished, _ = train_config(BLOBS, "compile.optimizer={SGD: {learning_rate: 0.5}}", "fit.epochs=6")
    losses = [float(row["val_loss"]) for row in rows_of(finished)]
    best = int(np.argmin(losses)) + 1
    assert best < 6
    assert finished.ended.best_epoch == best
    same, _ = train_config(BLOBS, "compile.optimizer={SGD: {learning_rate: 0.5}}", f"fit.epochs={best}")
    for expected, received in zip(
        weights_of(same.path / "model/last.keras"),
        weights_of(finished.path / "model/best.keras"),
        strict=True,
    ):
        np.testing.assert_array_equal(received, expected)


def test_saved_model_is_compiled(train_config: Train) -> None:
    """Plain Keras can evaluate it, and finds the figures of the run."""
    import keras

    from nnrun.data.loading import load_splits

    finished, _ = train_config()
    model = keras.models.load_model(finished.path / "model/last.keras")
    experiment = check_config(finished.path / "resolved.yaml").experiment
    validation = load_splits(experiment.dataset, experiment.compile.loss, 3).validation
    assert validation is not None
    loss, accuracy = model.evaluate(validation.x, validation.y, batch_size=16, verbose=0)
    assert loss == finished.ended.final["val_loss"]
    assert accuracy == finished.ended.final["val_accuracy"]


def test_size_of_chunks_does_not_matter(train_config: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    """Single batches give the same bits as whole epochs."""
    whole, _ = train_config()
    monkeypatch.setattr("nnrun.training.engine.CHUNK_SECONDS", 1e-9)
    single, events = train_config()
    assert sum(isinstance(event, Progress) for event in events) >= 4
    assert rows_of(single) == rows_of(whole)


def test_early_stopping_stops_and_restores(train_config: Train) -> None:
    """The callback's own logic decides; `last.keras` then holds the restored weights, as after `fit`."""
    finished, events = train_config(
        BLOBS,
        "compile.optimizer={SGD: {learning_rate: 0.5}}",
        "fit.epochs=50",
        "fit.callbacks=[{EarlyStopping: {monitor: val_loss, patience: 2, restore_best_weights: true}}]",
    )
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    assert len(epochs) < 50
    assert "EarlyStopping" in finished.ended.reason
    for best, last in zip(
        weights_of(finished.path / "model/best.keras"),
        weights_of(finished.path / "model/last.keras"),
        strict=True,
    ):
        np.testing.assert_array_equal(last, best)


def test_learning_rate_is_that_of_the_epoch(train_config: Train) -> None:
    """ReduceLROnPlateau changes it, and `metrics.csv` shows it."""
    finished, _ = train_config(
        BLOBS,
        "compile.optimizer={SGD: {learning_rate: 8.0}}",
        "fit.epochs=6",
        "fit.callbacks=[{ReduceLROnPlateau: {monitor: loss, factor: 0.5, patience: 1, min_delta: 100.0}}]",
    )
    rates = [float(row["learning_rate"]) for row in rows_of(finished)]
    assert rates[0] == 8.0
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 4.0


def test_batch_hooks_of_callbacks_see_every_batch(train_config: Train) -> None:
    """ModelCheckpoint counts batches: every second one of the eight writes its file, below the run directory."""
    finished, _ = train_config(
        BLOBS,
        "fit.epochs=2",
        "fit.batch_size=10",
        "fit.callbacks=[{ModelCheckpoint: {filepath: 'batches/{epoch}-{batch}.keras', save_freq: 3}}]",
    )
    names = sorted(path.name for path in (finished.path / "batches").iterdir())
    assert names == ["1-3.keras", "2-2.keras"]


def test_csv_logger_agrees_with_metrics(train_config: Train) -> None:
    """Epoch hooks get the logs that `fit` would give them."""
    finished, _ = train_config(BLOBS, "fit.callbacks=[{CSVLogger: {filename: log.csv}}]")
    with (finished.path / "log.csv").open(newline="") as file:
        logged = list(csv.DictReader(file))
    for row, log in zip(rows_of(finished), logged, strict=True):
        assert float(row["loss"]) == float(log["loss"])
        assert float(row["val_accuracy"]) == float(log["val_accuracy"])


def test_tensorboard_holds_the_metrics(train_config: Train) -> None:
    """Event files lie in the run directory and hold the numbers of `metrics.csv`, the graph too."""
    import tensorflow as tf
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    finished, _ = train_config(BLOBS, "fit.callbacks=[TensorBoard]")
    reader = EventAccumulator(str(finished.path / "tensorboard" / "validation"), size_guidance={"tensors": 0})
    reader.Reload()
    values = [float(tf.make_ndarray(event.tensor_proto)) for event in reader.Tensors("epoch_loss")]
    assert values == [float(row["val_loss"]) for row in rows_of(finished)]
    graph = EventAccumulator(str(finished.path / "tensorboard" / "train"))
    graph.Reload()
    assert graph.Tags()["graph"]


def test_metric_with_a_value_per_class(train_config: Train) -> None:
    """Every class is a column, can be watched, and is shown in TensorBoard."""
    finished, _ = train_config(
        BLOBS,
        "compile.metrics=[F1Score, {Precision: {thresholds: [0.3, 0.6]}}]",
        "fit.callbacks=[TensorBoard, {EarlyStopping: {monitor: f1_score_1, mode: max, patience: 1}}]",
        "checkpoint.monitor=precision_1",
        "checkpoint.mode=max",
        "fit.epochs=2",
    )
    assert {"f1_score_0", "f1_score_2", "precision_0", "precision_1"} <= rows_of(finished)[0].keys()
    assert finished.monitor == "precision_1"


def test_class_weights_by_name(train_config: Train) -> None:
    """A weight of zero makes the network ignore a class, named as in the data."""
    finished, _ = train_config(BLOBS, "fit.class_weight={'2': 0.0}", "fit.epochs=20")
    plain, _ = train_config(BLOBS, "fit.epochs=20")
    assert finished.ended.final["val_accuracy"] <= 0.75 < plain.ended.final["val_accuracy"]


def test_divergence_names_epoch_and_batch(train_config: Train, tmp_path: Path) -> None:
    """The run is kept as failed; nothing that is not finite is saved."""
    text = (
        BLOBS.replace("categorical_crossentropy", "mse")
        .replace("units: 3, activation: softmax", "units: 1")
        .replace(", stratify: true", "")
    )
    with pytest.raises(TrainingError, match=r"The loss is (nan|inf) in epoch \d+, batch \d+ of 3") as caught:
        train_config(
            text, "compile.metrics=[]", "compile.optimizer={SGD: {learning_rate: 1e12}}", "fit.epochs=20"
        )
    assert caught.value.exit_code == 5
    (path,) = (tmp_path / "runs" / "blobs").iterdir()
    record = json.loads((path / "run.json").read_text())
    assert (record["status"], record["exit_code"]) == ("failed", 5)
    for model in (path / "model").glob("*.keras"):
        assert all(np.isfinite(weight).all() for weight in weights_of(model))


def test_unmet_requirement_keeps_the_run(train_config: Train) -> None:
    """Exit code 6 is recorded, and the run is complete."""
    finished, _ = train_config(BLOBS, requirements=("val_loss<0.0001",))
    assert len(finished.unmet) == 1
    assert "val_loss<0.0001" in finished.unmet[0]
    assert record_of(finished)["exit_code"] == 6
    met, _ = train_config(BLOBS, requirements=("val_loss<1000",))
    assert met.unmet == ()
    assert record_of(met)["exit_code"] == 0


@pytest.mark.parametrize(
    ("layers", "place", "words"),
    [
        (
            "[{Dense: {units: 4}}, {Conv2D: {filters: 2, kernel_size: 3}}, {Dense: {units: 3}}]",
            "layers[1]",
            "Conv2D",
        ),
        (
            "[{Reshape: {target_shape: [5]}}, {Dense: {units: 3}}]",
            "layers[0].Reshape.target_shape",
            "Reshape",
        ),
        ("[{Input: {shape: [7]}}, {Dense: {units: 3}}]", "layers[0].Input.shape", "(7,)"),
        (
            "[{Dense: {units: 4}}, {EinsumDense: {equation: 'abc,cd->abd', output_shape: [2]}}, {Dense: {units: 3}}]",
            "layers[1]",
            "EinsumDense cannot take its input of shape (4,)",
        ),
    ],
)
def test_shape_error_names_the_layer(
    train_config: Train, tmp_path: Path, layers: str, place: str, words: str
) -> None:
    """A stack that does not fit points at its layer and leaves no directory."""
    from nnrun.config.problems import ConfigError

    text = BLOBS.replace("categorical_crossentropy", "{CategoricalCrossentropy: {from_logits: true}}")
    with pytest.raises(ConfigError) as caught:
        train_config(text, f"model.layers={layers}")
    (problem,) = [problem for problem in caught.value.problems if problem.severity == "error"]
    assert problem.path.endswith(place)
    assert words in problem.message
    assert not any((tmp_path / "runs").glob("*/*"))


def test_second_run_in_one_process_names_metrics_alike(train_config: Train) -> None:
    """Keras numbers repeated names per process; a run must not depend on what ran before."""
    overrides = ("compile.metrics=[AUC, accuracy]", "fit.epochs=1")
    first, _ = train_config(BLOBS, *overrides)
    second, _ = train_config(BLOBS, *overrides)
    assert list(rows_of(second)[0]) == list(rows_of(first)[0])
    assert "auc" in rows_of(first)[0]


def test_failed_save_ends_with_storage_error(
    train_config: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk while the model is written is exit 7, and the record says failed."""
    import keras

    def no_space(self: Any, path: Any, *_: Any, **__: Any) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Sequential, "save", no_space)
    with pytest.raises(NnrunError) as caught:
        train_config()
    assert caught.value.exit_code == 7
    (path,) = (tmp_path / "runs" / "blobs").iterdir()
    assert json.loads((path / "run.json").read_text())["status"] == "failed"
    assert [item.name for item in (path / "model").iterdir()] == ["preprocessing.json"]


def test_interrupt_that_a_library_turned_into_another_error(
    train_config: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C within an import may come out as anything; the run still says that it was interrupted."""
    interrupts = Interrupts()

    def swallow(*_: object) -> None:
        interrupts.requested = signal.SIGINT
        raise TypeError("unsupported callable")

    monkeypatch.setattr("nnrun.training.part.load_splits", swallow)
    monkeypatch.setattr(f"{__name__}.Interrupts", lambda: interrupts)
    with pytest.raises(Interrupted) as caught:
        train_config()
    assert caught.value.exit_code == 130
    (path,) = (tmp_path / "runs" / "blobs").iterdir()
    record = json.loads((path / "run.json").read_text())
    assert (record["status"], record["reason"]) == ("interrupted", "interrupted by SIGINT")


@pytest.mark.parametrize(
    ("layers", "place", "words"),
    [
        ("[{Dense: {units: 3, name: 'a b'}}]", "layers[0]", "Dense cannot take its input of shape (2,)"),
        ("[{Input: {shape: [2]}}, {Dense: {units: 3, name: 'a b'}}]", "layers[1]", "not a valid scope name"),
    ],
)
def test_layer_that_fails_when_it_is_traced(train_config: Train, layers: str, place: str, words: str) -> None:
    """What the shapes alone do not show points at the layer too, not at the loss."""
    from nnrun.config.problems import ConfigError

    text = BLOBS.replace("categorical_crossentropy", "{CategoricalCrossentropy: {from_logits: true}}")
    with pytest.raises(ConfigError) as caught:
        train_config(text, f"model.layers={layers}")
    (problem,) = [problem for problem in caught.value.problems if problem.severity == "error"]
    assert problem.path.endswith(place)
    assert words in problem.message
    assert "Arguments received" not in problem.message


def test_network_beyond_the_memory(train_config: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a failed training, not a bug."""
    import tensorflow as tf

    def allocate(*_: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr("nnrun.training.session.build_model", allocate)
    with pytest.raises(TrainingError, match="Memory ran out while the network was built"):
        train_config()


def test_callback_that_fails_names_itself(
    train_config: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first epoch is complete it is a problem of the config, which leaves nothing behind."""
    import keras

    from nnrun.config.problems import ConfigError

    def fail(self: object, logs: object = None) -> None:
        raise ValueError("no good")

    monkeypatch.setattr(keras.callbacks.TerminateOnNaN, "on_train_begin", fail)
    with pytest.raises(ConfigError) as caught:
        train_config(BLOBS, "fit.callbacks=[{EarlyStopping: {monitor: loss}}, TerminateOnNaN]")
    (problem,) = caught.value.problems
    assert (problem.path, problem.message) == ("fit.callbacks[1]", "TerminateOnNaN failed: no good")
    assert not (tmp_path / "runs").exists()


def test_without_any_validation_the_loss_decides(train_config: Train) -> None:
    """With fewer epochs than `validation_freq` there still is a best model."""
    finished, _ = train_config(BLOBS, "fit.validation_freq=10")
    assert finished.monitor == "loss"
    assert (finished.path / "model/best.keras").exists()
