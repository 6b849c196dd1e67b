"""Evaluating finished runs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.check import check_config
from nnrun.config.requirements import parse_requirement
from nnrun.errors import DataError, RequirementError, StorageError, UsageError
from nnrun.evaluation import predictions_file
from nnrun.evaluation.answers import ClassAnswers
from nnrun.evaluation.evaluate import evaluate_run
from nnrun.evaluation.files import write_evaluation
from nnrun.evaluation.predictions_file import predictions_csv
from nnrun.evaluation.requirements import check_figures
from nnrun.evaluation.text import evaluation_text
from nnrun.interrupts import Interrupts
from nnrun.rundir.reading import Run
from nnrun.training.job import Request, train
from tests.test_new_data import write_idx

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
    """Keras's metrics as in training, the averages over classes, the figures of probabilities and by class."""
    evaluation = evaluate_run(classes_run, "test", "best")
    values = evaluation.values()
    assert {"loss", "accuracy", "auc", "macro_f1", "weighted_recall", "top_2_accuracy", "log_loss"} <= set(
        values
    )
    assert values["recall/setosa"] == evaluation.classification.classes[0].recall  # type: ignore[union-attr]
    assert values["auc"] == evaluation.metrics["auc"]
    check_figures([parse_requirement("top_2_accuracy>=0"), parse_requirement("f1/setosa>=0")], evaluation)
    with pytest.raises(RequirementError, match="recall/setosa>=2 is required, and the test split has"):
        check_figures([parse_requirement("recall/setosa>=2")], evaluation)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("acuracy", "did you mean accuracy"),
        ("val_accuracy", "here it is called accuracy"),
        ("recall/setsa", "did you mean recall/setosa"),
        ("something", "there are loss, accuracy"),
    ],
)
def test_requirements_that_name_nothing_are_usage_errors(classes_run: Run, name: str, hint: str) -> None:
    """A misspelt figure is no figure that falls short: CI must not take it for a bad network."""
    evaluation = evaluate_run(classes_run, "test", "best")
    with pytest.raises(UsageError, match="names no figure") as caught:
        check_figures([parse_requirement(f"{name}>0.5")], evaluation)
    assert hint in caught.value.advice


