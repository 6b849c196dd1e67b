"""New labelled data for the preprocessing of a run."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnrun.config.datasets import CsvData, Dataset, ImagesData, KerasData, SklearnData
from nnrun.config.keras_object import KerasObject
from nnrun.data.labelled import load_labelled
from nnrun.data.new_data import load_new
from nnrun.data.raw import Part, RawData
from nnrun.data.sources import csv_files
from nnrun.errors import DataError, UsageError
from tests.image_files import class_files, write_folder

CLASSES = KerasObject("loss", "sparse_categorical_crossentropy", None)
VALUES = KerasObject("loss", "mse", None)

TABLE = """\
id,size,colour,age,label
1,10,red,3,yes
2,20,blue,4,no
3,30,red,5,yes
4,40,green,6,no
5,50,blue,7,yes
"""


def section(path: Path, **more: Any) -> CsvData:
    """Returns a section about a table with an id that is left out."""
    return CsvData(source="csv", path=str(path), target="label", exclude=["id"], scale="standard", **more)


def new(tmp_path: Path, text: str, **more: Any) -> Any:
    """Loads the new table with what was fitted to the old one."""
    old, table = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text(TABLE)
    table.write_text(text)
    trained = load_labelled(section(old, **more), CLASSES, 0)
    return load_new(section(old, **more), table, CLASSES, 0, trained.splits.preprocessing)


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    """In another order, with one more, without the id, and categories that were seen before."""
    text = "label,extra,age,colour,size\nno,x,4,blue,20\nyes,y,3,red,10\n"
    found, name = new(tmp_path, text, shuffle=False)
    assert name == "train"
    assert found.splits.train.class_index.tolist() == [0, 1]
    old = load_labelled(section(tmp_path / "old.csv", shuffle=False), CLASSES, 0).splits.train
    np.testing.assert_array_equal(found.splits.train.x, old.x[[1, 0]])


def test_nothing_is_held_out_or_left_out(tmp_path: Path) -> None:
    """The split, limit and order of the training say nothing about new data."""
    found, _ = new(tmp_path, TABLE, split={"test": 0.4}, limit=4)
    assert found.splits.validation is None
    assert found.splits.test is None
    assert len(found.splits.train) == 5
    assert found.splits.train.class_index.tolist() == [1, 0, 1, 0, 1]


def test_order_and_rows_are_kept(tmp_path: Path) -> None:
    """Every row is evaluated, and its place in the new file is known."""
    found, name = new(tmp_path, TABLE)
    origins = found.origins(name)
    assert origins.samples.tolist() == [0, 1, 2, 3, 4]
    assert origins.place(4).endswith("new.csv, row 6")
    np.testing.assert_array_equal(found.found(name)[:, 0], [10, 20, 30, 40, 50])


def test_categories_that_are_numbers_stay_categories(tmp_path: Path) -> None:
    """A text column of the training has only numbers in the new file: unseen categories, not numbers."""
    found, _ = new(tmp_path, "size,colour,age,label\n10,1,3,yes\n20,2,4,no\n")
    assert found.splits.train.x[:, 1:4].tolist() == [[0, 0, 0], [0, 0, 0]]
    assert found.splits.train.x.shape == (2, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size,colour,label\n10,red,yes\n", r"--data: .*new\.csv has no column 'age'"),
        ("size,colour,age\n10,red,3\n", r"--data: .*new\.csv has no column 'label'"),
        ("size,colour,age,label\n10,red,3,maybe\n", r"--data: .*new\.csv.*'maybe' is none of the classes"),
        ("size,colour,age,label\nbig,red,3,yes\n", r"--data: .*new\.csv: column 'size' has text such as 'big'"),
        ("size,colour,age,label\n,red,3,yes\n", r"--data: .*new\.csv: empty cells: column 'size'"),
        ("size,colour,age,label\n", r"--data: .*new\.csv has a header, but no rows"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(tmp_path: Path, text: str, message: str) -> None:
    """The file is named, and no key of a config that nobody wrote."""
    with pytest.raises(DataError, match=message) as caught:
        new(tmp_path, text)
    assert "dataset." not in caught.value.message + caught.value.advice


def test_missing_file_is_told(tmp_path: Path) -> None:
    """Before anything is read."""
    preprocessing = load_labelled(SklearnData(source="sklearn", name="iris"), CLASSES, 0).splits.preprocessing
    with pytest.raises(DataError, match=r"--data: .*nothing\.csv: no such file"):
        load_new(section(tmp_path), tmp_path / "nothing.csv", CLASSES, 0, preprocessing)


def test_a_source_without_a_path_has_no_new_data(tmp_path: Path) -> None:
    """What scikit-learn embeds cannot be replaced by a file."""
    dataset = SklearnData(source="sklearn", name="iris")
    preprocessing = load_labelled(dataset, CLASSES, 0).splits.preprocessing
    with pytest.raises(UsageError, match="source 'sklearn'"):
        load_new(dataset, tmp_path, CLASSES, 0, preprocessing)


def test_data_of_the_run_that_became_text_are_refused(tmp_path: Path) -> None:
    """Codes of a text column must not be taken for the numbers that the network was trained on."""
    old = tmp_path / "old.csv"
    old.write_text(TABLE)
    preprocessing = load_labelled(section(old), CLASSES, 0).splits.preprocessing
    old.write_text(TABLE.replace(",3,", ",three,").replace(",4,", ",four,").replace(",5,", ",five,"))
    with pytest.raises(DataError, match="'age' has text"):
        load_labelled(section(old, categorical=["age"]), CLASSES, 0, preprocessing)


def test_columns_of_the_run_are_found_by_name(tmp_path: Path) -> None:
    """In another order, and beside others; a missing one is named."""
    old = tmp_path / "old.csv"
    old.write_text(TABLE)
    trained = load_labelled(section(old), CLASSES, 0).splits
    rows = [line.split(",") for line in TABLE.splitlines()]
    old.write_text("".join(f"{','.join([*reversed(row), 'more'])}\n" for row in rows))
    again = load_labelled(section(old), CLASSES, 0, trained.preprocessing).splits
    np.testing.assert_array_equal(again.train.x, trained.train.x)
    old.write_text(TABLE.replace("age", "years"))
    with pytest.raises(DataError, match="has no column 'age'"):
        load_labelled(section(old), CLASSES, 0, trained.preprocessing)


def test_values_are_predicted_for_new_rows(tmp_path: Path) -> None:
    """A target of numbers needs no classes."""
    table = tmp_path / "t.csv"
    table.write_text("x,y\n1,2.5\n2,3.5\n")
    dataset: Dataset = CsvData(source="csv", path=str(table), target="y")
    preprocessing = load_labelled(dataset, VALUES, 0).splits.preprocessing
    found, name = load_new(dataset, table, VALUES, 0, preprocessing)
    assert name == "train"
    assert found.splits.train.y.tolist() == [[2.5], [3.5]]


def write_idx(folder: Path, part: str, labels: list[int]) -> None:
    """Writes images of one grey level each and their labels in the format of MNIST."""
    folder.mkdir(exist_ok=True)
    count = len(labels)
    images = struct.pack(">IIII", 2051, count, 28, 28) + b"".join(bytes([n] * 784) for n in range(count))
    (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
    numbers = struct.pack(">II", 2049, count) + bytes(labels)
    (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(numbers))


def test_a_test_part_of_its_own_is_what_counts(tmp_path: Path) -> None:
    """A folder in the layout of MNIST has a part for training; the other one is evaluated."""
    write_idx(tmp_path / "new", "train", [4, 5, 3])
    write_idx(tmp_path / "new", "t10k", [4, 5])
    dataset = KerasData(source="keras", name="mnist", path=str(tmp_path / "new"), scale="unit")
    preprocessing = load_labelled(dataset, CLASSES, 0).splits.preprocessing
    found, name = load_new(dataset, tmp_path / "new", CLASSES, 0, preprocessing)
    assert name == "test"
    assert found.splits.test is not None
    assert found.splits.test.y.tolist() == [4, 5]
    assert found.origins("test") is None
    np.testing.assert_array_equal(found.found("test", np.array([1]))[0, 0, 0], [1])


def test_classes_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of images numbers its own classes; one of the training may be missing in it."""
    old = RawData(
        "table", Part(np.zeros((4, 1)), np.array([0, 1, 2, 0])), class_names=("cat", "dog", "fox"),
        feature_names=("x",),
    )  # fmt: skip
    fewer = RawData(
        "table", Part(np.zeros((2, 1)), np.array([1, 0])), class_names=("cat", "fox"), feature_names=("x",)
    )
    dataset = CsvData(source="csv", path="x", target="y")
    monkeypatch.setattr(csv_files, "load", lambda section, seed: old)
    preprocessing = load_labelled(dataset, CLASSES, 0).splits.preprocessing
    monkeypatch.setattr(csv_files, "load", lambda section, seed: fewer)
    found, _ = load_new(dataset, tmp_path, CLASSES, 0, preprocessing)
    assert found.splits.train.y.tolist() == [2, 0]


