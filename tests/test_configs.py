"""The configs of the repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnrun.check import check_config
from nnrun.data import download
from nnrun.data.loading import load_splits
from tests.configs import nnrun
from tests.web_server import Server, serving

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
IMAGES = {"flowers": "images/flowers", "cifar10_small": "images/cifar10_small"}
"""Configs of images that are not in the repository, and their folders."""

TABLES = {
    "penguins": "penguins.csv",
    "pima": "pima-indians-diabetes.csv",
    "wine_quality": "winequality-red.csv",
    "california_housing": "california_housing.csv",
}
"""Configs of tables that are not in the repository, and their files."""

ELSEWHERE = ("mnist", "notmnist", "sms_spam", *IMAGES, *TABLES)
OFFLINE = [path for path in CONFIGS if not path.name.startswith(ELSEWHERE)]


def name(path: Path) -> str:
    """Returns the path below `configs/`, as the id of a test."""
    return str(path.relative_to(ROOT / "configs"))


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_a_config_has_no_problem_and_no_warning(path: Path) -> None:
    """What the repository shows is what the check recommends; only data that are not in it cannot be checked."""
    codes = {problem.code for problem in check_config(path).warnings}
    assert codes == ({"no-data"} if path.stem in {"sms_spam", *IMAGES, *TABLES} else set())


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_a_config_is_named_after_its_file(path: Path) -> None:
    """Runs are found under the name of the file that made them."""
    expected = path.stem.replace("_", "-")
    if path.parent.name == "smoke":
        expected = f"smoke-{expected}"
    assert check_config(path).experiment.name == expected


@pytest.mark.parametrize("path", OFFLINE, ids=name)
def test_the_data_of_a_config_load(path: Path) -> None:
    """What the repository has all data of."""
    experiment = check_config(path).experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, seed=0)
    validated = experiment.fit.validation_data
    assert validated is None or splits.get(validated) is not None


@pytest.mark.parametrize("config", IMAGES)
def test_a_config_of_images_fits_its_data(
    config: str, test_data: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing to warn of, and every image is used."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path))
    folder = test_data(IMAGES[config])
    checked = check_config(ROOT / "configs" / f"{config}.yaml", [f"dataset.path={folder}"])
    assert checked.warnings == ()
    splits = load_splits(checked.experiment.dataset, checked.experiment.compile.loss, seed=0)
    assert splits.test is not None
    assert len(splits.train) + len(splits.test) == len(list(folder.rglob("*.*g")))
    assert set(np.bincount(splits.test.y)) == {len(splits.test) // len(splits.class_names or ())}


def test_notmnist_takes_its_splits_from_two_archives(
    test_data: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a sample of the large archive, and numbers to match: the same number of each letter in every split."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path))
    overrides = [
        f"dataset.path={test_data('notmnist/notMNIST_large_sample-3493.tar.gz')}",
        f"dataset.test.path={test_data('notmnist/notMNIST_small-rebuilt.tar.gz')}",
        "dataset.download=null",
        "dataset.test.download=null",
        "dataset.min_per_class=340",
        "dataset.samples_per_class=210",
        "dataset.split.validation=100",
        "dataset.test.samples_per_class=1000",
    ]
    experiment = check_config(ROOT / "configs" / "notmnist_conv.yaml", overrides).experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, seed=0)
    assert splits.class_names == tuple("ABCDEFGHIJ")
    for split, each in ((splits.train, 200), (splits.validation, 10), (splits.test, 1000)):
        assert split is not None
        assert np.bincount(split.y.argmax(axis=1)).tolist() == [each] * 10
    assert splits.test is not None
    first = splits.test.y[:100].argmax(axis=1)
    assert len(np.unique(first)) > 5, "the test split is mixed"


def test_the_downloads_of_notmnist_work(
    test_data: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From a server that breaks off once: fetched, decoded, and there at once the second time."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path))
    monkeypatch.setattr(download, "FIRST_WAIT", 0.01)
    archive = test_data("notmnist/notMNIST_small-rebuilt.tar.gz").read_bytes()
    with serving(Server(archive)) as server:
        server.behave = lambda handler, number: number == 0 and (handler.send_file(cut=3_000_000), True)[1]
        command = [
            "train",
            "--dry-run",
            str(ROOT / "configs" / "notmnist_small_conv.yaml"),
            f"dataset.download.url={server.url}",
            f"dataset.download.bytes={len(archive)}",
        ]
        assert nnrun(*command) == 0
        out, err = capsys.readouterr()
        assert "16,000 train, 720 validation, 2,000 test samples of shape (28, 28, 1)" in out
        lines = err.splitlines()
        assert lines[0] == f"Downloading file.bin ({len(archive) / 1e6:.2f} MB)"
        assert "broke off after 3,000,000 of" in lines[1]
        assert lines[2].endswith("going on after 3.00 MB")
        assert lines[3].startswith(f"downloaded file.bin, {len(archive):,} bytes, in ")
        assert lines[4].startswith("decoded file.bin, 18,726 images, in ")
        assert nnrun(*command) == 0
        assert capsys.readouterr().err == ""
    assert server.starts() == [0, 3_000_000]


def test_the_config_of_messages_fits_its_data(test_data: Callable[[str], Path]) -> None:
    """Nothing to warn of, and every message is used."""
    path = test_data("text/sms_spam.tsv")
    checked = check_config(ROOT / "configs" / "sms_spam.yaml", [f"dataset.path={path}"])
    assert checked.warnings == ()
    splits = load_splits(checked.experiment.dataset, checked.experiment.compile.loss, seed=0)
    used = [splits.train, splits.validation, splits.test]
    assert sum(len(split) for split in used if split is not None) == len(path.read_text().splitlines())


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
