"""Evaluating finished runs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.check import check_config
from nnrun.errors import DataError, StorageError
from nnrun.evaluation.evaluate import evaluate_run
from nnrun.evaluation.files import write_evaluation
from nnrun.evaluation.text import evaluation_text
from nnrun.interrupts import Interrupts
from nnrun.rundir.reading import Run
from nnrun.training.job import Request, train

pytestmark = pytest.mark.tensorflow

CLASSES = """
name: classes
seed: 1
dataset: {source: sklearn, name: iris, scale: standard, split: {validation: 0.2, test: 0.2}}
model:
  layers: [{Dense: {units: 8, activation: relu}}, {Dropout: {rate: 0.2}}, {Dense: {units: 3, activation: softmax}}]
compile: {optimizer: {Adam: {learning_rate: 0.03}}, loss: categorical_crossentropy, metrics: [accuracy, AUC]}
fit: {epochs: 4, batch_size: 8}
"""

VALUES = """
name: values
seed: 1
dataset:
  {source: synthetic, generator: regression, n_features: 4, n_informative: 4, samples: 80, split: {test: 0.25}}
model: {layers: [{Dense: {units: 1}}]}
compile: {optimizer: {Adam: {learning_rate: 1.0}}, loss: mse, metrics: [mae]}
fit: {epochs: 5}
"""

BINARY = """
name: binary
seed: 1
dataset: {source: synthetic, generator: moons, samples: 90, noise: 0.1, split: {test: 30}}
model: {layers: [{Dense: {units: 8, activation: relu}}, {Dense: {units: 1}}]}
compile: {optimizer: {Adam: {learning_rate: 0.05}}, loss: {BinaryCrossentropy: {from_logits: true}}}
fit: {epochs: 5}
"""


def train_run(folder: Path, text: str, *overrides: str) -> Run:
    """Trains a config and returns the run."""
    file = folder / "config.yaml"
    file.write_text(text)
    request = Request(folder / "runs", ["nnrun"], "cpu")
    finished = train(check_config(file, overrides), request, lambda event: None, Interrupts())
    return Run.read(finished.path)


@pytest.fixture(scope="module")
def classes_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with three classes and all splits."""
    return train_run(tmp_path_factory.mktemp("classes"), CLASSES)


def test_validation_figures_are_those_of_training(classes_run: Run) -> None:
    """The last weights on the validation split give the last row of metrics.csv, to the last bit."""
    evaluation = evaluate_run(classes_run, "validation", "last")
    last = classes_run.metrics[-1]
    assert evaluation.metrics == {name: last[f"val_{name}"] for name in ("loss", "accuracy", "auc")}
    assert not evaluation.data_changed


def test_figures_equal_those_of_plain_keras(classes_run: Run) -> None:
    """Keras's own evaluate and predict on the same arrays."""
    import keras

    from nnrun.data.loading import load_splits

    experiment = check_config(classes_run.resolved_path).experiment
    test = load_splits(experiment.dataset, experiment.compile.loss, 1).test
    assert test is not None
    model = keras.models.load_model(classes_run.model_path("best"))
    expected = model.evaluate(test.x, test.y, batch_size=8, verbose=0, return_dict=True)
    evaluation = evaluate_run(classes_run, None, "best")
    assert evaluation.split == "test"
    assert evaluation.metrics == expected
    predicted = model.predict(test.x, verbose=0).argmax(axis=1)
    assert evaluation.classification is not None
    matrix = np.zeros((3, 3), dtype=int)
    np.add.at(matrix, (test.class_index, predicted), 1)
    np.testing.assert_array_equal(evaluation.classification.confusion_matrix, matrix)


