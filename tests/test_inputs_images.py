"""Image files to predict, up to what the network sees; no network is needed for that."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnrun.config.load import load_experiment
from nnrun.data.inputs import Trained, Wanted, open_input
from nnrun.data.loading import load_splits
from nnrun.data.splits import Splits
from nnrun.errors import DataError, UsageError

CONFIG = """\
dataset: {{source: images, path: {path}, size: [8, 6], resize: {resize}, scale: [-1, 1], split: {{test: 0.5}}{more}}}
model: {{layers: [Flatten, {{Dense: {{units: 2}}}}]}}
compile: {{optimizer: adam, loss: sparse_categorical_crossentropy}}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoded images go into a folder of the test."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def write_images(folder: Path) -> Path:
    """Writes images of several sizes, modes and formats, in two classes."""
    draw = np.random.default_rng(0)
    for name, suffixes in (("cat", ("png", "jpg", "bmp")), ("dog", ("gif", "webp", "png"))):
        (folder / name).mkdir(parents=True)
        for number in range(6):
            shape = (9 + number, 14 - number, 3)
            image = Image.fromarray(draw.integers(256, size=shape, dtype=np.uint8))
            mode = ("RGB", "L", "RGBA")[number % 3]
            suffix = suffixes[number % 3]
            image = image if suffix in ("jpg", "bmp") else image.convert(mode)
            image.save(folder / name / f"{number}.{suffix}")
    return folder


