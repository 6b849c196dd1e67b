"""Reference models: the rows of the network, the figures of scikit-learn, and what is said where data do not suit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import accuracy_score, f1_score, log_loss, mean_absolute_error, r2_score, roc_auc_score

from nnrun.check import check_config
from nnrun.config.load import LoadedConfig
from nnrun.data.loading import load_splits
from nnrun.data.splits import Splits
from nnrun.errors import DataError
from nnrun.search.baseline import Baseline, Judging, baseline
from nnrun.search.baseline_output import as_record, as_text
from tests.configs import nnrun, write_iris


def config(folder: Path, text: str, units: int = 1, loss: str = "mse") -> LoadedConfig:
    """Returns a config with this dataset section."""
    path = folder / "some.yaml"
    path.write_text(
        f"name: some\nseed: 1\ndataset: {text}\nmodel: {{layers: [Flatten, Dense: {{units: {units}}}]}}\n"
        f"compile: {{optimizer: adam, loss: {loss}}}\nfit: {{epochs: 1, batch_size: 8}}\n"
    )
    return check_config(path)


def computed(loaded: LoadedConfig, split: Any = None) -> tuple[Baseline, Splits]:
    """Returns a baseline without a network, and the data as a network sees them."""
    experiment = loaded.experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, loaded.seed)
    return baseline(loaded, [], Judging(split), lambda _: None), splits


def figures(result: Baseline, name: str) -> Any:
    """Returns the figures of a model."""
    return next(one for one in result.references if one.name == name).figures


def test_figures_are_those_of_scikit_learn(tmp_path: Path) -> None:
    """A forest that is fitted by hand to what the network sees has the same figures on the same test rows."""
    result, splits = computed(
        config(
            tmp_path,
            "{source: sklearn, name: breast_cancer, limit: 300, split: {test: 0.3}}",
            1,
            "binary_crossentropy",
        )
    )
    assert splits.test is not None
    model = RandomForestClassifier(300, random_state=1).fit(splits.train.x, splits.train.class_index)
    truth, found = splits.test.class_index, figures(result, "random forest")
    predicted, probable = model.predict(splits.test.x), model.predict_proba(splits.test.x)
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert found["macro_f1"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert found["auc"] == pytest.approx(roc_auc_score(truth, probable[:, 1]))
    assert found["log_loss"] == pytest.approx(log_loss(truth, probable))
    assert figures(result, "most frequent class")["accuracy"] < found["accuracy"]
    assert result.samples == {"train": len(splits.train), "test": len(splits.test)}
    assert [one.name for one in result.references] == [
        "logistic regression", "random forest", "gradient boosting", "most frequent class",
    ]  # fmt: skip
    assert any("converged" in note for note in result.notes)  # the inputs are not scaled


def test_regression(tmp_path: Path) -> None:
    """Numbers get their own models and figures; sample weights are those of the network."""
    table = tmp_path / "t.csv"
    rows = np.random.default_rng(0).random((60, 3))
    table.write_text("a,w,y\n" + "\n".join(f"{a},{w},{3 * a + b}" for a, w, b in rows))
    text = f"{{source: csv, path: {table}, target: y, sample_weight: w, split: {{validation: 0.3}}}}"
    result, splits = computed(config(tmp_path, text))
    assert result.split == "validation"
    assert splits.validation is not None
    train = splits.train
    model = RandomForestRegressor(300, random_state=1).fit(
        train.x, train.y[:, 0], sample_weight=train.weights
    )
    predicted, truth = model.predict(splits.validation.x), splits.validation.y[:, 0]
    found = figures(result, "random forest")
    assert found["mae"] == pytest.approx(mean_absolute_error(truth, predicted))
    assert found["r2"] == pytest.approx(r2_score(truth, predicted))
    assert figures(result, "mean of the training")["r2"] < 0.1 < figures(result, "ridge regression")["r2"]


def test_several_targets(tmp_path: Path) -> None:
    """Several targets are predicted by every model that can, and the figures are means over them."""
    table = tmp_path / "t.csv"
    table.write_text("a,y,z\n" + "\n".join(f"{n},{2 * n},{n % 3}" for n in range(40)))
    text = f"{{source: csv, path: {table}, target: [y, z], split: {{test: 0.3}}}}"
    result, _ = computed(config(tmp_path, text, 2))
    assert [one.name for one in result.references] == [
        "ridge regression",
        "random forest",
        "mean of the training",
    ]


@pytest.mark.parametrize(
    ("dataset", "features", "note"),
    [
        (
            "{source: sklearn, name: digits, limit: 200, split: {test: 0.3}}",
            64,
            "images of 8 x 8 x 1 were flattened",
        ),
        (
            "{source: synthetic, generator: tokens, samples: 80, max_tokens: 30, sequence_length: 9, n_classes: 2, "
            "split: {test: 0.3}}",
            30,
            "how often each token occurs",
        ),
    ],
)
def test_inputs_that_are_no_rows(tmp_path: Path, dataset: str, features: int, note: str) -> None:
    """Images are flattened and tokens are counted, which is said."""
    classes = 10 if "digits" in dataset else 2
    result, _ = computed(config(tmp_path, dataset, classes, "sparse_categorical_crossentropy"))
    assert result.features <= features
    assert any(note in one for one in result.notes)
    assert "gradient boosting" not in [one.name for one in result.references]
    assert figures(result, "random forest")["accuracy"] > figures(result, "most frequent class")["accuracy"]


def test_categories_as_codes(tmp_path: Path) -> None:
    """Codes of categories get a column each, as their numbers say nothing."""
    table = tmp_path / "t.csv"
    table.write_text("a,b,y\n" + "\n".join(f"{'xyz'[n % 3]},{'uv'[n % 2]},{n % 3 == 0}" for n in range(60)))
    text = f"{{source: csv, path: {table}, target: y, encode: codes, split: {{test: 0.3}}}}"
    result, _ = computed(config(tmp_path, text, 2, "sparse_categorical_crossentropy"))
    assert result.features == 5
    assert figures(result, "logistic regression")["accuracy"] == 1


def test_rare_class(tmp_path: Path) -> None:
    """A class with a single training sample leaves no folds to choose a strength in, and is no reason to give up."""
    table = tmp_path / "t.csv"
    table.write_text(
        "a,y\n" + "\n".join(f"{n},{'rare' if n == 3 else 'common' if n % 2 else 'other'}" for n in range(40))
    )
    text = f"{{source: csv, path: {table}, target: y, shuffle: false, split: {{test: 8}}}}"
    result, _ = computed(config(tmp_path, text, 3, "sparse_categorical_crossentropy"))
    assert result.references[0].model == "LogisticRegression"


def test_missing_split(tmp_path: Path) -> None:
    """A split that the data do not have is an error; without any, the training rows are used, and it is said."""
    loaded = config(tmp_path, "{source: sklearn, name: iris}", 3, "sparse_categorical_crossentropy")
    with pytest.raises(DataError, match="there is no test split"):
        computed(loaded, "test")
    result, _ = computed(loaded)
    assert result.split == "train"
    assert any("that it learned from" in note for note in result.notes)


def test_text_and_json_say_the_same(tmp_path: Path) -> None:
    """The table has a row per model at any width, and the JSON all figures."""
    result, _ = computed(check_config(write_iris(tmp_path)))
    lines = as_text(result, 80).splitlines()
    assert lines[0] == "iris-mlp: test split, 75 samples; learned from 75 samples of 4 numbers; seed 0"
    assert lines[2].split() == ["model", "accuracy", "macro_f1", "log_loss", "fit"]
    assert max(map(len, as_text(result, 50).splitlines()[2:7])) <= 50
    record = json.loads(json.dumps(as_record(result)))
    assert record["network"] is None
    assert record["references"][0]["model"] == "LogisticRegressionCV"
    assert record["references"][0]["parameters"]["C"] > 0
    assert f"{record['references'][0]['figures']['accuracy']:.4f}" in lines[3]


@pytest.mark.tensorflow
def test_iris_in_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command trains and compares; then the run alone is enough, without TensorFlow; other data are left out."""
    path, runs = str(write_iris(tmp_path, ("batch_size: 1", "batch_size: 16"))), str(tmp_path / "runs")
    assert nnrun("baseline", path, "fit.epochs=30", "--train", "--runs-dir", runs, "-q") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    rows = {line.split("  ")[0]: line for line in shown.out.splitlines()}
    assert {"network", "logistic regression"} <= rows.keys()
    for arguments in (["iris-mlp"], [path, "fit.epochs=30"]):
        assert nnrun("baseline", *arguments, "--runs-dir", runs, "--json") == 0
        record = json.loads(capsys.readouterr().out)
        assert record["network"]["figures"]["accuracy"] > 0.5
        assert f"{record['network']['figures']['accuracy']:.4f}" in rows["network"]
        assert record["notes"] == []
    assert nnrun("baseline", path, "--runs-dir", runs, "--json") == 0
    assert "other values than the config has now" in json.loads(capsys.readouterr().out)["notes"][0]
    # A newer run of the same name, on another split, does not hide it.
    other = tmp_path / "runs" / "iris-mlp"
    (first,) = other.iterdir()
    newer = other / "29990101-000000-abcd"
    newer.mkdir()
    record = json.loads((first / "run.json").read_text())
    record |= {"id": newer.name, "started": "2999-01-01T00:00:00+00:00", "data": {"fingerprint": "other"}}
    (newer / "run.json").write_text(json.dumps(record))
    assert nnrun("baseline", path, "fit.epochs=30", "--runs-dir", runs, "--json") == 0
    assert json.loads(capsys.readouterr().out)["network"]["run"] == first.name
    assert nnrun("baseline", path, "dataset.split.seed=5", "--runs-dir", runs, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["network"] is None
    assert "another split" in record["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["a.yaml", "b.yaml"], 2, "expected one run or config"),
        (["missing.yaml"], 4, "no config file"),
        (["nobody"], 4, "nobody"),
        (["nobody", "--train"], 2, "--train needs a config"),
        (["nobody", "fit.epochs=3"], 2, "fit.epochs=3 needs a config"),
        (["nobody", "--device", "tpu"], 2, "--device tpu"),
    ],
)
def test_wrong_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    """Wrong arguments are told before any data are read."""
    assert nnrun("baseline", *arguments, "--runs-dir", str(tmp_path)) == code
    assert message in capsys.readouterr().err