def test_files_and_text_hold_the_figures(classes_run: Run) -> None:
    """JSON for programs, CSV for spreadsheets, a picture, and 80 columns for people."""
    evaluation = evaluate_run(classes_run, "test", "best")
    path = write_evaluation(classes_run, evaluation)
    record = json.loads(path.read_text())
    assert path.name == "test-best.json"
    assert record["samples"] == 30
    assert sum(map(sum, record["confusion_matrix"])) == 30
    assert [one["name"] for one in record["classes"]] == ["setosa", "versicolor", "virginica"]
    assert record["metrics"]["accuracy"] == pytest.approx(record["accuracy"])
    with (path.parent / "test-best-confusion_matrix.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["true \\ predicted", "setosa", "versicolor", "virginica"]
    assert [[int(cell) for cell in row[1:]] for row in rows[1:]] == record["confusion_matrix"]
    assert (classes_run.path / "plots" / "confusion_matrix.png").read_bytes().startswith(b"\x89PNG")
    text = evaluation_text(evaluation, str(path))
    assert max(map(len, text.splitlines()[:-1])) <= 80
    for word in ("setosa", "weighted average", "test split, 30 samples", str(path)):
        assert word in text


def test_requirements_may_name_every_figure(classes_run: Run) -> None:
    """Keras's metrics as in training, and the averages over classes."""
    values = evaluate_run(classes_run, "test", "best").values()
    assert {"loss", "accuracy", "auc", "macro_f1", "macro_precision", "macro_recall"} <= set(values)


def test_missing_split_names_those_there_are(tmp_path: Path) -> None:
    """A run without a test split is evaluated on what it has."""
    run = train_run(tmp_path, VALUES, "dataset.split={}", "fit.epochs=1")
    with pytest.raises(DataError, match="no test split") as caught:
        evaluate_run(run, "test", "best")
    assert "train" in caught.value.advice
    assert evaluate_run(run, None, "best").split == "train"


def test_regression_has_errors_instead_of_classes(tmp_path: Path) -> None:
    """Errors by target equal Keras's own metrics."""
    run = train_run(tmp_path, VALUES)
    evaluation = evaluate_run(run, None, "last")
    assert evaluation.classification is None
    assert evaluation.regression is not None
    (target,) = evaluation.regression
    assert target.mae == pytest.approx(evaluation.metrics["mae"], rel=1e-5)
    assert target.rmse**2 == pytest.approx(evaluation.metrics["loss"], rel=1e-5)
    path = write_evaluation(run, evaluation)
    assert set(json.loads(path.read_text())["targets"][0]) == {"name", "mae", "rmse", "r2"}
    assert "rmse" in evaluation_text(evaluation, "file")


def test_logits_are_compared_with_zero(tmp_path: Path) -> None:
    """A single unit without sigmoid decides at 0, not at 0.5."""
    evaluation = evaluate_run(train_run(tmp_path, BINARY), None, "last")
    import keras

    run_model = keras.models.load_model(next((tmp_path / "runs").rglob("last.keras")))
    from nnrun.data.loading import load_splits

    experiment = check_config(tmp_path / "config.yaml").experiment
    test = load_splits(experiment.dataset, experiment.compile.loss, 1).test
    assert test is not None
    right = ((run_model.predict(test.x, verbose=0) > 0) == (test.y > 0.5)).mean()
    assert evaluation.classification is not None
    assert evaluation.classification.accuracy == pytest.approx(right)


def test_changed_data_are_told(tmp_path: Path, test_data: Any) -> None:
    """The figures are computed on what is there now, with a warning."""
    table = tmp_path / "iris.csv"
    rows = test_data("tabular/iris.csv").read_text().splitlines()
    table.write_text("\n".join(rows) + "\n")
    dataset = (
        f"dataset={{source: csv, path: {table}, target: species, scale: standard, split: {{test: 0.3}}}}"
    )
    run = train_run(tmp_path, CLASSES, dataset, "fit.epochs=1")
    assert not evaluate_run(run, None, "best").data_changed
    table.write_text("\n".join([rows[0], "9.9" + rows[1][3:], *rows[2:]]) + "\n")
    evaluation = evaluate_run(run, None, "best")
    assert evaluation.data_changed
    assert "not the data" in evaluation_text(evaluation, "file")


@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04 truncated"])
def test_damaged_model_is_told(tmp_path: Path, content: bytes) -> None:
    """A file that is no model is named, and nothing in it is executed."""
    run = train_run(tmp_path, VALUES, "fit.epochs=1")
    run.model_path("best").write_bytes(content)
    with pytest.raises(DataError, match=r"best\.keras cannot be loaded"):
        evaluate_run(run, None, "best")


def test_names_that_are_formulas_are_escaped(tmp_path: Path) -> None:
    """A spreadsheet must not execute the name of a class."""
    table = tmp_path / "formulas.csv"
    table.write_text("x,label\n" + "".join(f"{n},{'=cmd()' if n % 2 else '+1'}\n" for n in range(20)))
    text = BINARY.replace("from_logits: true", "from_logits: true")
    dataset = f"dataset={{source: csv, path: {table}, target: label, split: {{test: 0.5, stratify: true}}}}"
    run = train_run(tmp_path, text, dataset, "fit.epochs=1")
    path = write_evaluation(run, evaluate_run(run, None, "best"))
    content = (path.parent / "test-best-classes.csv").read_text()
    assert "'=cmd()," in content
    assert "'+1," in content
    assert "\n=cmd()" not in content


def test_folder_that_cannot_be_made_is_a_storage_error(classes_run: Run, tmp_path: Path) -> None:
    """A file stands where the folder of the evaluation should be: exit 7, with the path."""
    (tmp_path / "evaluation").write_text("")
    evaluation = evaluate_run(classes_run, "test", "best")
    with pytest.raises(StorageError, match="evaluation"):
        write_evaluation(Run(tmp_path, classes_run.record), evaluation)