def trained_on(folder: Path, path: Path, resize: str = "crop", more: str = "") -> tuple[Trained, Splits]:
    """Returns what a run knows, and what training saw."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(path=path, resize=resize, more=more))
    experiment = load_experiment(config).experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 0)
    return Trained(experiment.dataset, splits.preprocessing), splits


def seen(paths: list[Path], trained: Trained, **options: Any) -> tuple[Any, list[Any], list[str]]:
    """Returns what the network sees of an input, its ids, and the notes."""
    with open_input(Wanted(tuple(map(str, paths)), **options), trained) as given:
        batches = list(given.batches())
        x = [trained.preprocessing.apply(batch.x, batch.categories) for batch in batches]
        return np.concatenate(x), [one for batch in batches for one in batch.ids], given.notes()


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_files_have_the_bits_of_the_training(tmp_path: Path, resize: str) -> None:
    """Size, colour and scaling are those of the run, whatever lies in a file."""
    folder = write_images(tmp_path / "animals")
    trained, splits = trained_on(tmp_path, folder, resize)
    x, ids, notes = seen([folder], trained)
    assert ids == sorted(str(path) for path in folder.rglob("*.*"))
    assert splits.indices is not None
    # The source sorts by class and name, as the folder is gone through here.
    np.testing.assert_array_equal(x[splits.indices.train], splits.train.x[:])
    done = {"stretch": "stretched", "crop": "cropped", "pad": "padded"}[resize]
    assert notes == [f"12 of 12 images have another size than 6 x 8 and are {done}"]


def test_archives_files_and_folders_give_the_same(tmp_path: Path) -> None:
    """In the order of the archive, or of the arguments."""
    folder = write_images(tmp_path / "animals")
    trained, _ = trained_on(tmp_path, folder)
    expected, names, _ = seen([folder], trained)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(folder, "animals")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for name in names:
            packed.write(name, str(Path(name).relative_to(tmp_path)))
    by_name = dict(zip((str(Path(name).relative_to(tmp_path)) for name in names), expected, strict=True))
    for archive_name in ("a.tar.gz", "a.zip"):
        x, ids, _ = seen([tmp_path / archive_name], trained)
        assert sorted(ids) == sorted(by_name)
        np.testing.assert_array_equal(x, np.stack([by_name[one] for one in ids]))
    x, ids, _ = seen([Path(names[7]), folder / "cat"], trained)
    assert ids == [names[7], *names[:6]]
    np.testing.assert_array_equal(x, np.concatenate([expected[7:8], expected[:6]]))


def test_what_is_no_image_is_told(tmp_path: Path) -> None:
    """Hidden files, other files, damaged images: nothing is left out silently."""
    folder = write_images(tmp_path / "animals")
    trained, _ = trained_on(tmp_path, folder)
    (folder / "notes.txt").write_text("")
    (folder / ".hidden.png").write_text("")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / "dog" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(DataError, match=r"bad\.png cannot be read: damaged"):
        seen([folder], trained)
    x, ids, notes = seen([folder], trained, unreadable="skip")
    assert len(x) == len(ids) == 12
    text = "\n".join(notes)
    assert "2 hidden files and folders" in text
    assert "no image" in text and "(1 .txt)" in text
    assert "1 images cannot be read and are left out: '" in text
    skipping, _ = trained_on(tmp_path, folder, more=", unreadable: skip, exclude: []")
    assert len(seen([folder], skipping)[0]) == 12


def test_images_of_one_size_must_have_it(tmp_path: Path) -> None:
    """A run that found its size in the data does not resize."""
    for name in ("a", "b"):
        (tmp_path / "same" / name).mkdir(parents=True)
        for number in range(3):
            Image.new("L", (5, 4), 40 * number).save(tmp_path / "same" / name / f"{number}.png")
    config = CONFIG.replace("size: [8, 6], resize: {resize}, ", "color: gray, ")
    (tmp_path / "config.yaml").write_text(config.format(path=tmp_path / "same", more=""))
    experiment = load_experiment(tmp_path / "config.yaml").experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 0)
    trained = Trained(experiment.dataset, splits.preprocessing)
    assert seen([tmp_path / "same"], trained)[0].shape == (6, 4, 5, 1)
    Image.new("L", (6, 6)).save(tmp_path / "other.png")
    with pytest.raises(
        DataError, match=r"other\.png has 6 x 6 pixels, and all images of the training had 5 x 4"
    ):
        seen([tmp_path / "other.png"], trained)


def test_idx_files_and_pictures_for_a_run_on_mnist(test_data: Callable[[str], Path], tmp_path: Path) -> None:
    """A run whose images came from no files takes them, too."""
    path = test_data("mnist")
    (tmp_path / "config.yaml").write_text(
        f"dataset: {{source: keras, name: mnist, path: {path}, limit: 300, scale: unit}}\n"
        "model: {layers: [Flatten, {Dense: {units: 10}}]}\n"
        "compile: {optimizer: adam, loss: sparse_categorical_crossentropy}\n"
    )
    experiment = load_experiment(tmp_path / "config.yaml").experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 0)
    assert splits.test is not None
    trained = Trained(experiment.dataset, splits.preprocessing)
    x, ids, _ = seen([path / "t10k-images-idx3-ubyte.gz"], trained)
    np.testing.assert_array_equal(x[:300], splits.test.x[:])
    assert ids[-1] == 9999
    content = gzip.decompress((path / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    digit = np.frombuffer(content[5 * 784 : 6 * 784], np.uint8).reshape(28, 28)
    Image.fromarray(digit).save(tmp_path / "five.png")
    x, ids, notes = seen([tmp_path / "five.png"], trained)
    np.testing.assert_array_equal(x[0], splits.test.x[5:6][0])
    assert (ids, notes) == ([str(tmp_path / "five.png")], [])


def test_wrong_inputs(tmp_path: Path) -> None:
    """What is missing, empty, hostile or of another kind."""
    folder = write_images(tmp_path / "animals")
    trained, _ = trained_on(tmp_path, folder)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("no image")
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        member = tarfile.TarInfo("../evil.png")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    for path, words in (
        ("gone", "no such file or folder"),
        ("empty", "has no images in it"),
        ("empty.png", "an empty file"),
        ("text.jpg", "not JPEG, PNG, BMP, GIF or WebP"),
        ("evil.tar", "a path that leads upwards"),
    ):
        with pytest.raises(DataError, match=words):
            seen([tmp_path / path], trained)
    with pytest.raises(UsageError, match="--id and --keep"):
        seen([folder], trained, keep=("a",))


def test_values_that_were_scaled_by_hand_are_told(tmp_path: Path) -> None:
    """An array of pixels between 0 and 1, where the run divides by 255 itself."""
    folder = write_images(tmp_path / "animals")
    trained, _ = trained_on(tmp_path, folder)
    for factor, words in (
        (1 / 255, "give them as they were, unscaled"),
        (2.0, "the network was trained on 0 to 255"),
    ):
        np.save(
            tmp_path / "x.npy",
            np.full((2, 8, 6, 3), 200.0) * factor * np.array([1, 0.5])[:, None, None, None],
        )
        _, _, notes = seen([tmp_path / "x.npy"], trained)
        assert words in notes[0]
