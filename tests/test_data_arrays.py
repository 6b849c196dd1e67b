"""Arrays in `.npz`, `.npy` and HDF5 files: strict, never unpickled, and not loaded as a whole where that can be."""

from __future__ import annotations

import io
import os
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nnrun.config.datasets import NpzData, SplitSection
from nnrun.config.labels import LabelForm
from nnrun.data import array_checks
from nnrun.data.facts import facts_of
from nnrun.data.loading import make_splits
from nnrun.data.raw import RawData
from nnrun.data.rows import is_mapped
from nnrun.data.sources import npz
from nnrun.data.splits import Splits, facts_of_splits
from nnrun.errors import DataError

GENERATOR = np.random.Generator(np.random.PCG64(0))
TABLE = GENERATOR.normal(size=(6, 3))
CLASSES = np.array([0, 1, 2, 0, 1, 2])

Write = Callable[..., NpzData]


@pytest.fixture
def section(tmp_path: Path) -> Write:
    """Writes arrays as an archive and returns the section that reads it."""

    def write(arrays: dict[str, Any], **options: Any) -> NpzData:
        path = tmp_path / "data.npz"
        np.savez(path, **arrays)
        return NpzData(source="npz", path=str(path), **options)

    return write


def stored(folder: Path, form: str, arrays: dict[str, Any]) -> Path:
    """Writes arrays in one of the forms that can be read."""
    if form == "npy":
        folder = folder / "arrays"
        folder.mkdir()
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        return folder
    path = folder / f"data.{'h5' if form.startswith('h5') else 'npz'}"
    if form.startswith("h5"):
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                options = {"compression": "gzip"} if form == "h5-compressed" else {}
                values = array.tolist() if array.dtype.kind == "U" else array
                file.create_dataset(name, data=values, **({} if array.dtype.kind == "U" else options))
    else:
        (np.savez_compressed if form == "npz-compressed" else np.savez)(path, **arrays)
    return path


def load(section: NpzData) -> RawData:
    """Opens the arrays of a section."""
    return npz.load(section, seed=0)


def split(section: NpzData, form: LabelForm = "index") -> Splits:
    """Returns the splits of a section."""
    return make_splits(load(section), section, form, seed=0)


def refusal(section: NpzData, read: Callable[[NpzData], object] = load) -> str:
    """Returns message and advice of the error that reading ends with."""
    with pytest.raises(DataError) as caught:
        read(section)
    return f"{caught.value.message} | {caught.value.advice}"


