"""The configs of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnrun.check import check_config
from nnrun.data.loading import load_splits

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
OFFLINE = [path for path in CONFIGS if not path.name.startswith("mnist")]


def name(path: Path) -> str:
    """Returns the path below `configs/`, as the id of a test."""
    return str(path.relative_to(ROOT / "configs"))


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_a_config_has_no_problem_and_no_warning(path: Path) -> None:
    """What the repository shows is what the check recommends."""
    assert check_config(path).warnings == ()


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


def test_there_is_a_smoke_config_per_kind_of_network() -> None:
    """A pipeline proves each kind with one tiny file."""
    names = {path.stem for path in (ROOT / "configs" / "smoke").glob("*.yaml")}
    assert names == {"dense", "convolution", "recurrent", "embedding"}