def test_rows_of_an_unusual_file_are_found_at_once(tmp_path: Path) -> None:
    """Blank lines and cells of several lines; asking for every row reads the file once."""
    table = tmp_path / "t.csv"
    lines = "".join(f'"a\nb",{n % 2}\n\n' for n in range(3_000))
    table.write_text("text,y\n" + lines)
    dataset = CsvData(source="csv", path=str(table), target="y")
    loaded = load_labelled(dataset, CLASSES, 0)
    place = loaded.raw.place
    assert [place(n).rsplit(" ", 1)[1] for n in (0, 1, 2_999)] == ["2", "4", "6000"]
    assert len({place(n) for n in range(3_000)}) == 3_000


def images(path: Path, **more: Any) -> ImagesData:
    """Returns a section about images."""
    return ImagesData(source="images", path=str(path), **more)


@pytest.fixture
def animals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of images of three classes."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))
    return write_folder(tmp_path / "animals", class_files({"cat": 4, "dog": 5, "hen": 3}))


def test_a_folder_of_new_images_needs_neither_all_classes_nor_their_numbers(
    tmp_path: Path, animals: Path
) -> None:
    """What the training asked of its own images says nothing about new ones."""
    dataset = images(animals, min_per_class=4, samples_per_class=4, exclude=["hen"], split={"test": 0.5})
    trained = load_labelled(dataset, CLASSES, 0).splits
    new = write_folder(tmp_path / "new", class_files({"dog": 2}))
    found, name = load_new(dataset, new, CLASSES, 0, trained.preprocessing)
    assert name == "train"
    assert found.splits.train.y.tolist() == [1, 1]
    write_folder(new, class_files({"hen": 1}))
    found, _ = load_new(dataset, new, CLASSES, 0, trained.preprocessing)
    assert len(found.splits.train) == 2, "hens are left out again"
    write_folder(new, class_files({"fox": 1}))
    with pytest.raises(DataError, match=r"--data: .*'fox'"):
        load_new(dataset, new, CLASSES, 0, trained.preprocessing)


