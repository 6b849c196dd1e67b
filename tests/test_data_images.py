"""Images as a source: what is found in folders and archives, what becomes of it, and what is said about it."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from pydantic import TypeAdapter

from nnrun.config.datasets import Dataset
from nnrun.config.keras_object import KerasObject
from nnrun.data.facts import facts_of
from nnrun.data.images import blocks, building, pool
from nnrun.data.images.pool import Workforce, workforce_for
from nnrun.data.loading import load_splits
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.progress import told_to
from nnrun.data.rows import MappedRows
from nnrun.data.sources import images as source
from nnrun.data.splits import Splits
from nnrun.errors import DataError, StorageError
from nnrun.events import DataProgress, Event
from tests.image_files import animation, class_files, encoded, huge_png, pixels, smooth, turned, write_folder

CLASSES = {"cat": 4, "dog": 5, "hen": 3}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def section(path: Path, **options: Any) -> Any:
    """Returns the section of a config."""
    return TypeAdapter(Dataset).validate_python({"source": "images", "path": str(path), **options})


def loaded(
    path: Path, loss: str = "sparse_categorical_crossentropy", seed: int = 0, **options: Any
) -> Splits:
    """Returns the splits of images."""
    return load_splits(section(path, **options), KerasObject("loss", loss, None), seed)


def animals(
    folder: Path, classes: dict[str, int] | None = None, more: dict[str, bytes] | None = None
) -> Path:
    """Makes a folder with a folder of images for each class."""
    return write_folder(folder, {**class_files(classes or CLASSES), **(more or {})})


def packed(folder: Path, target: Path, root: str = "") -> Path:
    """Packs a folder into an archive whose kind the name of the target says."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w") as archive:
            for path in files:
                archive.write(path, root + str(path.relative_to(folder)))
    else:
        with tarfile.open(target, "w:gz" if target.suffix == ".tgz" else "w") as archive:
            for path in reversed(files):
                archive.add(path, root + str(path.relative_to(folder)))
    return target


def image_in(path: Path) -> Image.Image:
    """Returns an image as Pillow reads it."""
    return Image.open(io.BytesIO(path.read_bytes()))


def by_name(splits: Splits) -> dict[bytes, int]:
    """Returns the class of each training image by its pixels."""
    return {
        bytes(image.astype(np.uint8)): int(y)
        for image, y in zip(np.asarray(splits.train.x), splits.train.y, strict=True)
    }


# --- Folders and archives ---------------------------------------------------------------------------------


def test_a_folder_of_classes_becomes_arrays(tmp_path: Path) -> None:
    """Every image with the class of its folder; nothing is loaded as a whole."""
    folder = animals(tmp_path / "animals")
    splits = loaded(folder, color="gray")
    assert splits.class_names == ("cat", "dog", "hen")
    assert isinstance(splits.train.x, MappedRows)
    assert splits.train.x.shape == (12, 6, 6, 1)
    assert splits.train.x.dtype == np.float32
    expected = {
        bytes(np.asarray(image_in(path))): splits.class_names.index(path.parent.name)
        for path in folder.rglob("*.png")
    }
    assert by_name(splits) == expected
    assert splits.notes == ("animals: 12 images of 3 classes, from 3 of 'hen' to 5 of 'dog'",)


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tgz"])
@pytest.mark.parametrize("root", ["", "data/animals/"])
def test_an_archive_is_read_as_the_folder_in_it(tmp_path: Path, kind: str, root: str) -> None:
    """In whatever order its members come, and whatever folder is around them: the very same data."""
    folder = animals(tmp_path / "animals")
    archive = packed(folder, tmp_path / f"packed{kind}", root)
    here, there = loaded(folder, scale="standard"), loaded(archive, scale="standard")
    assert here.fingerprint == there.fingerprint
    np.testing.assert_array_equal(np.asarray(here.train.x), np.asarray(there.train.x))
    assert not list((tmp_path / "cache").rglob("*.png")), "an archive of images is not extracted"


def test_an_archive_is_told_by_its_content(tmp_path: Path) -> None:
    """Not by its name."""
    archive = packed(animals(tmp_path / "animals"), tmp_path / "a.zip")
    archive = archive.rename(tmp_path / "data.bin")
    assert len(loaded(archive).train) == 12


