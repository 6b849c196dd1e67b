"""Training on tables: weights of classes and samples, categories as codes, and what a run knows of them afterwards."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.check import check_config
from nnrun.events import Event, Message
from nnrun.interrupts import Interrupts
from nnrun.training.job import Finished, Request, train
from tests.configs import nnrun

pytestmark = pytest.mark.tensorflow

CONFIG = """
name: table
seed: 3
dataset:
  source: csv
  path: table.csv
  target: kind
  split: {test: 20}
model:
  layers:
    - Dense: {units: 6, activation: relu}
    - Dense: {units: 2, activation: softmax}
compile:
  optimizer: {SGD: {learning_rate: 0.05}}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  weighted_metrics: [accuracy]
fit:
  epochs: 2
  batch_size: 16
"""


@pytest.fixture
def train_table(tmp_path: Path) -> Callable[..., tuple[Finished, list[Event]]]:
    """Writes a table with every kind of column, and trains on it."""
    draw = random.Random(0)
    rows = ["size,colour,member,joined,who,weight,kind"]
    for number in range(80):
        colour = draw.choice(["red", "blue", ""])
        rows.append(
            f"{draw.gauss(5, 2):.3f},{colour},{draw.choice(['yes', 'no'])},2024-{draw.randint(1, 12):02d}-05,"
            f"w{number // 4},{draw.choice([0.5, 1, 3])},{'u' if number % 4 else 'v'}"
        )
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")

    def run(*overrides: str) -> tuple[Finished, list[Event]]:
        file = tmp_path / "table.yaml"
        file.write_text(CONFIG)
        events: list[Event] = []
        request = Request(tmp_path / "runs", ["nnrun", "train", "table.yaml"], "cpu")
        return train(check_config(file, overrides), request, events.append, Interrupts()), events

    return run


def losses(finished: Finished) -> list[dict[str, str]]:
    """Returns the metrics of every epoch, in full precision."""
    with (finished.path / "metrics.csv").open(newline="") as file:
        return [{key: cell for key, cell in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def notes(events: list[Event]) -> list[str]:
    """Returns what the user was told."""
    return [event.text for event in events if isinstance(event, Message)]


def test_automatic_class_weights_are_those_of_scikit_learn(train_table: Any) -> None:
    """The training is the same, to the last bit, as with the weights written down."""
    options = ("dataset.missing=most_frequent", "dataset.exclude=[who, weight]")
    automatic, events = train_table("fit.class_weight=auto", *options)
    [note] = [note for note in notes(events) if note.startswith("class weights")]
    counts = {"u": 0, "v": 0}
    from nnrun.data.loading import load_splits

    experiment = check_config(automatic.path / "resolved.yaml").experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 3)
    for index in splits.train.class_index:
        counts["uv"[index]] += 1
    weights = {name: 60 / (2 * count) for name, count in counts.items()}
    assert note == "class weights, as fit.class_weight is auto: " + ", ".join(
        f"{name} {weight:.4g}" for name, weight in weights.items()
    )
    written, _ = train_table(f"fit.class_weight={json.dumps(weights)}", *options)
    assert losses(automatic) == losses(written)
    plain, _ = train_table(*options)
    assert losses(plain) != losses(written)


def test_weights_of_samples_count_in_the_loss(train_table: Any, tmp_path: Path) -> None:
    """As in Keras, whose own figures for the same rows are these."""
    finished, _ = train_table(
        "dataset.sample_weight=weight", "dataset.features=[size, member]", "fit.epochs=1"
    )
    import keras

    from nnrun.data.loading import load_splits

    experiment = check_config(finished.path / "resolved.yaml").experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 3)
    assert splits.test is not None
    assert nnrun("evaluate", str(finished.path), "--weights", "last") == 0
    record = json.loads((finished.path / "evaluation" / "test-last.json").read_text())
    model = keras.models.load_model(finished.path / "model" / "last.keras")
    expected = model.evaluate(
        splits.test.x,
        splits.test.y,
        sample_weight=splits.test.weights,
        batch_size=16,
        verbose=0,
        return_dict=True,
    )
    assert record["metrics"]["loss"] == pytest.approx(expected["loss"], rel=1e-6)
    unweighted = model.evaluate(splits.test.x, splits.test.y, batch_size=16, verbose=0, return_dict=True)
    assert record["metrics"]["loss"] != pytest.approx(unweighted["loss"], rel=1e-3)


def test_codes_go_through_one_embedding(train_table: Any) -> None:
    """And a run finds them again: training, evaluation and resuming see the same."""
    layers = "[{Embedding: {input_dim: 7, output_dim: 3}}, Flatten, {Dense: {units: 2, activation: softmax}}]"
    finished, _ = train_table(
        "dataset.encode=codes", "dataset.features=[colour, member]", "dataset.missing={colour: none}",
        f"model.layers={layers}",
    )  # fmt: skip
    stored = json.loads((finished.path / "model" / "preprocessing.json").read_text())
    assert stored["codes"] is True
    assert stored["categories"] == {"0": ["blue", "none", "red"], "1": ["no", "yes"]}
    assert nnrun("evaluate", str(finished.path)) == 0
    assert nnrun("resume", str(finished.path), "fit.epochs=3", "--progress", "off") == 0


def test_groups_dates_and_truth_values_from_training_to_evaluation(
    train_table: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """New data in another order of the columns give the same figures."""
    finished, events = train_table(
        "dataset.missing=most_frequent", "dataset.scale=standard", "dataset.sample_weight=weight",
        "dataset.split={test: 20, group: who}",
    )  # fmt: skip
    assert any(
        note == "features: number: size; boolean: member; category: colour; date: joined"
        for note in notes(events)
    )
    header, *rows = (line.split(",") for line in (tmp_path / "table.csv").read_text().splitlines())
    (tmp_path / "new.csv").write_text("".join(",".join(reversed(row)) + "\n" for row in [header, *rows]))
    figures = []
    for name in ("table.csv", "new.csv"):
        capsys.readouterr()
        assert nnrun("evaluate", str(finished.path), "--data", str(tmp_path / name), "--json") == 0
        figures.append(json.loads(capsys.readouterr().out)["metrics"])
    assert figures[0] == figures[1]
    assert np.isfinite(figures[0]["loss"])