def test_predictions_are_those_of_the_figures(classes_run: Run) -> None:
    """The table of predictions tells for every sample where it is, what it is and what it was taken for."""
    from sklearn.datasets import load_iris

    evaluation = evaluate_run(classes_run, "test", "best")
    path = write_evaluation(classes_run, evaluation)
    with (path.parent / "test-best-predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = ["setosa", "versicolor", "virginica"]
    assert list(rows[0]) == [
        "position", "sample", "true", "predicted", "confidence", *(f"probability {name}" for name in names),
    ]  # fmt: skip
    assert [int(row["position"]) for row in rows] == list(range(30))
    data = load_iris()
    assert [row["true"] for row in rows] == [
        data.target_names[data.target[int(row["sample"])]] for row in rows
    ]
    right = np.mean([row["true"] == row["predicted"] for row in rows])
    assert evaluation.classification is not None
    assert right == pytest.approx(evaluation.classification.accuracy)
    for row in rows:
        probabilities = [float(row[f"probability {name}"]) for name in names]
        assert row["predicted"] == names[int(np.argmax(probabilities))]
        assert float(row["confidence"]) == max(probabilities)


def test_huge_tables_of_predictions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """With too many numbers the probabilities of the other classes are left out, then the whole table."""
    probabilities = np.full((6, 4), 0.25)
    answers = ClassAnswers(tuple("abcd"), np.zeros(6, int), np.zeros(6, int), probabilities, probabilities)
    assert len(str(predictions_csv(answers, None)).splitlines()[0].split(",")) == 8
    monkeypatch.setattr(predictions_file, "CELLS", 20)
    assert str(predictions_csv(answers, None)).splitlines()[0] == "position,true,predicted,confidence"
    monkeypatch.setattr(predictions_file, "ROWS", 5)
    assert predictions_csv(answers, None) is None


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
    record = json.loads(path.read_text())
    assert set(record["targets"][0]) == {"name", "mae", "rmse", "r2", "residuals"}
    spread = record["targets"][0]["residuals"]
    assert set(spread) == {"mean", "min", "p05", "p25", "median", "p75", "p95", "max"}
    assert spread["min"] <= spread["p05"] <= spread["median"] <= spread["p95"] <= spread["max"]
    assert record["figures"]["r2"] == pytest.approx(target.r2)
    assert {"mae", "rmse", "r2", "mae/target"} <= set(evaluation.values())
    with (path.parent / f"{path.stem}-predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    residuals = [float(row["true"]) - float(row["predicted"]) for row in rows]
    np.testing.assert_allclose([float(row["residual"]) for row in rows], residuals, atol=1e-3)
    assert np.median(residuals) == pytest.approx(spread["median"], rel=1e-6)
    assert "rmse" in evaluation_text(evaluation, "file")


def test_two_classes_have_a_curve(tmp_path: Path) -> None:
    """ROC, average precision and calibration in the JSON are scikit-learn's for the outputs of the network."""
    from sklearn import metrics

    run = train_run(tmp_path, BINARY)
    evaluation = evaluate_run(run, None, "last")
    record = json.loads(write_evaluation(run, evaluation).read_text())
    answers = evaluation.answers
    assert isinstance(answers, ClassAnswers)
    assert answers.probabilities is not None
    truth, positive = answers.truth, answers.probabilities[:, 1]
    assert record["roc"]["positive"] == "1"
    assert record["roc"]["auc"] == pytest.approx(metrics.roc_auc_score(truth, positive), abs=1e-12)
    assert record["roc"]["threshold"][0] == "inf"
    figures = record["figures"]
    assert figures["auc"] == figures["roc_auc"] == record["roc"]["auc"]
    expected = metrics.average_precision_score(truth, positive)
    assert figures["average_precision"] == pytest.approx(expected, abs=1e-12)
    assert figures["brier_score"] == pytest.approx(metrics.brier_score_loss(truth, positive), abs=1e-12)
    assert figures["log_loss"] == pytest.approx(metrics.log_loss(truth, positive), abs=1e-12)
    assert figures["log_loss"] == pytest.approx(record["metrics"]["loss"], rel=1e-5)
    assert sum(one["samples"] for one in record["calibration"]["bins"]) == 30
    assert record["calibration"]["ece"] == figures["ece"]


def test_new_data_are_evaluated_and_kept_apart(tmp_path: Path, test_data: Any) -> None:
    """The same rows as new data give the figures of the whole table, in files of their own."""
    rows = test_data("tabular/iris.csv").read_text().splitlines()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    new, other = tmp_path / "one" / "new flowers.csv", tmp_path / "two" / "new flowers.csv"
    new.write_text("\n".join([rows[0], *rows[1::2]]) + "\n")
    other.write_text("\n".join([rows[0], *rows[2::2]]) + "\n")
    dataset = f"dataset={{source: csv, path: {test_data('tabular/iris.csv')}, target: species, split: {{test: 50}}}}"
    run = train_run(tmp_path, CLASSES, dataset, "fit.epochs=1")
    first = evaluate_run(run, None, "best", data=new)
    second = evaluate_run(run, None, "best", data=other)
    assert (first.split, first.samples, first.data_changed) == ("data", 75, False)
    paths = [write_evaluation(run, one) for one in (first, second)]
    assert len({path.name for path in paths}) == 2
    assert all(path.name.startswith("data-new-flowers-") for path in paths)
    record = json.loads(paths[0].read_text())
    assert record["data"] == str(new)
    with (paths[0].parent / f"{paths[0].stem}-predictions.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["source"] == f"{new}, row 2"
    assert not (run.path / "plots" / "confusion_matrix.png").exists()
    whole = [
        evaluate_run(run, name, "best") for name in ("train", "validation", "test") if name != "validation"
    ]
    right = sum(one.classification.accuracy * one.samples for one in whole)  # type: ignore[union-attr]
    found = sum(one.classification.accuracy * one.samples for one in (first, second))  # type: ignore[union-attr]
    assert found == pytest.approx(right)


def test_new_data_of_another_shape_are_told(tmp_path: Path) -> None:
    """A network for 28 x 28 pixels, and a folder of images of another size."""
    write_idx(tmp_path / "old", "train", [0, 1, 2, 0, 1, 2])
    write_idx(tmp_path / "old", "t10k", [0, 1])
    text = CLASSES.replace("layers: [", "layers: [Flatten, ").replace("units: 3", "units: 10")
    dataset = f"dataset={{source: keras, name: mnist, path: {tmp_path / 'old'}, scale: unit}}"
    run = train_run(tmp_path, text, dataset, "fit.epochs=1")
    assert evaluate_run(run, None, "best", data=tmp_path / "old").samples == 2
    x = np.zeros((2, 20, 20), np.uint8)
    y = np.array([0, 1])
    np.savez(tmp_path / "new.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    with pytest.raises(DataError, match=r"shape \(20, 20, 1\).*trained on \(28, 28, 1\)"):
        evaluate_run(run, None, "best", data=tmp_path / "new.npz")


def test_outputs_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    """A network that diverged has no accuracy: NaN must not count as the first class."""
    run = train_run(tmp_path, CLASSES, "fit.epochs=1")
    import keras

    file = run.model_path("last")
    model = keras.models.load_model(file)
    model.set_weights([np.full(one.shape, np.nan) for one in model.get_weights()])
    model.save(file)
    with pytest.raises(DataError, match="no finite numbers for 30 of 30 samples"):
        evaluate_run(run, None, "last")


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