@pytest.mark.parametrize("workforce", [Workforce(), Workforce(processes=2), Workforce(threads=2)])
@pytest.mark.parametrize("kind", ["folder", ".zip"])
def test_helpers_do_not_change_the_result(
    tmp_path: Path, workforce: Workforce, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone, with other processes or with threads: the same pixels and the same notes."""
    monkeypatch.setattr(building, "workforce_for", lambda images, size: workforce)
    monkeypatch.setattr(building, "MOST_IMAGES", 3)
    broken = {"cat/broken.png": b"", "dog/big.png": huge_png(20_000, 20_000), "hen/moves.gif": animation()}
    folder = animals(tmp_path / "animals", {"cat": 30, "dog": 31, "hen": 32}, broken)
    path = folder if kind == "folder" else packed(folder, tmp_path / "a.zip")
    splits = loaded(path, unreadable="skip", size=[6, 6])
    digest = np.asarray(splits.train.x).sum()
    assert digest == np.asarray(loaded(path, unreadable="skip", size=[6, 6]).train.x).sum()
    assert len(splits.train) == 94
    expected = sum(
        np.asarray(image_in(path).convert("RGB").resize((6, 6), Image.Resampling.BILINEAR))
        .astype(float)
        .sum()
        for path in folder.rglob("*.*")
        if path.name not in ("broken.png", "big.png")
    )
    assert digest == pytest.approx(expected)
    assert "2 of 96 images cannot be read and are left out: 'cat/broken.png' (an empty file)" in " ".join(
        splits.notes
    )
    assert "of 1 animated images only the first frame is used: 'hen/moves.gif'" in " ".join(splits.notes)


def test_other_processes_are_for_large_data_only() -> None:
    """Starting one takes longer than decoding hundreds of images."""
    assert workforce_for(100, 50_000) == Workforce()
    assert workforce_for(1_000_000, 10**9).processes >= min(pool.usable_cpus() - 1, 1)
    assert workforce_for(400, 2_000_000).processes == 0


def test_an_image_without_a_size_needs_none(tmp_path: Path) -> None:
    """If all have the same one."""
    splits = loaded(animals(tmp_path / "animals"))
    assert splits.train.x.shape == (12, 6, 6, 3)
    assert splits.preprocessing.image is not None
    assert splits.preprocessing.image.exact
    assert (
        Preprocessing.from_json(json.loads(json.dumps(splits.preprocessing.to_json())))
        == splits.preprocessing
    )


@pytest.mark.parametrize("kind", ["folder", ".zip"])
def test_different_sizes_need_one(tmp_path: Path, kind: str) -> None:
    """The message names the first that differs, and says what to write."""
    folder = animals(tmp_path / "animals", more={"dog/x.png": encoded(pixels(7, 9))})
    path = folder if kind == "folder" else packed(folder, tmp_path / "a.zip")
    with pytest.raises(DataError, match=r"'dog/x\.png', with 7 x 9 pixels, does not have the 6 x 6") as error:
        loaded(path)
    assert "dataset.size: [height, width]" in error.value.advice
    assert loaded(path, size=[5, 4]).train.x.shape == (13, 5, 4, 3)


# --- What lies around -------------------------------------------------------------------------------------


def test_what_is_no_image_is_listed(tmp_path: Path) -> None:
    """Hidden files, what systems leave behind, other files, images outside of classes."""
    traps = {
        "cat/.hidden.png": b"x",
        "cat/._000.png": b"x",
        "dog/.ipynb_checkpoints/000.png": b"x",
        "__MACOSX/cat/000.png": b"x",
        ".DS_Store": b"x",
        "cat/notes.txt": b"x",
        "cat/Thumbs.db": b"x",
        "README.md": b"x",
        "cover.png": encoded(pixels()),
    }
    folder = animals(tmp_path / "animals", more=traps)
    for path in (folder, packed(folder, tmp_path / "a.zip")):
        splits = loaded(path)
        assert len(splits.train) == 12
        notes = " | ".join(splits.notes)
        assert "left out 5 hidden files and folders: '.DS_Store'" in notes
        assert "left out 1 image outside of the folders of classes: 'cover.png'" in notes
        assert (
            "left out 3 files that are no images by their names (1 .db, 1 .md, 1 .txt): 'README.md'" in notes
        )


def test_folders_in_the_folder_of_a_class_belong_to_it(tmp_path: Path) -> None:
    """At any depth."""
    folder = animals(tmp_path / "animals", more={"cat/2024/june/a.png": encoded(pixels(6, 6, 1))})
    assert np.bincount(loaded(folder).train.y).tolist() == [5, 5, 3]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    """A split made of links is common; a link that leads back is told."""
    folder = animals(tmp_path / "animals")
    (folder / "cat" / "up").symlink_to(folder)
    (folder / "cat" / "self").symlink_to(".")
    (folder / "dog" / "more").symlink_to(write_folder(tmp_path / "far", {"a.png": encoded(pixels(6, 6, 1))}))
    (folder / "hen" / "one.png").symlink_to(folder / "cat" / "000.png")
    splits = loaded(folder)
    assert np.bincount(splits.train.y).tolist() == [4, 6, 4]
    assert "left out 2 links to folders that are there already: 'cat/self', 'cat/up'" in " ".join(
        splits.notes
    )


def test_pipes_and_broken_links_do_not_stop_anything(tmp_path: Path) -> None:
    """Opening a pipe would wait for ever."""
    folder = animals(tmp_path / "animals")
    os.mkfifo(folder / "cat" / "pipe.png")
    (folder / "dog" / "gone.png").symlink_to("nowhere.png")
    splits = loaded(folder, unreadable="skip")
    notes = " ".join(splits.notes)
    assert "left out 1 entry that is neither file nor folder: 'cat/pipe.png'" in notes
    assert "'dog/gone.png' (no such file or directory)" in notes


def test_images_of_formats_that_are_not_read_are_not_passed_over(tmp_path: Path) -> None:
    """A TIFF is an image, so it is one that cannot be read."""
    folder = animals(tmp_path / "animals", more={"cat/a.tif": encoded(pixels(), "TIFF"), "dog/b.HEIC": b"x"})
    with pytest.raises(DataError, match=r"2 of 14 images cannot be read: 'cat/a.tif' \(not JPEG, PNG, BMP"):
        loaded(folder)


@pytest.mark.parametrize("empty", [b"notes.txt", b".hidden.png", None])
def test_a_class_without_an_image_is_refused(tmp_path: Path, empty: bytes | None) -> None:
    """The network would have an output that nothing belongs to."""
    folder = animals(tmp_path / "animals")
    (folder / "owl").mkdir()
    if empty is not None:
        (folder / "owl" / os.fsdecode(empty)).write_bytes(b"x")
    with pytest.raises(DataError, match="there is no image in the folder 'owl'") as error:
        facts_of(section(folder))
    assert "dataset.exclude" in error.value.advice
    assert len(loaded(folder, exclude=["owl"], size=[6, 6]).train) == 12 if empty is None else True


def test_classes_can_be_left_out(tmp_path: Path) -> None:
    """By name, and each name must be there."""
    folder = animals(tmp_path / "animals")
    splits = loaded(folder, exclude=["dog"])
    assert splits.class_names == ("cat", "hen")
    assert "left out 5 images in folders that dataset.exclude names" in " ".join(splits.notes)
    with pytest.raises(DataError, match="there is no folder 'dgo' with images") as error:
        loaded(folder, exclude=["dgo"])
    assert "'cat', 'dog', 'hen'" in error.value.advice


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.txt": b"x"}, "there is no image in it"),
        ({"a.png": encoded(pixels())}, "no image lies in a folder of a class"),
    ],
)
def test_a_folder_without_classes_is_refused(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    """With what a folder should look like."""
    folder = write_folder(tmp_path / "x", files)
    with pytest.raises(DataError, match=message):
        loaded(folder)
    with pytest.raises(DataError, match=message):
        loaded(packed(folder, tmp_path / "x.zip"))


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """A folder, an archive, or a file that is neither."""
    with pytest.raises(DataError, match="no such folder or archive"):
        loaded(tmp_path / "none")
    (tmp_path / "a.png").write_bytes(encoded(pixels()))
    with pytest.raises(DataError, match="is neither a folder nor an archive"):
        loaded(tmp_path / "a.png")


def test_one_class_is_refused(tmp_path: Path) -> None:
    """As in every source."""
    with pytest.raises(DataError, match="only one class"):
        loaded(animals(tmp_path / "animals", {"cat": 3}))


# --- Unreadable images ------------------------------------------------------------------------------------


def test_unreadable_images_are_refused_and_named(tmp_path: Path) -> None:
    """All of them at once, with the reason of each."""
    broken = {
        "cat/a.png": b"",
        "cat/b.jpg": b"no image",
        "dog/c.png": encoded(pixels(60, 60))[:-3000],
        "dog/d.png": huge_png(14_000, 14_000),
    }
    folder = animals(tmp_path / "animals", more=broken)
    with pytest.raises(DataError) as error:
        loaded(folder, size=[6, 6])
    assert (
        "4 of 16 images cannot be read: 'cat/a.png' (an empty file), 'cat/b.jpg' (not JPEG"
        in error.value.message
    )
    assert "14,000 x 14,000 pixels, which is more than" in error.value.message
    assert "dataset.unreadable: skip" in error.value.advice
    splits = loaded(folder, size=[6, 6], unreadable="skip")
    assert len(splits.train) == 12
    assert "4 of 16 images cannot be read and are left out" in " ".join(splits.notes)


def test_if_no_image_can_be_read_that_is_told(tmp_path: Path) -> None:
    """Whatever is to be skipped."""
    folder = write_folder(tmp_path / "x", {"a/1.png": b"", "b/2.png": b""})
    for path in (folder, packed(folder, tmp_path / "x.zip")):
        for options in ({}, {"size": [6, 6]}):
            with pytest.raises(DataError, match="none of 2 images can be read"):
                loaded(path, unreadable="skip", **options)


def test_a_long_list_of_unreadable_images_is_cut(tmp_path: Path) -> None:
    """A screen is enough."""
    folder = animals(tmp_path / "animals", more={f"cat/x{number}.png": b"" for number in range(50)})
    with pytest.raises(DataError, match=r"50 of 62 images cannot be read: .* and 30 more"):
        loaded(folder)


# --- Names ------------------------------------------------------------------------------------------------


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    """Whatever a folder or a file is called."""
    names = [
        "<script>alert(1)</script>"[:-9] + "|",
        "=cmd()",
        "a\x1b[31m\nb",
        "..a",
        "ünïcode",
        " ",
        "$(rm -rf)",
        "a b",
    ]
    names = [name for name in names if not name.startswith(".")]
    folder = animals(tmp_path / "animals", dict.fromkeys(names, 2))
    write_folder(folder, {f"{names[0]}/\x1b]0;x\x07.png": b"", f"{names[1]}/-rf.png": b""})
    splits = loaded(folder, unreadable="skip")
    assert splits.class_names == tuple(sorted(names))
    assert len(splits.train) == 2 * len(names)


def test_a_class_whose_name_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    """It could not be written into the run."""
    folder = animals(tmp_path / "animals")
    write_folder(folder, {os.fsdecode(b"caf\xe9/a.png"): encoded(pixels(6, 6))})
    with pytest.raises(DataError, match=r"the name of the folder 'caf\\xe9' is not UTF-8"):
        loaded(folder)


def test_a_file_whose_name_is_no_utf_8_is_used(tmp_path: Path) -> None:
    """Its name is shown with the bytes that are no text."""
    folder = animals(tmp_path / "animals")
    (folder / "cat" / os.fsdecode(b"\xff.png")).write_bytes(encoded(pixels(6, 6, 1)))
    (folder / "cat" / os.fsdecode(b"\xfe.png")).write_bytes(b"")
    splits = loaded(folder, unreadable="skip")
    assert len(splits.train) == 13
    note = " ".join(splits.notes)
    assert r"'cat/\xfe.png' (an empty file)" in note
    note.encode()


NAME = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="/\\\0"), min_size=1, max_size=20
).filter(lambda name: not name.startswith(".") and name != "__MACOSX" and name[1:2] != ":")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    classes=st.dictionaries(NAME, st.lists(NAME, min_size=1, max_size=3, unique=True), min_size=2, max_size=4)
)
def test_any_names_of_classes_and_files_come_back(
    tmp_path_factory: pytest.TempPathFactory, classes: dict[str, list[str]]
) -> None:
    """From a folder and from archives: the same classes, with the same images."""
    folder = tmp_path_factory.mktemp("names")
    files = {
        f"{name}/{file}.png": encoded(np.full((2, 2), 7 * number + place, np.uint8))
        for number, (name, own) in enumerate(classes.items())
        for place, file in enumerate(own)
    }
    write_folder(folder / "x", files)
    found = loaded(folder / "x", color="gray")
    assert found.class_names == tuple(sorted(classes))
    expected = sorted(
        (sorted(classes).index(name), 7 * number + place)
        for number, (name, own) in enumerate(classes.items())
        for place in range(len(own))
    )
    pairs = zip(found.train.y.tolist(), np.asarray(found.train.x)[:, 0, 0, 0].tolist(), strict=True)
    assert sorted((y, int(x)) for y, x in pairs) == expected
    assert loaded(packed(folder / "x", folder / "x.tar"), color="gray").fingerprint == found.fingerprint


# --- How many of each class -------------------------------------------------------------------------------


def test_the_same_number_of_each_class(tmp_path: Path) -> None:
    """Chosen by the seed, and divided evenly by a stratified split."""
    folder = animals(tmp_path / "animals", {"a": 30, "b": 50, "c": 40})
    options: dict[str, Any] = {
        "samples_per_class": 20,
        "split": {"test": 12, "validation": 6, "stratify": True},
    }
    splits = loaded(folder, **options)
    assert np.bincount(splits.train.y).tolist() == [14, 14, 14]
    for split, each in ((splits.validation, 2), (splits.test, 4)):
        assert split is not None
        assert np.bincount(split.y).tolist() == [each] * 3
    assert loaded(folder, **options).fingerprint == splits.fingerprint
    other = loaded(folder, seed=1, **options)
    assert other.fingerprint != splits.fingerprint
    assert set(by_name(other)) != set(by_name(splits))
    kept = loaded(folder, seed=5, **{**options, "split": {**options["split"], "seed": 0}})
    assert kept.fingerprint == splits.fingerprint


def test_too_few_of_a_class_are_refused(tmp_path: Path) -> None:
    """Counting those that can be read."""
    folder = animals(tmp_path / "animals", {"a": 5, "b": 9}, {"b/broken.png": b""})
    with pytest.raises(DataError, match=r"dataset.min_per_class: it is 6, but .* class 'a' has 5"):
        loaded(folder, min_per_class=6, unreadable="skip")
    with pytest.raises(
        DataError, match=r"dataset.samples_per_class: it is 10, but .* class 'a' has 5, 'b' has 9"
    ):
        loaded(folder, samples_per_class=10, unreadable="skip")
    assert len(loaded(folder, min_per_class=5, unreadable="skip").train) == 14
    with pytest.raises(DataError, match="class 'a' has 5"):
        facts_of(section(folder, min_per_class=6))


def test_a_split_may_have_a_folder_of_its_own(tmp_path: Path) -> None:
    """With its own counts, in an order in which a limit takes some of each class."""
    train = animals(tmp_path / "train", {"a": 30, "b": 30})
    test = packed(animals(tmp_path / "test", {"a": 12, "b": 25}), tmp_path / "test.zip")
    splits = loaded(
        train,
        samples_per_class=20,
        split={"validation": 10, "stratify": True},
        test={"path": str(test), "samples_per_class": 10, "min_per_class": 12},
        limit=15,
    )
    assert splits.test is not None and splits.validation is not None
    assert len(splits.test) == 15
    assert 2 <= np.bincount(splits.test.y)[0] <= 13
    assert np.bincount(splits.validation.y).tolist() == [5, 5]
    with pytest.raises(DataError, match=r"dataset.test.samples_per_class: it is 13, but .* class 'a' has 12"):
        loaded(train, test={"path": str(test), "samples_per_class": 13})


def test_a_class_that_is_not_trained_on_is_refused(tmp_path: Path) -> None:
    """In a folder of its own for a split; one that is missing there is not."""
    train = animals(tmp_path / "train", {"a": 3, "b": 3, "c": 3})
    splits = loaded(train, validation={"path": str(animals(tmp_path / "v", {"b": 2, "c": 1}))})
    assert splits.validation is not None
    assert splits.validation.y.tolist().count(1) == 2
    with pytest.raises(DataError, match=r"dataset.test: .* has the class 'd', which the images to train on"):
        loaded(train, test={"path": str(animals(tmp_path / "t", {"a": 1, "d": 2}))})


def test_parts_of_different_sizes_are_refused(tmp_path: Path) -> None:
    """Where no size is given."""
    train = animals(tmp_path / "train")
    test = write_folder(tmp_path / "test", {"cat/a.png": encoded(pixels(9, 9))})
    with pytest.raises(DataError, match=r"have 9 x 9 pixels, those of .* have 6 x 6"):
        loaded(train, test={"path": str(test)})


# --- The cache --------------------------------------------------------------------------------------------


def decodings(run: Callable[[], Any]) -> int:
    """Counts how many folders or archives are decoded meanwhile."""
    events: list[Event] = []
    with told_to(events.append):
        run()
    return len([event for event in events if isinstance(event, DataProgress) and event.done == 0])


def test_images_are_decoded_once(tmp_path: Path) -> None:
    """Per form; the seed, the split and the like do not matter."""
    folder = animals(tmp_path / "animals")
    assert decodings(lambda: loaded(folder)) == 1
    assert decodings(lambda: loaded(folder, seed=3, split={"test": 0.5}, scale="unit")) == 0
    assert decodings(lambda: loaded(folder, color="gray")) == 1
    assert decodings(lambda: loaded(folder, size=[6, 6])) == 1
    assert decodings(lambda: loaded(folder)) == 0


CHANGES: dict[str, Callable[[Path], Any]] = {
    "a new image": lambda folder: (folder / "cat" / "new.png").write_bytes(encoded(pixels(6, 6))),
    "a missing image": lambda folder: (folder / "cat" / "000.png").unlink(),
    "another name": lambda folder: (folder / "cat" / "000.png").rename(folder / "cat" / "x.png"),
    "another class": lambda folder: (folder / "cat" / "000.png").rename(folder / "dog" / "x.png"),
    "another content": lambda folder: (folder / "cat" / "000.png").write_bytes(encoded(pixels(6, 6, 1, 99))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed(tmp_path: Path, change: str) -> None:
    """And the images of before are removed from the cache."""
    folder = animals(tmp_path / "animals")
    before = loaded(folder).fingerprint
    CHANGES[change](folder)
    assert decodings(lambda: loaded(folder)) == 1
    assert loaded(folder).fingerprint != before
    assert len(list((tmp_path / "cache" / "images").glob("*/*"))) == 1


def test_a_change_that_hides_its_time_is_noticed(tmp_path: Path) -> None:
    """Files out of archives all have the time of 1970; the same size and time do not make the same file."""
    bitmaps = {
        f"{name}/{number}.bmp": encoded(pixels(6, 6, 3, number), "BMP")
        for name in "ab"
        for number in range(2)
    }
    folder = write_folder(tmp_path / "x", bitmaps)
    for path in folder.rglob("*.bmp"):
        os.utime(path, (0, 0))
    before = loaded(folder).fingerprint
    path = folder / "a" / "0.bmp"
    path.write_bytes(encoded(pixels(6, 6, 3, 77), "BMP"))
    os.utime(path, (0, 0))
    assert loaded(folder).fingerprint != before


def test_what_else_lies_there_may_change(tmp_path: Path) -> None:
    """Notes are about what is there now; nothing is decoded again."""
    folder = animals(tmp_path / "animals")
    loaded(folder)
    (folder / "cat" / "notes.txt").write_text("x")
    assert decodings(lambda: loaded(folder)) == 0
    assert "1 file that is no image by its name" in " ".join(loaded(folder).notes)


@pytest.mark.parametrize("name", ["pixels.bin", "index.json", "names.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, name: str, damage: str) -> None:
    """It costs time, and nothing else."""
    folder = animals(tmp_path / "animals")
    before = loaded(folder).fingerprint
    (path,) = (tmp_path / "cache").rglob(name)
    if damage == "gone":
        path.unlink()
    elif name != "names.json":
        path.write_bytes(path.read_bytes()[:-1])
    assert decodings(lambda: loaded(folder)) == int(damage == "gone" or name != "names.json")
    assert loaded(folder).fingerprint == before


LOADER = """
import sys
from pathlib import Path
from nnrun.config.datasets import ImagesData
from nnrun.data.progress import told_to
from nnrun.data.sources.images import load
events = []
with told_to(events.append):
    raw = load(ImagesData(source="images", path=sys.argv[1], size=[6, 6]), 0)
print(raw.samples.digest, any(getattr(event, "action", "") == "decode" for event in events))
"""


def test_processes_decode_once(tmp_path: Path) -> None:
    """One decodes, the others wait for it."""
    folder = animals(tmp_path / "animals", {"a": 200, "b": 200})
    command = [sys.executable, "-c", LOADER, str(folder)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = [process.communicate(timeout=120)[0].split() for process in processes]
    assert len({digest for digest, _ in answers}) == 1
    assert sorted(decoded for _, decoded in answers) == ["False", "False", "False", "True"]


def test_a_kill_while_decoding_leaves_nothing_behind(tmp_path: Path) -> None:
    """The next one starts anew; the helpers of the dead one end."""
    folder = animals(tmp_path / "animals", {"a": 1500, "b": 1500})
    process = subprocess.Popen([sys.executable, "-c", LOADER, str(folder)], stdout=subprocess.DEVNULL)
    cache = tmp_path / "cache"
    deadline = time.monotonic() + 60
    while not list(cache.rglob("arrived.bin")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(loaded(folder, size=[6, 6]).train) == 3000
    assert not list(cache.rglob(".tmp-*"))


def test_a_crash_of_a_decoder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is made to crash a decoder ends a helper, and not in silence."""
    crash = (
        pool._START.replace("main()", "print(end='')")
        + "; import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    )
    monkeypatch.setattr(pool, "_START", crash)
    monkeypatch.setattr(building, "workforce_for", lambda images, size: Workforce(processes=1))
    with pytest.raises(DataError, match="a process was ended by signal 11 while it decoded one of"):
        loaded(animals(tmp_path / "animals"))


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a helper meets it; nothing is left in the cache."""
    code = """
import resource, signal, sys
from nnrun.config.datasets import ImagesData
from nnrun.data.images import blocks, building, pool
from nnrun.data.sources.images import load
from nnrun.errors import StorageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
building.workforce_for = lambda images, size: pool.Workforce(processes=int(sys.argv[2]))
try:
    load(ImagesData(source="images", path=sys.argv[1], size=[60, 60]), 0)
except StorageError as error:
    print(error.message, error.advice)
"""
    folder = animals(tmp_path / "animals", {"a": 40, "b": 40})
    for processes in ("0", "1"):
        result = subprocess.run(
            [sys.executable, "-c", code, str(folder), processes], capture_output=True, text=True, check=True
        )
        assert "File too large" in result.stdout, result.stderr
        assert "NNRUN_CACHE" in result.stdout
        assert not list((tmp_path / "cache").rglob("*.bin"))


# --- Tables of labels -------------------------------------------------------------------------------------


def labelled(folder: Path, rows: list[str], header: str = "file,breed") -> dict[str, Any]:
    """Writes a table of labels, and returns the option that names it."""
    path = folder / "labels.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return {"labels": {"path": str(path), "file": header.split(",")[0], "target": header.split(",")[1]}}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six images in folders that mean nothing."""
    files = {
        f"{'ab'[number % 2]}/{number}.png": encoded(np.full((4, 4), number, np.uint8)) for number in range(6)
    }
    return write_folder(tmp_path / "photos", files)


ROWS = ["a/0.png,cat", "b/1.png,dog", "a/2.png,cat", "b/3.png,dog", "a/4.png,cat", "b/5.png,owl"]


def test_a_disk_that_is_too_small_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the array will take is known beforehand."""
    folder = animals(tmp_path / "animals", {"a": 40, "b": 40})
    full = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(StorageError, match=r"takes 2,400,000 bytes, and only 1,000,000 are free") as error:
        loaded(folder, size=[100, 100])
    assert "dataset.size" in error.value.advice
    assert "NNRUN_CACHE" in error.value.advice
    assert len(loaded(folder, size=[10, 10]).train) == 80


def test_small_files_may_become_large_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pixels are written when there are many of them; where, does not depend on it."""
    folder = animals(tmp_path / "animals", {"a": 5, "b": 4}, {"a/broken.png": b"\x89PNG"})
    whole = np.asarray(loaded(folder, size=[9, 7], unreadable="skip").train.x)
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "other"))
    monkeypatch.setattr(blocks, "_WRITTEN", 2 * 9 * 7 * 3)
    np.testing.assert_array_equal(loaded(folder, size=[9, 7], unreadable="skip").train.x, whole)