def test_new_images_have_the_size_of_the_training(tmp_path: Path, animals: Path) -> None:
    """Or get it, where the config says how."""
    new = tmp_path / "new"
    for name in ("cat", "dog"):
        (new / name).mkdir(parents=True)
        Image.new("RGB", (50, 40)).save(new / name / "1.png")
    trained = load_labelled(images(animals), CLASSES, 0).splits
    with pytest.raises(DataError, match=r"--data: .* 40 x 50 pixels, and the network was trained on"):
        load_new(images(animals), new, CLASSES, 0, trained.preprocessing)
    sized = load_labelled(images(animals, size=[9, 9]), CLASSES, 0).splits
    found, _ = load_new(images(animals, size=[9, 9]), new, CLASSES, 0, sized.preprocessing)
    assert found.splits.train.x.shape == (2, 9, 9, 3)


def test_new_images_may_have_a_table_of_labels(tmp_path: Path, animals: Path) -> None:
    """The table is named, or lies in their folder under the name of the old one; else the old one is read."""
    (tmp_path / "ages.csv").write_text("file,age\ncat/000.png,1\ndog/001.png,2.5\n")
    labels = {"path": str(tmp_path / "ages.csv"), "file": "file", "target": "age"}
    dataset = images(animals, labels=labels)
    preprocessing = load_labelled(dataset, VALUES, 0).splits.preprocessing
    new = write_folder(tmp_path / "new", class_files({"cat": 2}))

    def ages(path: Path) -> list[float]:
        found, _ = load_new(dataset, path, VALUES, 0, preprocessing)
        return [float(age) for age in found.splits.train.y[:, 0]]

    with pytest.raises(DataError, match=r"--data: .*row 3: image 'dog/001.png' is not there"):
        ages(new)
    assert ages(animals) == [1, 2.5]
    (new / "ages.csv").write_text("file,age\ncat/001.png,7\n")
    assert ages(new) == [7]
    (new / "more.csv").write_text("age,file\n8,cat/001.png\n9,cat/000.png\n")
    assert ages(new / "more.csv") == [8, 9]
