"""The sources that are no files of the user: scikit-learn, generators, Keras."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from nnrun.config.datasets import Dataset, KerasData, SklearnData
from nnrun.config.keras_object import KerasObject
from nnrun.data.facts import facts_of
from nnrun.data.loading import load_splits
from nnrun.data.sources import SOURCES, idx, sklearn, sklearn_files
from nnrun.data.splits import Splits
from nnrun.errors import DataError

LOSSES = {"classes": "sparse_categorical_crossentropy", "values": "mean_squared_error"}


def section(**values: Any) -> Any:
    """Returns the section that a config with these values has."""
    return TypeAdapter(Dataset).validate_python(values)


def loaded(dataset: Any, loss: str = LOSSES["classes"], seed: int = 0) -> Splits:
    """Loads the splits for a loss that is given by name."""
    return load_splits(dataset, KerasObject("loss", loss, None), seed)


EMBEDDED = [
    *({"source": "sklearn", "name": name} for name in sklearn.KNOWN),
    {"source": "synthetic", "generator": "moons", "noise": 0.1},
    {"source": "synthetic", "generator": "circles", "factor": 0.3},
    {"source": "synthetic", "generator": "blobs", "centers": 4, "n_features": 3},
    {
        "source": "synthetic",
        "generator": "classification",
        "n_features": 6,
        "n_classes": 3,
        "n_informative": 4,
    },
    {"source": "synthetic", "generator": "regression", "n_features": 5, "n_informative": 2},
    {"source": "synthetic", "generator": "tokens", "max_tokens": 30, "sequence_length": 7, "n_classes": 4},
]


@pytest.mark.parametrize("values", EMBEDDED, ids=lambda values: values.get("name") or values["generator"])
def test_facts_equal_the_loaded_data(values: dict[str, Any]) -> None:
    """What is said without loading is what loading gives."""
    dataset = section(**values, split={"validation": 0.1, "test": 0.3})
    facts = facts_of(dataset)
    splits = loaded(dataset, LOSSES["values" if facts.target == "values" else "classes"])
    assert facts.shape == splits.train.x.shape[1:]
    assert facts.dtype == splits.train.x.dtype
    assert facts.train_samples == len(splits.train)
    assert facts.classes == (None if splits.class_names is None else len(splits.class_names))
    assert facts.class_names in (None, splits.class_names)
    assert facts.splits == {"validation", "test"}
    if facts.max_token is not None:
        assert splits.train.x.max() == facts.max_token


def test_iris_has_the_names_of_its_classes_and_columns() -> None:
    """The names of scikit-learn stay with the data."""
    splits = loaded(section(source="sklearn", name="iris"))
    assert splits.class_names == ("setosa", "versicolor", "virginica")
    assert splits.feature_names is not None
    assert splits.feature_names[0] == "sepal length (cm)"


def test_unit_scale_of_digits_uses_their_range() -> None:
    """Digits go from 0 to 16, so 16 becomes 1."""
    splits = loaded(section(source="sklearn", name="digits", scale="unit", limit=500))
    assert (splits.train.x.min(), splits.train.x.max()) == (0, 1)


def test_generators_follow_their_own_seed() -> None:
    """`dataset.seed` fixes the samples while the seed of the experiment changes the split."""
    dataset = section(source="synthetic", generator="moons", samples=50, noise=0.1, seed=3)
    first, second = (loaded(dataset, seed=seed).train.x for seed in (1, 2))
    np.testing.assert_array_equal(np.sort(first, axis=0), np.sort(second, axis=0))
    assert not np.array_equal(first, second)


def test_contradicting_generator_arguments_are_refused() -> None:
    """What scikit-learn objects to is told as a problem of the section."""
    dataset = section(source="synthetic", generator="classification", n_features=2, n_informative=5)
    with pytest.raises(DataError, match="make_classification refuses these arguments"):
        loaded(dataset)


def test_token_classes_prefer_their_own_tokens() -> None:
    """Counting own tokens alone tells the classes of long sequences apart."""
    dataset = section(source="synthetic", generator="tokens", sequence_length=100, samples=200, n_classes=3)
    train = loaded(dataset).train
    votes = np.stack([((train.x - 1) % 3 == number).sum(axis=1) for number in range(3)], axis=1)
    np.testing.assert_array_equal(votes.argmax(axis=1), train.y)


def test_scaling_tokens_is_refused() -> None:
    """Token 7 is not more than token 3."""
    with pytest.raises(DataError, match="token numbers, not quantities"):
        loaded(section(source="synthetic", generator="tokens", scale="standard"))


def test_the_fingerprint_depends_on_data_and_split() -> None:
    """It is the same for the same seed, and another for another seed or share."""

    def of(seed: int, test: float) -> str:
        return loaded(section(source="sklearn", name="iris", split={"test": test}), seed=seed).fingerprint

    assert of(0, 0.5) == of(0, 0.5)
    assert len({of(0, 0.5), of(1, 0.5), of(0, 0.4)}) == 3


def test_listed_sources_need_no_slow_imports() -> None:
    """`check` may load every source and ask for facts."""
    modules = ", ".join([*SOURCES.values(), "nnrun.data.facts"])
    slow = "{'numpy', 'sklearn', 'pyarrow', 'keras', 'tensorflow', 'pandas'}"
    code = f"import sys, {modules}; print(*({slow} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


# --- MNIST from IDX files ---------------------------------------------------------------------------------


def idx_bytes(array: Any) -> bytes:
    """Returns the content of an IDX file with this array."""
    array = np.asarray(array, dtype=np.uint8)
    header: bytes = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + bytes(array.tobytes())


@pytest.fixture
def idx_folder(tmp_path: Path) -> Path:
    """A tiny MNIST: 20 training and 10 test images of 4 x 4 pixels, one set compressed, the other not."""
    generator = np.random.Generator(np.random.PCG64(0))
    for stem, count in (("train", 20), ("t10k", 10)):
        images = idx_bytes(generator.integers(0, 256, (count, 4, 4)))
        labels = idx_bytes(np.arange(count) % 10)
        if stem == "train":
            (tmp_path / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
            (tmp_path / f"{stem}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
        else:
            (tmp_path / f"{stem}-images-idx3-ubyte").write_bytes(images)
            (tmp_path / f"{stem}-labels-idx1-ubyte").write_bytes(labels)
    return tmp_path


def mnist(path: Path, **options: Any) -> KerasData:
    """Returns the section for a local copy of MNIST."""
    return KerasData(source="keras", name="mnist", path=str(path), **options)


def test_idx_files_become_images_with_a_channel(idx_folder: Path) -> None:
    """Training and test part are kept apart; the facts come from the header."""
    dataset = mnist(idx_folder)
    splits = loaded(dataset)
    assert splits.train.x.shape == (20, 4, 4, 1)
    assert splits.test is not None
    assert splits.test.y.tolist() == list(range(10))
    facts = facts_of(dataset)
    assert (facts.train_samples, facts.shape) == (20, (4, 4, 1))
    assert facts.splits == {"test"}


def test_keras_npz_equals_the_idx_files(idx_folder: Path, tmp_path: Path) -> None:
    """Both layouts hold the same data, so they have the same fingerprint."""
    train, test = idx.read_part(idx_folder, "train"), idx.read_part(idx_folder, "test")
    path = tmp_path / "copy.npz"
    np.savez(path, x_train=train.x[..., 0], y_train=train.y, x_test=test.x[..., 0], y_test=test.y)
    assert loaded(mnist(path)).fingerprint == loaded(mnist(idx_folder)).fingerprint


def damage_magic(content: bytes) -> bytes:
    """Says in the header that the values are floats."""
    return b"\x00\x00\x0d" + content[3:]


IMAGES = "t10k-images-idx3-ubyte"
LABELS = "t10k-labels-idx1-ubyte"
TRAIN = "train-images-idx3-ubyte.gz"

DAMAGE: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "another type": (IMAGES, damage_magic, "begins with 00 00 0d 03 instead of 00 00 08 03"),
    "labels as images": (IMAGES, lambda _: idx_bytes([1, 2]), "not an IDX file of 3 dimensions"),
    "truncated": (IMAGES, lambda content: content[:-7], "10 x 4 x 4 = 160 bytes, but there are only 153"),
    "too long": (IMAGES, lambda content: content + b"x", "more bytes than the 10 x 4 x 4 = 160"),
    "empty": (IMAGES, lambda _: b"", "begins with nothing"),
    "cut header": (IMAGES, lambda content: content[:9], "header is cut off after 9 bytes"),
    "no images": (IMAGES, lambda _: idx_bytes(np.zeros((0, 4, 4))), "0 x 4 x 4, so there is no data"),
    "other count": (LABELS, lambda _: idx_bytes(np.zeros(9)), "10 images, but t10k-labels-idx1-ubyte has 9"),
    "label out of range": (LABELS, lambda _: idx_bytes([1, 2, 99] + [0] * 7), "label 99 of sample 2"),
    "cut gzip": (TRAIN, lambda content: content[:-4], "cut off|damaged"),
    "damaged gzip": (TRAIN, lambda content: content[:-8] + b"\0" * 8, "compressed data are damaged"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_idx_file_is_named(idx_folder: Path, case: str) -> None:
    """The message has the file and the figures."""
    name, damage, message = DAMAGE[case]
    path = idx_folder / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=message) as caught:
        loaded(mnist(idx_folder))
    assert str(path.name) in caught.value.message


def test_a_missing_idx_file_is_named(idx_folder: Path) -> None:
    """The advice lists what the folder needs."""
    (idx_folder / LABELS).unlink()
    with pytest.raises(DataError, match=r"no file t10k-labels-idx1-ubyte\.gz") as caught:
        loaded(mnist(idx_folder))
    assert "train-images-idx3-ubyte" in caught.value.advice


def test_pickled_objects_in_an_npz_are_refused(tmp_path: Path) -> None:
    """Loading data must never run code."""
    path = tmp_path / "mnist.npz"
    hostile = np.array([{}], dtype=object)
    np.savez(path, x_train=hostile, y_train=hostile, x_test=hostile, y_test=hostile)
    with pytest.raises(DataError, match="holds pickled Python objects"):
        loaded(mnist(path))


def test_mnist_of_the_original_files(test_data: Callable[[str], Path]) -> None:
    """60,000 and 10,000 images of 28 x 28, scaled exactly as the usual script does."""
    splits = loaded(mnist(test_data("mnist"), scale="unit", split={"validation": 10_000}), seed=1)
    assert splits.validation is not None and splits.test is not None
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (50_000, 10_000, 10_000)
    raw = idx.read_part(test_data("mnist"), "test")
    np.testing.assert_array_equal(splits.test.x, raw.x.astype("float32") / 255)
    assert splits.test.y[:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.parametrize("option", [{"max_tokens": 10}, {"sequence_length": 10}])
def test_text_options_for_images_are_refused(option: dict[str, Any]) -> None:
    """An option that has no effect is a misunderstanding."""
    with pytest.raises(DataError, match=r"is for texts \(imdb and reuters\), but mnist has none"):
        facts_of(KerasData(source="keras", name="mnist", **option))


def test_a_share_of_the_test_part_of_mnist_is_refused() -> None:
    """`check` finds this without any data."""
    with pytest.raises(DataError, match="comes with its own test part"):
        facts_of(section(source="keras", name="mnist", split={"test": 0.1}))


def test_sklearn_facts_cover_every_name() -> None:
    """A set that the config allows is a set with facts."""
    names = SklearnData.model_fields["name"].annotation.__args__  # type: ignore[union-attr]
    assert set(names) == set(sklearn.KNOWN)


@pytest.mark.parametrize("name", list(sklearn.KNOWN))
def test_sklearn_tables_are_those_of_its_loaders(name: Any) -> None:
    """They are read from its files, and its package is not imported for that."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    raw = sklearn.load(SklearnData(source="sklearn", name=name), 0)
    np.testing.assert_array_equal(raw.samples.x.reshape(len(bunch.data), -1), bunch.data)
    np.testing.assert_array_equal(raw.samples.y, bunch.target)
    assert raw.samples.y.dtype == bunch.target.dtype
    if name != "digits":
        assert raw.feature_names == tuple(bunch.feature_names)
    if name != "diabetes":
        assert raw.class_names == tuple(map(str, bunch.target_names))


def test_sklearn_itself_is_asked_where_its_files_are_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version may keep its tables in another way."""
    expected = sklearn.load(SklearnData(source="sklearn", name="wine"), 0)
    monkeypatch.setitem(sklearn_files._FILES, "wine", "no_such_file.csv")
    assert sklearn_files.read_table("wine") is None
    raw = sklearn.load(SklearnData(source="sklearn", name="wine"), 0)
    np.testing.assert_array_equal(raw.samples.x, expected.samples.x)