FORMS = ["npz", "npz-compressed", "npy", "h5", "h5-compressed"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_holds_the_same_data(tmp_path: Path, form: str) -> None:
    """Inputs, labels, class names and the parts with names of their own."""
    arrays = {
        "x": TABLE,
        "y": CLASSES,
        "x_val": TABLE[:2],
        "y_val": CLASSES[:2],
        "x_test": TABLE[:4],
        "y_test": CLASSES[:4],
        "class_names": np.array(["a", "b", "ü"]),
    }
    raw = load(NpzData(source="npz", path=str(stored(tmp_path, form, arrays))))
    assert raw.kind == "table"
    np.testing.assert_array_equal(raw.samples.x, TABLE)
    np.testing.assert_array_equal(raw.samples.y, CLASSES)
    assert raw.class_names == ("a", "b", "ü")
    assert raw.validation is not None and raw.test is not None
    assert (len(raw.validation), len(raw.test)) == (2, 4)
    assert raw.notes == ()
    assert is_mapped(raw.samples.x) == (form in ("npy", "h5"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_order_and_type_of_the_file_do_not_matter(tmp_path: Path, form: str, order: Any) -> None:
    """Big-endian half precision in the order of Fortran is read as what it is, and split like everything else."""
    x = np.array(TABLE, dtype=">f2", order=order)
    path = stored(tmp_path, form, {"x": x, "y": CLASSES.astype("u1")})
    data = NpzData(source="npz", path=str(path), split=SplitSection(test=2), scale="standard")
    splits = split(data)
    assert splits.test is not None
    plain = stored(tmp_path, "npz", {"x": np.asarray(x, np.float64), "y": CLASSES})
    expected = split(data.model_copy(update={"path": str(plain)}))
    assert expected.test is not None
    np.testing.assert_allclose(np.asarray(splits.test.x), expected.test.x, rtol=1e-6)


KINDS: dict[str, tuple[NDArray[Any], dict[str, Any], str, tuple[int, ...], str]] = {
    "rows": (np.zeros((2, 3)), {}, "table", (3,), "float32"),
    "one column": (np.zeros(2), {}, "table", (1,), "float32"),
    "whole numbers": (np.zeros((2, 3), np.int32), {}, "table", (3,), "float32"),
    "booleans": (np.zeros((2, 3), bool), {}, "table", (3,), "float32"),
    "tokens": (np.zeros((2, 3), np.int64), {"kind": "tokens"}, "tokens", (3,), "int32"),
    "grey images": (np.zeros((2, 4, 5), np.uint8), {}, "images", (4, 5, 1), "float32"),
    "colour images": (np.zeros((2, 4, 5, 3), np.uint8), {}, "images", (4, 5, 3), "float32"),
    "images of floats": (np.zeros((2, 4, 5, 2)), {}, "images", (4, 5, 2), "float32"),
    "sequences": (np.zeros((2, 4, 5), np.float32), {}, "sequences", (4, 5), "float32"),
    "sequences of bytes": (
        np.zeros((2, 4, 5), np.uint8),
        {"kind": "sequences"},
        "sequences",
        (4, 5),
        "float32",
    ),
    "floats as images": (np.zeros((2, 4, 5)), {"kind": "images"}, "images", (4, 5, 1), "float32"),
    "videos": (np.zeros((2, 3, 4, 5, 3), np.uint8), {}, "sequences", (3, 4, 5, 3), "float32"),
}


@pytest.mark.parametrize("case", KINDS)
@pytest.mark.parametrize("form", ["npz", "npy"])
def test_the_kind_follows_type_and_shape(tmp_path: Path, case: str, form: str) -> None:
    """Unless the config says it; `check` knows shape and type from the headers alone."""
    x, options, kind, shape, dtype = KINDS[case]
    path = stored(tmp_path, form, {"x": x, "y": np.arange(2)})
    data = NpzData(source="npz", path=str(path), **options)
    assert load(data).kind == kind
    known, loaded = facts_of(data), facts_of_splits(split(data, "values"))
    assert (known.shape, known.dtype, known.train_samples) == (shape, dtype, 2)
    assert (loaded.shape, loaded.dtype, loaded.train_samples) == (shape, dtype, 2)


def test_pixels_have_a_range_and_features_are_scaled_one_by_one(section: Write) -> None:
    """255 becomes 1, and each feature of a sequence gets mean 0 and deviation 1 over samples and steps."""
    pixels = GENERATOR.integers(0, 256, (6, 4, 4), dtype=np.uint8)
    pixels[0, 0, :2] = 0, 255
    train = np.asarray(split(section({"x": pixels, "y": CLASSES}, scale="unit")).train.x)
    assert (train.min(), train.max()) == (0, 1)
    sequences = GENERATOR.normal([5, -3], [1, 9], (6, 7, 2))
    train = np.asarray(split(section({"x": sequences, "y": CLASSES}, scale="standard")).train.x)
    np.testing.assert_allclose(train.mean(axis=(0, 1)), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(axis=(0, 1)), 1, atol=1e-5)


def test_names_can_be_chosen_and_what_is_not_used_is_told(section: Write) -> None:
    """`x` and `y` name arrays; the others are listed."""
    data = section({"inputs": TABLE, "x": TABLE * 0, "labels": CLASSES, "y": CLASSES}, x="inputs", y="labels")
    raw = load(data)
    np.testing.assert_array_equal(raw.samples.x, TABLE)
    assert raw.notes == (f"{data.path}: not used: 'x', 'y'",)


def test_inputs_without_labels_are_not_used(section: Write) -> None:
    """Competitions publish `x_test` without its answers."""
    raw = load(section({"x_train": TABLE, "y_train": CLASSES, "x_test": TABLE}))
    assert raw.test is None
    assert "not used: 'x_test'" in raw.notes[0]


LABELS: dict[str, tuple[Any, LabelForm, list[Any], tuple[str, ...] | None]] = {
    "whole": (CLASSES.astype(np.uint8), "index", [0, 1, 2, 0, 1, 2], ("0", "1", "2")),
    "column": (CLASSES[:, None], "index", [0, 1, 2, 0, 1, 2], ("0", "1", "2")),
    "texts": (np.array(list("abcabc")), "index", [0, 1, 2, 0, 1, 2], ("a", "b", "c")),
    "bytes": (np.array([b"no", b"yes"] * 3), "index", [0, 1] * 3, ("no", "yes")),
    "booleans": (CLASSES > 0, "index", [0, 1, 1] * 2, ("0", "1")),
    "whole floats": (CLASSES.astype(np.float32), "index", [0, 1, 2] * 2, ("0", "1", "2")),
    "one-hot": (np.eye(4)[CLASSES], "index", [0, 1, 2] * 2, ("0", "1", "2", "3")),
    "floats": (CLASSES / 2, "values", [[0], [0.5], [1]] * 2, None),
    "several": (np.stack([CLASSES, CLASSES + 1], axis=1), "values", [[0, 1], [1, 2], [2, 3]] * 2, None),
    "one-hot values": (np.eye(3, dtype=int)[CLASSES], "values", [[1, 0, 0], [0, 1, 0], [0, 0, 1]] * 2, None),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_follow_the_loss(section: Write, case: str) -> None:
    """Whatever the labels are, the loss gets what it wants; one-hot rows are classes, or numbers."""
    y, form, expected, names = LABELS[case]
    splits = split(section({"x": TABLE, "y": y}, shuffle=False), form)
    assert splits.train.y.tolist() == expected
    assert splits.class_names == names


def test_class_names_of_the_config_and_feature_names_of_the_file(section: Write) -> None:
    """Both stay with the run."""
    arrays = {"x": TABLE, "y": CLASSES, "feature_names": np.array(["p", "q", "r"])}
    splits = split(section(arrays, class_names=["low", "mid", "high"]))
    assert splits.class_names == ("low", "mid", "high")
    assert splits.feature_names == ("p", "q", "r")
    known = facts_of(section(arrays, class_names=["low", "mid", "high"]))
    assert (known.classes, known.class_names, known.target) == (3, ("low", "mid", "high"), "classes")


def test_sample_weights_go_with_their_samples(section: Write) -> None:
    """Also into the splits that are cut from them."""
    arrays = {"x": CLASSES[:, None], "y": CLASSES, "w": CLASSES + 0.5}
    splits = split(section(arrays, sample_weight="w", split=SplitSection(test=3)))
    for part in (splits.train, splits.test):
        assert part is not None and part.weights is not None
        np.testing.assert_array_equal(part.weights, part.x[:, 0] + 0.5)


def test_splits_with_files_of_their_own(section: Write, tmp_path: Path) -> None:
    """Each file has `x` and `y`, or is called by the names of the config; faults name the file they are in."""
    np.savez(tmp_path / "val.npz", x=TABLE[:2], y=CLASSES[:2])
    np.savez(tmp_path / "test.npz", x_test=TABLE[:3], y_test=CLASSES[:3])
    files: dict[str, Any] = {
        "validation": {"path": str(tmp_path / "val.npz")},
        "test": {"path": str(tmp_path / "test.npz")},
    }
    data = section({"x": TABLE, "y": CLASSES}, **files)
    splits = split(data)
    assert splits.validation is not None and splits.test is not None
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (6, 2, 3)
    assert facts_of(data).splits == {"validation", "test"}
    np.savez(tmp_path / "val.npz", x=TABLE[:2] * np.nan, y=CLASSES[:2])
    assert re.search(r"val\.npz: x\[0, 0\] is nan", refusal(data))
    (tmp_path / "val.npz").unlink()
    assert facts_of(data).train_samples is None
    assert "val.npz: no such file" in refusal(data)


def test_the_fingerprint_follows_the_values(tmp_path: Path) -> None:
    """A changed value in a mapped file is noticed, a moved file is the same."""

    def of(name: str, x: NDArray[Any]) -> str:
        folder = tmp_path / name
        folder.mkdir()
        return split(
            NpzData(source="npz", path=str(stored(folder, "npy", {"x": x, "y": CLASSES})))
        ).fingerprint

    changed = TABLE.copy()
    changed[5, 2] += 1
    assert of("a", TABLE) == of("b", TABLE)
    assert len({of("c", TABLE), of("d", changed), of("e", np.asfortranarray(TABLE))}) == 3


def test_the_checksum_of_a_large_array_reads_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first and the last bytes are among them, and most others are not."""
    monkeypatch.setattr(array_checks, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(array_checks, "BLOCKS", 4)
    monkeypatch.setattr(array_checks, "BLOCK_BYTES", 10)
    values = np.zeros(2000, np.uint8)

    def of(*changes: int) -> str:
        changed = values.copy()
        changed[list(changes)] = 1
        np.save(tmp_path / "x.npy", changed)
        return array_checks.checksum(np.load(tmp_path / "x.npy", mmap_mode="r"))

    assert len({of(), of(0), of(9), of(1999), of(1990)}) == 5
    assert of(100) == of()
    assert of() != array_checks.checksum(np.zeros(2001, np.uint8))


def test_values_that_are_none_are_found_in_every_piece(
    section: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place of the first one, and how many there are."""
    monkeypatch.setattr(array_checks, "CHUNK_BYTES", 48)
    x = np.zeros((9, 2, 3))
    x[7, 1, 2], x[8, 0, 0] = np.nan, np.inf
    assert re.search(r"x\[7, 1, 2\] is nan; 2 values in all", refusal(section({"x": x, "y": np.arange(9)})))


OBJECTS = np.array([{}, {}], dtype=object)
X, Y = np.zeros((4, 3)), np.array([0, 1, 0, 1])

REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "nan": ({"x": np.array([[1, np.nan], [0, 0]]), "y": Y[:2]}, {}, r"x\[0, 1\] is nan \|.* finite numbers"),
    "infinite label": ({"x": X, "y": np.array([0, 1, np.inf, 0])}, {}, r"y\[2\] is inf"),
    "other count": ({"x": X, "y": Y[:3]}, {}, "x has 4 samples, but y has 3 labels"),
    "no x": ({"a": X, "y": Y}, {}, "dataset.x: .* no array 'x' or 'x_train'; it has 'a', 'y'"),
    "no y": ({"x": X, "labels": Y}, {}, "dataset.y: .* has no array 'y' or 'y_train'"),
    "misspelt": (
        {"x": X, "labels": Y},
        {"y": "lables"},
        "dataset.y: .* no array 'lables'.*did you mean 'labels'",
    ),
    "no labels of a part": (
        {"x": X, "y": Y, "t": X},
        {"x_test": "t"},
        "dataset.y_test: .* no array 'y_test'",
    ),
    "no samples": ({"x": X[:0], "y": Y[:0]}, {}, r"shape \(0, 3\), so there are no samples"),
    "empty samples": ({"x": X[:, :0], "y": Y}, {}, r"shape \(4, 0\), so its samples are empty"),
    "no axis": ({"x": np.float64(3), "y": Y}, {}, r"shape \(\), so there are no samples"),
    "texts": ({"x": np.array([["a"]] * 4), "y": Y}, {}, "holds texts, and the network needs numbers"),
    "complex": ({"x": X * 1j, "y": Y}, {}, "values of type '<c16'"),
    "dates": ({"x": X.astype("M8[s]"), "y": Y}, {}, "values of type '<M8"),
    "records": ({"x": np.zeros(4, "f4,i4"), "y": Y}, {}, "records with fields"),
    "kind": ({"x": X, "y": Y}, {"kind": "images"}, "dataset.kind: .* but images are"),
    "kind of floats": ({"x": X, "y": Y}, {"kind": "tokens"}, "dataset.kind: .* but tokens are whole numbers"),
    "negative token": (
        {"x": Y[:, None] - 1, "y": Y},
        {"kind": "tokens"},
        r"x\[0, 0\] is -1, which is no token",
    ),
    "three axes of labels": ({"x": X, "y": np.zeros((4, 2, 2))}, {}, r"shape \(4, 2, 2\), but labels are"),
    "other shape of a part": (
        {"x": X, "y": Y, "x_test": X[:, :2], "y_test": Y},
        {},
        r"samples of x_test have shape \(2,\), those of x \(3,\)",
    ),
    "other labels of a part": (
        {"x": X, "y": Y, "x_test": X, "y_test": np.array(["a"] * 4)},
        {},
        "labels of one kind",
    ),
    "too few names": (
        {"x": X, "y": Y + 1},
        {"class_names": ["a", "b"]},
        r"y\[1\] is 2, but there are 2 names",
    ),
    "names of texts": ({"x": X, "y": Y.astype(str)}, {"class_names": ["a", "b"]}, "names of classes are for"),
    "names of one-hot": (
        {"x": X, "y": np.eye(4)},
        {"class_names": ["a", "b"]},
        "has 4 columns, and there are 2",
    ),
    "numbers as names": ({"x": X, "y": Y, "class_names": Y}, {}, "names are texts in a row"),
    "names of features": ({"x": X, "y": Y, "feature_names": ["a", "b"]}, {}, "2 names of features"),
    "weights of another length": (
        {"x": X, "y": Y, "w": Y[:2]},
        {"sample_weight": "w"},
        "weights are 4 numbers",
    ),
    "negative weights": ({"x": X, "y": Y, "w": Y - 1}, {"sample_weight": "w"}, "has negative weights"),
    "no weights": ({"x": X, "y": Y, "w": Y * 0}, {"sample_weight": "w"}, "only weights of 0"),
    "objects": ({"x": OBJECTS, "y": Y[:2]}, {}, "pickled Python objects, which could run code"),
    "great label": ({"x": X, "y": np.full(4, 2**64 - 1, np.uint64)}, {}, "64 bits with a sign"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_arrays_that_cannot_be_used_are_refused(section: Write, case: str) -> None:
    """The message has the file, the array and the place, before TensorFlow loads."""
    arrays, options, message = REFUSED[case]
    data = section(arrays, **options)
    found = refusal(data)
    assert re.search(message, found, re.DOTALL), found
    assert data.path in found


def npy(header: bytes, body: bytes = b"", version: int = 1) -> bytes:
    """Returns the content of a `.npy` file with this description."""
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + body


GOOD = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }"
DAMAGED: dict[str, tuple[bytes, str]] = {
    "no array": (b"hello, I am a text", "is no array of NumPy"),
    "empty": (b"", "is no array of NumPy"),
    "version": (npy(GOOD, bytes(48), version=9), "version 9.0 of the format does not exist"),
    "cut header": (npy(GOOD)[:40], "header is cut off"),
    "cut length": (b"\x93NUMPY\x01\x00\x01", "header is cut off"),
    "cut values": (npy(GOOD, bytes(40)), "48 bytes, but there are 40"),
    "more values": (npy(GOOD, bytes(50)), "48 bytes, but there are 50"),
    "long header": (npy(b" " * 20_000, version=2), "header has 20,000 bytes"),
    "no dictionary": (npy(b"[1, 2]"), "header cannot be read"),
    "code": (npy(b"__import__('os').system('true')"), "header cannot be read"),
    "deep": (npy(b"(" * 9000), "header cannot be read"),
    "huge shape": (npy(GOOD.replace(b"(2, 3)", b"(2, 9999999999999)")), "bytes, but there are 0"),
    "impossible shape": (npy(GOOD.replace(b"(2, 3)", b"(9999999999, 9999999999)")), "header cannot be read"),
    "negative shape": (npy(GOOD.replace(b"(2, 3)", b"(-2, 3)")), "header cannot be read"),
    "unknown type": (npy(GOOD.replace(b"<f8", b"<q8"), bytes(48)), "values of type '<q8'"),
    "odd type": (npy(GOOD.replace(b"<f8", b"<f7"), bytes(48)), "values of type '<f7'"),
    "pickle": (npy(GOOD.replace(b"<f8", b"|O"), b"cos\nsystem\n(S'true'\ntR."), "could run code"),
}


@pytest.mark.parametrize("case", DAMAGED)
@pytest.mark.parametrize("form", ["npz", "npy"])
def test_a_damaged_array_is_named(tmp_path: Path, case: str, form: str) -> None:
    """Whatever stands in the file, nothing is executed, and `check` finds the same."""
    content, message = DAMAGED[case]
    path = stored(tmp_path, form, {"y": Y[:2], "z": X})
    if form == "npz":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("x.npy", content)
    else:
        (path / "x.npy").write_bytes(content)
    data = NpzData(source="npz", path=str(path))
    found = refusal(data)
    assert re.search(message, found), found
    assert refusal(data, facts_of) == found


def test_archives_that_are_none_are_refused(tmp_path: Path) -> None:
    """A missing file, a text, a truncated one, one without arrays, a single array."""
    good = io.BytesIO()
    np.savez_compressed(good, x=TABLE, y=CLASSES)
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    flipped = bytearray(good.getvalue())
    flipped[60] ^= 0xFF
    for name, content, message in (
        ("missing.npz", None, "no such file"),
        ("text.npz", b"hello", "cannot be read: File is not a zip file"),
        ("cut.npz", good.getvalue()[:-30], "cannot be read"),
        ("flipped.npz", bytes(flipped), "cannot be read"),
        ("empty.npz", empty.getvalue(), "has no arrays"),
        ("x.npy", npy(GOOD, bytes(48)), r"dataset\.path: .* is a single array .* `x: x`"),
        ("text.h5", b"hello", "cannot be read"),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        data = NpzData(source="npz", path=str(tmp_path / name))
        found = refusal(data)
        assert re.search(message, found), found
        assert name in found


def test_an_array_outside_its_folder_is_refused(tmp_path: Path) -> None:
    """A name is no way out of the folder."""
    path = stored(tmp_path, "npy", {"x": X, "y": Y})
    np.save(tmp_path / "secret.npy", X)
    assert "no array '../secret'" in refusal(NpzData(source="npz", path=str(path), x="../secret"))


def test_devices_and_pipes_are_not_read(tmp_path: Path) -> None:
    """They may have no end."""
    os.mkfifo(tmp_path / "x.npy")
    np.save(tmp_path / "y.npy", Y)
    assert "has no array 'x'" in refusal(NpzData(source="npz", path=str(tmp_path), x="x"))
    assert "neither a file nor a folder" in refusal(NpzData(source="npz", path="/dev/zero"))


def test_hdf5_is_not_followed_elsewhere(tmp_path: Path) -> None:
    """Links, external storage and virtual data sets could read any file of the machine."""
    (tmp_path / "secret").write_bytes(bytes(96))
    stored(tmp_path, "npz", {"x": X})
    path = tmp_path / "data.h5"
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = X
    for name in ("external", "virtual", "link", "soft"):
        with h5py.File(path, "w") as file:
            file["y"] = Y
            file["z"] = X
            if name == "external":
                file.create_dataset("x", X.shape, "<f8", external=[(str(tmp_path / "secret"), 0, 96)])
            elif name == "virtual":
                layout = h5py.VirtualLayout(X.shape, "<f8")
                layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", shape=X.shape)
                file.create_virtual_dataset("x", layout)
            elif name == "link":
                file["x"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "x")
            else:
                file["x"] = h5py.SoftLink("/z")
        found = refusal(NpzData(source="npz", path=str(path)))
        assert re.search("lies in another file|has no array 'x'|is a link", found), (name, found)


def test_groups_of_hdf5_are_part_of_the_name(tmp_path: Path) -> None:
    """As `group/name`."""
    path = tmp_path / "data.hdf5"
    with h5py.File(path, "w") as file:
        file["train/inputs"] = X
        file["train/labels"] = Y
    data = NpzData(source="npz", path=str(path), x="train/inputs", y="train/labels")
    assert load(data).samples.x.shape == X.shape
    assert facts_of(data).shape is None


def test_mapped_data_are_not_loaded(tmp_path: Path) -> None:
    """A split of a `.npy` file holds positions, and gives the same samples as arrays in memory."""
    arrays = {"x": GENERATOR.normal(size=(50, 4)), "y": np.arange(50) % 3}
    options: dict[str, Any] = {"split": SplitSection(validation=10, test=0.2), "scale": "minmax", "limit": 40}
    mapped = split(NpzData(source="npz", path=str(stored(tmp_path, "npy", arrays)), **options))
    plain = split(NpzData(source="npz", path=str(stored(tmp_path, "npz", arrays)), **options))
    for name in ("train", "validation", "test"):
        one, other = mapped.get(name), plain.get(name)  # type: ignore[arg-type]
        assert one is not None and other is not None
        assert not isinstance(one.x, np.ndarray)
        np.testing.assert_array_equal(np.asarray(one.x), other.x)


@settings(max_examples=150, deadline=None)
@example(b"\x93NUMPY\x01\x00")
@given(st.binary(max_size=120))
def test_any_bytes_as_an_array_end_in_an_error_of_nnrun(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Or, hardly ever, in an array."""
    folder = tmp_path_factory.mktemp("npy")
    np.save(folder / "y.npy", Y)
    (folder / "x.npy").write_bytes(content)
    with pytest.raises(DataError):
        load(NpzData(source="npz", path=str(folder)))


ARCHIVE = io.BytesIO()
np.savez_compressed(ARCHIVE, x=TABLE, y=CLASSES, class_names=np.array(["a", "b", "c"]))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(ARCHIVE.getvalue()) - 1), st.integers(0, 255)), max_size=4),
    st.data(),
)
def test_a_damaged_archive_ends_in_an_error_of_nnrun(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Bytes that change, and an end that is missing: the same data come out, or an error that says what."""
    content = bytearray(ARCHIVE.getvalue())
    for place, value in changes:
        content[place] = value
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    path = tmp_path_factory.mktemp("npz") / "data.npz"
    path.write_bytes(content)
    section = NpzData(source="npz", path=str(path))
    try:
        facts_of(section)
        raw = load(section)
    except DataError as error:
        assert str(path) in error.message
    else:
        np.testing.assert_array_equal(raw.samples.x, TABLE)
