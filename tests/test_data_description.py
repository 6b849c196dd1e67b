"""What a run records about its data, and how it tells that they changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnrun.config.load import load_experiment
from nnrun.data.description import describe, differences
from nnrun.data.loading import load_splits
from tests.configs import write_iris


def description(folder: Path, *overrides: str) -> dict[str, Any]:
    """Describes the data of a config."""
    loaded = load_experiment(write_iris(folder), overrides)
    dataset = loaded.experiment.dataset
    return describe(dataset, load_splits(dataset, loaded.experiment.compile.loss, 0))


def test_description_says_what_the_network_saw(tmp_path: Path) -> None:
    """Source, kind, samples by split, shapes and types."""
    found = description(tmp_path)
    assert len(found.pop("fingerprint")) == 64
    assert found == {
        "source": "sklearn",
        "kind": "table",
        "samples": {"train": 75, "test": 75},
        "input": {"shape": [4], "dtype": "float32"},
        "label": {"shape": [3], "dtype": "float32"},
    }


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([], []),
        (["dataset.split.test=0.2"], ["75 train samples are 120 now", "75 test samples are 30 now"]),
        (
            ["dataset.split={validation: 0.5}"],
            ["75 test samples are 0 now", "0 validation samples are 75 now"],
        ),
        (["dataset.split.seed=5"], ["values, labels or the order of the samples are others"]),
        (["dataset.name=wine"], ["75 train samples are 89 now", "a sample of shape (4,) is (13,) now"]),
    ],
)
def test_differences_are_told(tmp_path: Path, overrides: list[str], words: list[str]) -> None:
    """What changed as far as it is known."""
    found = differences(description(tmp_path), description(tmp_path, *overrides))
    assert [one for one in found if one in words] == words
    assert bool(found) == bool(words)


def test_a_run_of_an_older_version_has_the_fingerprint_only(tmp_path: Path) -> None:
    """It still tells that something changed; without it, nothing is said."""
    now = description(tmp_path)
    assert differences({"fingerprint": "0" * 64}, now) == [
        "values, labels or the order of the samples are others"
    ]
    assert differences({"fingerprint": now["fingerprint"]}, now) == []
    assert differences({}, now) == []
