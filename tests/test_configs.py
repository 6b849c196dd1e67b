"""The configs of the repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nnrun.check import check_config
from nnrun.data.loading import load_splits

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
TABLES = {
    "penguins": "penguins.csv",
    "pima": "pima-indians-diabetes.csv",
    "wine_quality": "winequality-red.csv",
    "california_housing": "california_housing.csv",
}
"""Configs of tables that are not in the repository, and their files."""

OFFLINE = [path for path in CONFIGS if not path.name.startswith("mnist") and path.stem not in TABLES]


def name(path: Path) -> str:
    """Returns the path below `configs/`, as the id of a test."""
    return str(path.relative_to(ROOT / "configs"))


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_a_config_has_no_problem_and_no_warning(path: Path) -> None:
    """What the repository shows is what the check recommends; only data that are not in it cannot be checked."""
    codes = {problem.code for problem in check_config(path).warnings}
    assert codes == ({"no-data"} if path.stem in TABLES else set())


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_a_config_is_named_after_its_file(path: Path) -> None:
    """Runs are found under the name of the file that made them."""
    expected = path.stem.replace("_", "-")
    if path.parent.name == "smoke":
        expected = f"smoke-{expected}"
    assert check_config(path).experiment.name == expected


@pytest.mark.parametrize("path", OFFLINE, ids=name)
def test_the_data_of_a_config_load(path: Path) -> None:
    """Everything but MNIST needs no download."""
    experiment = check_config(path).experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, seed=0)
    validated = experiment.fit.validation_data
    assert validated is None or splits.get(validated) is not None


@pytest.mark.parametrize("config", TABLES)
def test_a_config_of_a_table_fits_its_data(config: str, test_data: Callable[[str], Path]) -> None:
    """Nothing to warn of, every row is used, and none is in two splits."""
    file = test_data(f"tabular/{TABLES[config]}")
    experiment = check_config(ROOT / "configs" / f"{config}.yaml", [f"dataset.path={file}"])
    assert experiment.warnings == ()
    splits = load_splits(experiment.experiment.dataset, experiment.experiment.compile.loss, seed=0)
    rows = len(file.read_text().splitlines()) - (config in ("penguins", "california_housing"))
    parts = [part for part in (splits.train, splits.validation, splits.test) if part is not None]
    assert sum(map(len, parts)) == rows
    assert len(parts) == 3


def test_there_is_a_smoke_config_per_kind_of_network() -> None:
    """A pipeline proves each kind with one tiny file."""
    names = {path.stem for path in (ROOT / "configs" / "smoke").glob("*.yaml")}
    assert names == {"dense", "convolution", "recurrent", "embedding"}
