"""Test figures of the configs of tables and images, beside those of scikit-learn on the same splits.

Usage: python tests/benchmarks/references.py FOLDER [--seeds 0 1 2] [--configs NAME...]

FOLDER holds the files and folders that the configs name; those that are not there are passed over. Every seed is
trained anew, in a temporary folder. scikit-learn gets exactly what the network sees, of images the pixels one after the
other, with its default options (300 trees, 2,000 iterations): a linear model and a forest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score, roc_auc_score
from table import print_table

from nnrun.check import check_config
from nnrun.data.loading import load_splits

ROOT = Path(__file__).resolve().parents[2]

FILES = {
    "penguins": "penguins.csv",
    "pima": "pima-indians-diabetes.csv",
    "wine_quality": "winequality-red.csv",
    "california_housing": "california_housing.csv",
    "flowers": "flowers",
    "cifar10_small": "cifar10_small",
    "notmnist_small_conv": "notMNIST_small-rebuilt.tar.gz",
}

OVERRIDES = {"notmnist_small_conv": ["dataset.download=null"]}

AS_THEY_END = ("notmnist_small_conv",)
"""Configs whose figures are those of the last weights, as their authors reported them."""


def network(config: str, path: Path, seed: int, folder: Path) -> dict[str, float]:
    """Trains a config and returns its figures on the test split, with the best weights."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CI": "true"}
    program = [sys.executable, "-m", "nnrun"]
    where = ["--runs-dir", str(folder)]
    file = str(ROOT / "configs" / f"{config}.yaml")
    subprocess.run(
        [*program, "train", file, f"dataset.path={path}", *OVERRIDES.get(config, []), "--seed", str(seed), *where],
        check=True, env=environment, capture_output=True,
    )  # fmt: skip
    weights = ["--weights", "last"] if config in AS_THEY_END else []
    evaluated = subprocess.run(
        [*program, "evaluate", "latest", "--json", *weights, *where],
        check=True, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    record = json.loads(evaluated.stdout)
    if "targets" in record:
        return {"MAE": record["targets"][0]["mae"], "R2": record["targets"][0]["r2"]}
    figures = {"accuracy": record["accuracy"]}
    return figures | ({"AUC": record["metrics"]["auc"]} if "auc" in record["metrics"] else {})


def scikit_learn(config: str, path: Path, seed: int) -> dict[str, dict[str, float]]:
    """Returns the figures of scikit-learn's models, trained and tested on the same rows."""
    overrides = [f"dataset.path={path}", *OVERRIDES.get(config, [])]
    experiment = check_config(ROOT / "configs" / f"{config}.yaml", overrides).experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, seed)
    assert splits.test is not None
    train, test = splits.train, splits.test
    x, x_test = (np.asarray(split.x).reshape(len(split), -1) for split in (train, test))
    found: dict[str, dict[str, float]] = {}
    if train.class_index is None:
        for name, model in (
            ("linear", LinearRegression()),
            ("forest", RandomForestRegressor(300, random_state=seed)),
        ):
            predicted = model.fit(x, train.y[:, 0]).predict(x_test)
            truth = test.y[:, 0]
            found[name] = {"MAE": mean_absolute_error(truth, predicted), "R2": r2_score(truth, predicted)}
        return found
    for name, model in (
        ("linear", LogisticRegression(max_iter=2000)),
        ("forest", RandomForestClassifier(300, random_state=seed)),
    ):
        fitted: Any = model.fit(x, train.class_index)
        found[name] = {"accuracy": accuracy_score(test.class_index, fitted.predict(x_test))}
        if len(splits.class_names or ()) == 2:
            found[name]["AUC"] = roc_auc_score(test.class_index, fitted.predict_proba(x_test)[:, 1])
    return found


def main() -> None:
    """Measures and prints a row per config and figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--configs", nargs="+", default=list(FILES), choices=list(FILES))
    arguments = parser.parse_args()
    rows: list[list[str]] = []
    for config in arguments.configs:
        path = (arguments.folder / FILES[config]).resolve()
        if not path.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            ours = [network(config, path, seed, Path(folder)) for seed in arguments.seeds]
        theirs = [scikit_learn(config, path, seed) for seed in arguments.seeds]
        for figure in ours[0]:
            sides = [ours, [each["linear"] for each in theirs], [each["forest"] for each in theirs]]
            shown = [", ".join(_short(each[figure]) for each in side) for side in sides]
            rows.append([config, figure, *shown])
    print_table(["config", "test", "nnrun", "linear", "forest"], rows)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) > 100 else f"{value:.3f}"


if __name__ == "__main__":
    main()
