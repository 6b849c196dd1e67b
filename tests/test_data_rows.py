"""Samples in a file: read when they are asked for, with the values that they have in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nnrun.config.datasets import MoonsData, Scale, SplitSection
from nnrun.data import rows
from nnrun.data.loading import make_splits
from nnrun.data.raw import InputKind, Part, RawData
from nnrun.data.rows import MappedRows, is_mapped

SECTION = MoonsData(source="synthetic", generator="moons", split=SplitSection(test=0.25))


def mapped(folder: Path, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Returns an array that lies in a file."""
    np.save(folder / "x.npy", array)
    result: NDArray[np.generic] = np.load(folder / "x.npy", mmap_mode="r")
    return result


@pytest.mark.parametrize("kind", ["table", "images"])
@pytest.mark.parametrize("scale", ["none", "standard", "minmax", [-1.0, 1.0]])
@pytest.mark.parametrize("small_chunks", [False, True])
def test_splits_of_a_file_are_those_of_the_array(
    tmp_path: Path, kind: InputKind, scale: Scale, small_chunks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scaling is fitted on the same rows, and every sample is the same."""
    if small_chunks:
        monkeypatch.setattr(rows, "CHUNK_BYTES", 256)
    generator = np.random.default_rng(0)
    if kind == "images":
        x = generator.integers(0, 256, (40, 4, 5, 3)).astype(np.uint8)
    else:
        x = generator.normal(3, 2, (40, 3))
    y = np.arange(40) % 2
    section = SECTION.model_copy(update={"scale": scale})

    array = make_splits(RawData(kind, Part(x, y)), section, "index", seed=0)
    file = make_splits(RawData(kind, Part(mapped(tmp_path, x), y)), section, "index", seed=0)

    assert isinstance(file.train.x, MappedRows)
    assert file.train.x.shape == array.train.x.shape
    assert file.fingerprint == array.fingerprint
    for one, other in ((file.train, array.train), (file.test, array.test)):
        assert one is not None
        assert other is not None
        np.testing.assert_allclose(np.asarray(one.x), other.x, rtol=1e-6)
        np.testing.assert_array_equal(one.x[3:7], np.asarray(one.x)[3:7])
        chosen = np.array([5, 0, 5, 2])
        np.testing.assert_array_equal(one.x[chosen], np.asarray(one.x)[chosen])


def test_only_what_lies_in_a_file_is_mapped(tmp_path: Path) -> None:
    """A view of a mapped array is mapped too; what was computed from it is not."""
    array = mapped(tmp_path, np.arange(6.0))
    assert is_mapped(array)
    assert is_mapped(array[1:3].reshape(2, 1))
    assert not is_mapped(array + 1)
    assert not is_mapped(np.arange(3))


def test_a_data_set_may_come_with_a_validation_part() -> None:
    """It is used as it is, and its labels are those of the training part."""
    part = Part(np.ones((4, 1)), np.array(["b", "a", "b", "a"]), np.array([1.0, 2.0, 3.0, 4.0]))
    raw = RawData("table", part, validation=Part(np.zeros((2, 1)), np.array(["b", "b"])))
    section = MoonsData(source="synthetic", generator="moons", shuffle=False)
    splits = make_splits(raw, section, "index", seed=0)
    assert splits.validation is not None
    assert splits.validation.y.tolist() == [1, 1]
    assert splits.train.weights is not None
    assert splits.train.weights.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert splits.test is None


@pytest.mark.parametrize("scale", ["unit", "standard"])
def test_rows_are_read_in_stretches_of_the_file(
    tmp_path: Path, scale: Scale, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is read at once, in whichever order, the values are those of the array, to the last bit."""
    x = np.random.default_rng(0).integers(0, 256, (300, 4, 5, 1)).astype(np.uint8)
    raw = RawData("images", Part(mapped(tmp_path, x), np.arange(300) % 2), value_range=(0, 255))
    split = make_splits(raw, SECTION.model_copy(update={"scale": scale}), "index", seed=0)
    samples = split.train.x
    assert isinstance(samples, MappedRows)
    assert samples.prepare_into is not None
    expected = samples.prepare(x[samples.rows])
    for bytes_at_once, region, regions in ((1, 1, 1), (1000, 64, 2), (1 << 20, 4096, 1)):
        monkeypatch.setattr(rows, "BYTES_AT_ONCE", bytes_at_once)
        monkeypatch.setattr(rows, "REGION_BYTES", region)
        monkeypatch.setattr(rows, "REGIONS_AT_ONCE", regions)
        np.testing.assert_array_equal(np.asarray(samples), expected)
        for chosen in (np.arange(200)[::-1], np.array([7, 7, 0, 150]), np.array([], np.int64)):
            np.testing.assert_array_equal(samples[chosen], expected[chosen])
        in_file = samples.file_order(slice(0, 50))
        np.testing.assert_array_equal(samples[in_file], expected[in_file])
        assert (np.diff(samples.rows[in_file]) > 0).all()


def test_pages_are_given_back_before_they_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that lie close together count once."""
    monkeypatch.setattr(rows, "REGION_BYTES", 100)
    monkeypatch.setattr(rows, "REGIONS_AT_ONCE", 2)
    samples = MappedRows(mapped(tmp_path, np.zeros((100, 10), np.uint8)), np.arange(100))
    wanted = np.array([0, 1, 9, 10, 11, 40, 41, 60, 95])
    assert list(samples._stretches(wanted)) == [(0, 5), (5, 8), (8, 9)]
    assert list(samples._stretches(wanted[:1])) == [(0, 1)]
    assert list(samples._stretches(wanted[:0])) == [(0, 0)]
    in_memory = MappedRows(np.zeros((100, 10), np.uint8), np.arange(100)[::-1])
    assert list(in_memory._stretches(wanted)) == [(0, 9)]
    assert in_memory.file_order(wanted).tolist() == list(range(9))