@pytest.mark.parametrize("kind", ["folder", ".zip", ".tar"])
def test_a_table_gives_the_labels(tmp_path: Path, photos: Path, kind: str) -> None:
    """Of the images in a folder or an archive, in the order of its rows."""
    path = photos if kind == "folder" else packed(photos, tmp_path / f"p{kind}", "photos/")
    splits = loaded(path, color="gray", shuffle=False, **labelled(tmp_path, ROWS))
    assert splits.class_names == ("cat", "dog", "owl")
    assert splits.train.y.tolist() == [0, 1, 0, 1, 0, 2]
    assert np.asarray(splits.train.x)[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_a_table_may_give_numbers(tmp_path: Path, photos: Path) -> None:
    """Then the network predicts them."""
    options = labelled(tmp_path, [f"{row.split(',')[0]},{number}.5" for number, row in enumerate(ROWS)])
    splits = loaded(photos, "mean_squared_error", shuffle=False, **options)
    assert splits.class_names is None
    assert splits.train.y.reshape(-1).tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert facts_of(section(photos, **options)).target == "values"


def test_names_may_lack_their_ending(tmp_path: Path, photos: Path) -> None:
    """Many tables have an id."""
    rows = [row.replace(".png", "") for row in ROWS]
    options = labelled(tmp_path, rows)
    with pytest.raises(DataError, match="row 2: image 'a/0' is not there") as error:
        loaded(photos, **options)
    assert "dataset.labels.suffix: .jpg" in error.value.advice
    options["labels"]["suffix"] = ".png"
    assert len(loaded(photos, **options).train) == 6


TABLES: dict[str, tuple[list[str], str]] = {
    "no image": ([*ROWS, "a/9.png,cat"], "row 8: image 'a/9.png' is not there"),
    "twice": ([*ROWS, "./a/0.png,dog"], "row 8: 'a/0.png' has a row already, row 2"),
    "no label": ([*ROWS[:5], "b/5.png,"], "row 7: 'b/5.png' has no label"),
    "upwards": (
        [*ROWS, "../secret.png,cat"],
        "row 8: '../secret.png' is no name of an image: a path that leads up",
    ),
    "absolute": (["/etc/passwd,cat", *ROWS], "row 2: '/etc/passwd' is no name of an image: an absolute path"),
    "ragged": ([*ROWS, "a,b,c"], "row 8: expected 2 fields as in the header, found 3"),
    "unreadable": ([*ROWS, "broken.png,cat"], "row 8: image 'broken.png' is an empty file"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_row_that_does_not_fit_is_named(tmp_path: Path, photos: Path, case: str) -> None:
    """By its number in the file."""
    (photos / "broken.png").write_bytes(b"")
    rows, message = TABLES[case]
    with pytest.raises(DataError, match=message):
        loaded(photos, **labelled(tmp_path, rows))


def test_rows_without_an_image_can_be_left_out(tmp_path: Path, photos: Path) -> None:
    """With `unreadable: skip`; images without a row are left out anyway."""
    (photos / "broken.png").write_bytes(b"")
    rows = [*ROWS[:4], "a/9.png,cat", "broken.png,dog"]
    splits = loaded(photos, unreadable="skip", **labelled(tmp_path, rows))
    notes = " ".join(splits.notes)
    assert len(splits.train) == 4
    assert (
        "2 of 6 rows have no image that can be read and are left out: 'a/9.png' (row 6: not there)" in notes
    )
    assert "'broken.png' (row 7: an empty file)" in notes
    assert "2 images are not in" in notes


def test_columns_that_are_not_there_are_told(tmp_path: Path, photos: Path) -> None:
    """With the key, and what was probably meant."""
    options = labelled(tmp_path, ROWS)
    options["labels"]["target"] = "bred"
    with pytest.raises(DataError, match=r"dataset.labels.target: .* has no column 'bred'") as error:
        facts_of(section(photos, **options))
    assert "did you mean 'breed'?" in error.value.advice


def test_a_table_that_is_not_there_is_told_at_once(tmp_path: Path, photos: Path) -> None:
    """Before any image is decoded."""
    labels = {"path": str(tmp_path / "none.csv"), "file": "file", "target": "breed"}

    def load() -> None:
        with pytest.raises(DataError, match=r"dataset.labels.path: .*none.csv: no such file"):
            loaded(photos, labels=labels)

    assert decodings(load) == 0


def test_the_same_number_of_each_label(tmp_path: Path, photos: Path) -> None:
    """`samples_per_class` counts labels here; numbers are no classes."""
    splits = loaded(photos, samples_per_class=1, **labelled(tmp_path, ROWS))
    assert sorted(splits.train.y.tolist()) == [0, 1, 2]
    with pytest.raises(DataError, match="class 'owl' has 1"):
        loaded(photos, min_per_class=2, **labelled(tmp_path, ROWS))
    numbers = [f"{row.split(',')[0]},0.5" for row in ROWS]
    with pytest.raises(DataError, match=r"the labels are numbers such as 0.5, and no classes"):
        loaded(photos, "mse", samples_per_class=1, **labelled(tmp_path, numbers))


def test_tables_and_folders_do_not_mix(tmp_path: Path, photos: Path) -> None:
    """Either folders or tables say what the classes are."""
    with pytest.raises(DataError, match=r"dataset.test: `labels` is missing: dataset has a table"):
        facts_of(section(photos, test={"path": str(photos)}, **labelled(tmp_path, ROWS)))
    with pytest.raises(DataError, match=r"dataset.exclude: it is for folders of classes"):
        facts_of(section(photos, exclude=["a"], **labelled(tmp_path, ROWS)))


def test_a_table_for_each_part(tmp_path: Path, photos: Path) -> None:
    """Classes are those of all of them."""
    train = labelled(tmp_path, ROWS[:4])
    path = tmp_path / "test.csv"
    path.write_text("file,breed\na/4.png,cat\n")
    test = {"path": str(photos), "labels": {"path": str(path), "file": "file", "target": "breed"}}
    splits = loaded(photos, test=test, **train)
    assert splits.test is not None
    assert splits.class_names == ("cat", "dog")
    assert splits.test.y.tolist() == [0]


# --- Facts ------------------------------------------------------------------------------------------------


def test_facts_equal_the_loaded_data(tmp_path: Path) -> None:
    """For folders and archives, of which nothing is decoded."""
    folder = animals(tmp_path / "animals")
    for path in (folder, packed(folder, tmp_path / "a.zip"), packed(folder, tmp_path / "a.tar")):
        dataset = section(path, size=[6, 6], color="gray", split={"test": 0.25})
        facts = facts_of(dataset)
        splits = loaded(path, size=[6, 6], color="gray", split={"test": 0.25})
        assert facts.shape == splits.train.x.shape[1:]
        assert facts.train_samples == len(splits.train)
        assert facts.class_names == splits.class_names
        assert facts.target == "classes"
        assert facts.splits == {"test"}


def test_facts_of_what_is_not_there_are_unknown(tmp_path: Path) -> None:
    """A config may be checked where its data are not."""
    facts = facts_of(section(tmp_path / "none", size=[28, 30], test={"path": "x"}))
    assert (facts.shape, facts.train_samples, facts.classes) == ((28, 30, 3), None, None)
    assert facts.splits == {"test"}


def test_facts_do_not_promise_what_only_reading_tells(tmp_path: Path) -> None:
    """How many images can be read."""
    folder = animals(tmp_path / "animals")
    assert facts_of(section(folder, unreadable="skip")).train_samples is None
    assert facts_of(section(folder, unreadable="skip", samples_per_class=2)).train_samples == 6
    archive = packed(folder, tmp_path / "a.zip")
    loaded(archive, unreadable="skip", size=[6, 6])
    assert facts_of(section(archive, size=[6, 6])).train_samples == 12


def test_a_file_that_is_no_archive_is_told_without_loading(tmp_path: Path) -> None:
    """A page that was saved under the name of one, say."""
    (tmp_path / "pets.zip").write_text("<html>log in</html>")
    with pytest.raises(DataError, match=r"pets.zip is neither a folder nor an archive"):
        facts_of(section(tmp_path / "pets.zip"))


def test_facts_of_very_many_files_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` stays quick."""
    folder = animals(tmp_path / "animals")
    monkeypatch.setattr(source, "SCAN_FILES", 5)
    monkeypatch.setattr(source, "SCAN_BYTES", 5)
    assert facts_of(section(folder)).classes is None
    assert facts_of(section(packed(folder, tmp_path / "a.tar"))).classes is None


def test_facts_load_neither_numpy_nor_pillow(tmp_path: Path) -> None:
    """A check costs milliseconds."""
    folder = animals(tmp_path / "animals")
    archive = packed(folder, tmp_path / "a.tgz")
    code = (
        "import sys\nfrom nnrun.config.datasets import ImagesData\nfrom nnrun.data.facts import facts_of\n"
        f"for path in ({str(folder)!r}, {str(archive)!r}):\n"
        "    print(facts_of(ImagesData(source='images', path=path)).classes)\n"
        "print({'numpy', 'PIL', 'tensorflow', 'pyarrow'} & set(sys.modules))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "3\n3\nset()\n"


def test_a_helper_process_loads_little() -> None:
    """Otherwise starting it would take longer than what it helps with."""
    heavy = "{'numpy', 'pydantic', 'multiprocessing', 'rich'}"
    code = f"import sys, nnrun.data.images.worker; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


# --- Real data --------------------------------------------------------------------------------------------


def test_notmnist_small(test_data: Callable[[str], Path]) -> None:
    """18,724 images are used, two are named; the second start takes a tenth of the first at most."""
    path = test_data("notmnist/notMNIST_small-rebuilt.tar.gz")
    started = time.perf_counter()
    splits = loaded(path, size=[28, 28], color="gray", unreadable="skip", scale=[-0.5, 0.5])
    first = time.perf_counter() - started
    assert len(splits.train) == 18_724
    assert splits.class_names == tuple("ABCDEFGHIJ")
    notes = " ".join(splits.notes)
    assert (
        "2 of 18,726 images cannot be read and are left out: 'A/RGVtb2NyYXRpY2FCb2xkT2xkc3R5bGUgQm9sZC50dGY=.png'"
        in notes
    )
    assert "'F/Q3Jvc3NvdmVyIEJvbGRPYmxpcXVlLnR0Zg==.png' (an empty file)" in notes
    started = time.perf_counter()
    again = loaded(path, size=[28, 28], color="gray", unreadable="skip", scale=[-0.5, 0.5])
    assert time.perf_counter() - started < first / 10
    assert again.fingerprint == splits.fingerprint
    values = splits.train.x[:500]
    assert set(np.unique(values)) <= {np.float32((value - 127.5) / 255) for value in range(256)}


def test_cifar10_small_and_flowers(test_data: Callable[[str], Path]) -> None:
    """Every pixel is that of Pillow."""
    for name, count, size in (("cifar10_small", 600, 32), ("flowers", 400, 128)):
        folder = test_data(f"images/{name}")
        splits = loaded(folder, shuffle=False)
        assert splits.train.x.shape == (count, size, size, 3)
        files = sorted(folder.rglob("*.*g"))
        for number in (0, 7, count - 1):
            expected: NDArray[Any] = np.asarray(image_in(files[number]))
            np.testing.assert_array_equal(splits.train.x[number : number + 1][0], expected)


def test_a_photo_as_a_camera_makes_it(tmp_path: Path) -> None:
    """Large, in JPEG, held upright: decoded small, and the right way up."""
    wide = smooth(600, 900)
    folder = write_folder(
        tmp_path / "x", {"a/1.jpg": turned(6, wide, "JPEG"), "b/2.jpg": encoded(wide, "JPEG")}
    )
    splits = loaded(folder, size=[30, 20], resize="crop", shuffle=False)
    upright = np.asarray(Image.fromarray(np.rot90(wide, -1)).resize((20, 30), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(splits.train.x[:1][0], upright, atol=4)
