"""Predictions for raw input, as a user gets them: the bits of the training, and what is said about wrong input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.check import check_config
from nnrun.data.loading import load_splits
from nnrun.data.sources import source_of
from nnrun.interrupts import Interrupts
from nnrun.rundir.reading import Run
from nnrun.training.job import Request, train
from nnrun.training.recall import recall
from tests.configs import nnrun

pytestmark = pytest.mark.tensorflow

TABLE = """\
name: animals
seed: 3
dataset:
  source: csv
  path: animals.csv
  target: kind
  exclude: [id]
  categorical: [zone]
  missing: {weight: median, colour: most_frequent}
  scale: standard
  split: {test: 0.3}
model: {layers: [{Dense: {units: 8, activation: relu}}, {Dense: {units: 3, activation: softmax}}]}
compile: {optimizer: {Adam: {learning_rate: 0.03}}, loss: sparse_categorical_crossentropy, metrics: [accuracy]}
fit: {epochs: 2, batch_size: 1}
"""

HEADERLESS = """\
name: headerless
seed: 3
dataset: {source: csv, path: numbers.csv, target: 1, header: false, delimiter: ";", scale: minmax, split: {test: 0.4}}
model: {layers: [{Dense: {units: 4, activation: relu}}, {Dense: {units: 1}}]}
compile: {optimizer: adam, loss: mse}
fit: {epochs: 2}
"""

TWO_TARGETS = (
    HEADERLESS.replace("headerless", "two")
    .replace("target: 1", "target: [1, 3]")
    .replace("units: 1}", "units: 2}")
)

LOGITS = """\
name: logits
seed: 3
dataset: {source: synthetic, generator: moons, samples: 60, noise: 0.1, split: {test: 0.5}}
model: {layers: [{Dense: {units: 4, activation: relu}}, {Dense: {units: 1}}]}
compile: {optimizer: adam, loss: {BinaryCrossentropy: {from_logits: true}}}
fit: {epochs: 2}
"""

TOKENS = """\
name: tokens
seed: 3
dataset: {source: synthetic, generator: tokens, samples: 60, max_tokens: 30, sequence_length: 6, split: {test: 0.5}}
model:
  layers: [{Embedding: {input_dim: 30, output_dim: 4}}, Flatten, {Dense: {units: 2, activation: softmax}}]
compile: {optimizer: adam, loss: sparse_categorical_crossentropy}
fit: {epochs: 2}
"""

DIGITS = """\
name: digits
seed: 3
dataset: {source: sklearn, name: digits, limit: 200, scale: unit, split: {test: 0.5}}
model: {layers: [{Conv2D: {filters: 3, kernel_size: 3}}, Flatten, {Dense: {units: 10, activation: softmax}}]}
compile: {optimizer: adam, loss: categorical_crossentropy}
fit: {epochs: 1}
"""

IMAGES = """\
name: images
seed: 3
dataset:
  {source: images, path: pictures, size: [9, 8], resize: pad, scale: standard, split: {test: 0.5, stratify: true}}
model: {layers: [{Conv2D: {filters: 2, kernel_size: 3}}, Flatten, {Dense: {units: 1, activation: sigmoid}}]}
compile: {optimizer: adam, loss: binary_crossentropy}
fit: {epochs: 1}
"""

TEXTS = """\
name: texts
seed: 3
dataset:
  {source: text, path: texts.csv, text: said, target: by, sequence_length: 4, max_tokens: 9, split: {test: 0.5}}
model: {layers: [{Embedding: {input_dim: 9, output_dim: 3}}, Flatten, {Dense: {units: 2}}]}
compile: {optimizer: adam, loss: {SparseCategoricalCrossentropy: {from_logits: true}}}
fit: {epochs: 1}
"""

ANIMALS = ("id", "weight", "colour", "zone", "legs", "tame", "born", "kind")


def animals(rows: int = 60) -> list[dict[str, str]]:
    """A table with numbers, texts, codes and empty cells."""
    draw = np.random.default_rng(0)
    colours = ["black", "white, spotted", 'the "brown" one', "=red", ""]
    return [
        {
            "id": f"a{row:03d}",
            "weight": "" if row % 11 == 0 else f"{draw.normal(20, 5):.17g}",
            "colour": colours[row % 5],
            "zone": str(row % 3),
            "legs": f" {2 + 2 * (row % 2)}",
            "tame": ["yes", "No"][row % 2],
            "born": f"20{row % 20:02d}-{1 + row % 12:02d}-03",
            "kind": ["bird", "cat", "dog"][row % 3],
        }
        for row in range(rows)
    ]


def write_table(path: Path, rows: Sequence[dict[str, str]], columns: Sequence[str] = ANIMALS) -> Path:
    """Writes rows as CSV, with these columns in this order."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row[name] for name in columns] for row in rows)
    return path


def write_pictures(folder: Path) -> Path:
    """Writes images of two classes, of several sizes."""
    from PIL import Image

    draw = np.random.default_rng(2)
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(8):
            pixels = draw.integers(256, size=(7 + number, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.{('png', 'jpg')[number % 2]}")
    return folder


def said() -> list[dict[str, str]]:
    """Texts with what a table has to quote."""
    words = ["yes", 'no, "never"', "what?", "\n", "a b c d e f", "=go"]
    return [{"said": f"{words[row % 6]} {words[row % 5]}", "by": "xy"[row % 2]} for row in range(40)]


@dataclass(frozen=True)
class Trained:
    """A run whose config and data are gone, and what training saw of its test split.

    Attributes:
        run: The run.
        rows: Positions of the test samples in the source.
        raw: The data as the source gave them.
        outputs: The outputs of the network for the test split, as `evaluate` has them.
    """

    run: Run
    rows: Any
    raw: Any
    outputs: Any


def trained(folder: Path, text: str) -> Trained:
    """Trains a config, remembers what came out, and removes everything but the run."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    file = data / "config.yaml"
    file.write_text(text)
    write_table(data / "animals.csv", animals())
    draw = np.random.default_rng(1)
    np.savetxt(data / "numbers.csv", draw.normal(size=(50, 4)), delimiter=";", fmt="%.17g")
    write_pictures(data / "pictures")
    write_table(data / "texts.csv", said(), ("by", "said"))
    finished = train(
        check_config(file), Request(folder / "runs", ["nnrun"], "cpu"), lambda event: None, Interrupts()
    )
    run = Run.read(finished.path)
    loaded = check_config(run.resolved_path)
    dataset = loaded.experiment.dataset
    raw = source_of(dataset).load(dataset, loaded.seed)
    indices = load_splits(dataset, loaded.experiment.compile.loss, loaded.seed).indices
    assert indices is not None
    rows = indices.test
    outputs = recall(run, "test", "best").predictions
    shutil.rmtree(data)
    for name in ("config.yaml", "metrics.csv", "summary.json", "events.jsonl", "model.txt"):
        (run.path / name).unlink()
    return Trained(run, rows, raw, outputs)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Decoded images go into a folder of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNRUN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Trained]]:
    """Trains each config once."""
    known: dict[str, Trained] = {}

    def get(text: str) -> Trained:
        if text not in known:
            known[text] = trained(tmp_path_factory.mktemp("run"), text)
        return known[text]

    yield get


def predict(run: Run, *arguments: str) -> list[dict[str, Any]]:
    """Predicts into a file of JSON lines, and returns the objects."""
    output = run.path.parent / f"out-{len(list(run.path.parent.iterdir()))}.jsonl"
    assert nnrun("predict", str(run.path), *arguments, "--output", str(output)) == 0
    return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def probabilities(objects: Sequence[dict[str, Any]]) -> Any:
    """Returns the probabilities as an array of float32."""
    return np.array([list(one["probabilities"].values()) for one in objects], dtype=np.float32)


def test_rows_of_a_table_are_predicted_as_in_training(runs: Callable[[str], Trained], tmp_path: Path) -> None:
    """The test rows, written back with their columns in another order: the same bits, with their ids."""
    one = runs(TABLE)
    rows = [animals()[row] for row in one.rows]
    table = write_table(
        tmp_path / "new.csv", rows, ["born", "legs", "zone", "tame", "id", "colour", "weight"]
    )
    objects = predict(one.run, str(table), "--id", "id", "--keep", "colour")
    np.testing.assert_array_equal(probabilities(objects), one.outputs)
    assert [item["id"] for item in objects] == [row["id"] for row in rows]
    assert [item["kept"]["colour"] for item in objects] == [row["colour"] for row in rows]
    best = one.outputs.argmax(axis=1)
    assert [item["prediction"] for item in objects] == [("bird", "cat", "dog")[number] for number in best]


def test_parquet_gzip_and_stdin_give_the_same(
    runs: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows in other containers."""
    import pyarrow as pa
    import pyarrow.parquet

    one = runs(TABLE)
    rows = [animals()[row] for row in one.rows]
    table = write_table(tmp_path / "new.csv", rows)
    packed = tmp_path / "new.csv.gz"
    packed.write_bytes(gzip.compress(table.read_bytes()))
    np.testing.assert_array_equal(probabilities(predict(one.run, str(packed))), one.outputs)

    typed = pa.table(
        {
            "zone": [int(row["zone"]) for row in rows],
            "legs": [float(row["legs"]) for row in rows],
            "weight": [float(row["weight"]) if row["weight"] else None for row in rows],
            "colour": pa.array([row["colour"] or None for row in rows]).dictionary_encode(),
            "tame": [row["tame"] == "yes" for row in rows],
            "born": pa.array([row["born"] for row in rows]).cast(pa.date32()),
            "more": [1] * len(rows),
        }
    )
    pa.parquet.write_table(typed, tmp_path / "new.parquet")
    objects = predict(one.run, str(tmp_path / "new.parquet"))
    np.testing.assert_array_equal(probabilities(objects), one.outputs)
    assert [item["id"] for item in objects] == list(range(1, len(rows) + 1))

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(table.read_bytes()))))
    np.testing.assert_array_equal(probabilities(predict(one.run, "-")), one.outputs)


def test_columns_without_names_are_found_by_position(runs: Callable[[str], Trained], tmp_path: Path) -> None:
    """With the target in its place, and without it."""
    one = runs(HEADERLESS)
    x = one.raw.samples.x[one.rows]
    whole = np.insert(x, 1, 7.0, axis=1)
    for name, table in (("whole", whole), ("features", x)):
        np.savetxt(tmp_path / f"{name}.csv", table, delimiter=";", fmt="%.17g")
        objects = predict(one.run, str(tmp_path / f"{name}.csv"))
        np.testing.assert_array_equal(
            np.array([[item["prediction"]] for item in objects], np.float32), one.outputs
        )
    assert objects[0]["id"] == 1


def test_several_targets_have_a_column_each(runs: Callable[[str], Trained], tmp_path: Path) -> None:
    """In the CSV, and by name in the JSON."""
    one = runs(TWO_TARGETS)
    np.savetxt(tmp_path / "x.csv", one.raw.samples.x[one.rows], delimiter=";", fmt="%.17g")
    objects = predict(one.run, str(tmp_path / "x.csv"))
    found = np.array([[item["predictions"]["1"], item["predictions"]["3"]] for item in objects], np.float32)
    np.testing.assert_array_equal(found, one.outputs)
    output = tmp_path / "out.csv"
    assert nnrun("predict", str(one.run.path), str(tmp_path / "x.csv"), "--output", str(output)) == 0
    header, first = output.read_text().splitlines()[:2]
    assert header == "row,prediction_1,prediction_3"
    np.testing.assert_array_equal(np.array(first.split(",")[1:], np.float32), one.outputs[0])


def test_image_files_are_predicted_as_in_training(runs: Callable[[str], Trained], tmp_path: Path) -> None:
    """In the size and colour of the run; the id is the file."""
    one = runs(IMAGES)
    folder = write_pictures(tmp_path / "pictures")
    files = sorted(str(path) for path in folder.rglob("*.*"))
    objects = predict(one.run, str(folder))
    assert [item["id"] for item in objects] == files
    found = probabilities(objects)[:, 1]
    np.testing.assert_array_equal(found[one.rows], one.outputs[:, 0])
    (alone,) = predict(one.run, files[one.rows[3]])
    assert np.float32(alone["probabilities"]["dog"]) == one.outputs[3, 0]


def test_texts_are_predicted_as_in_training(runs: Callable[[str], Trained], tmp_path: Path) -> None:
    """By the words of the training; from a table, and a file for each."""
    one = runs(TEXTS)
    rows = [said()[row] for row in one.rows]
    table = write_table(tmp_path / "new.csv", rows, ("said",))
    powers = np.exp(one.outputs - one.outputs.max(axis=1, keepdims=True), dtype=np.float64)
    expected = powers / powers.sum(axis=1, keepdims=True)
    objects = predict(one.run, str(table))
    np.testing.assert_allclose(probabilities(objects), expected, rtol=1e-6)
    assert [item["id"] for item in objects] == list(range(1, len(rows) + 1))
    (tmp_path / "texts").mkdir()
    for number, row in enumerate(rows):
        (tmp_path / "texts" / f"{number:03d}.txt").write_text(row["said"])
    again = predict(one.run, str(tmp_path / "texts"))
    np.testing.assert_array_equal(probabilities(again), probabilities(objects))


@pytest.mark.parametrize("text", [TOKENS, DIGITS, LOGITS], ids=["tokens", "images", "table"])
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5"])
def test_arrays_are_predicted_as_in_training(
    runs: Callable[[str], Trained], tmp_path: Path, text: str, suffix: str
) -> None:
    """Arrays of the raw test samples, alone in a file or beside their labels."""
    one = runs(text)
    path = tmp_path / f"x{suffix}"
    x = one.raw.samples.x[one.rows]
    if suffix == ".npy":
        np.save(path, x)
    elif suffix == ".h5":
        import h5py

        with h5py.File(path, "w") as file:
            file["group/samples"] = x
            file["labels"] = one.raw.samples.y[one.rows]
    else:
        np.savez_compressed(path, labels=one.raw.samples.y[one.rows], samples=x)
    objects = predict(one.run, str(path))
    assert [item["id"] for item in objects] == list(range(len(x)))
    if text is LOGITS:
        second = 0.5 * (1 + np.tanh(0.5 * one.outputs[:, 0].astype(np.float64)))
        np.testing.assert_array_equal(probabilities(objects)[:, 1], second.astype(np.float32))
        assert [item["prediction"] for item in objects] == [
            str(int(value > 0)) for value in one.outputs[:, 0]
        ]
    else:
        np.testing.assert_array_equal(probabilities(objects), one.outputs)


def test_table_of_a_data_set_with_names(runs: Callable[[str], Trained], tmp_path: Path) -> None:
    """A run that was not trained on a file takes a table with the names of its features."""
    one = runs(LOGITS)
    x = one.raw.samples.x[one.rows]
    rows = [{"x0": repr(float(a)), "x1": repr(float(b))} for a, b in x]
    path = write_table(tmp_path / "points.csv", rows, ["x1", "x0"])
    array = tmp_path / "points.npy"
    np.save(array, x)
    assert [item["probability"] for item in predict(one.run, str(path))] == [
        item["probability"] for item in predict(one.run, str(array))
    ]


def test_one_sample_alone_has_the_same_prediction(runs: Callable[[str], Trained], tmp_path: Path) -> None:
    """Also given as a single image, without the axis of the samples."""
    one = runs(DIGITS)
    np.save(tmp_path / "one.npy", one.raw.samples.x[one.rows[5]][..., 0])
    (alone,) = predict(one.run, str(tmp_path / "one.npy"), "--batch-size", "64")
    np.testing.assert_array_equal(probabilities([alone])[0], one.outputs[5])


def test_weights_of_the_last_epoch_are_those_that_were_saved(
    runs: Callable[[str], Trained], tmp_path: Path
) -> None:
    """`--weights last` reads the other model."""
    one = runs(DIGITS)
    np.save(tmp_path / "x.npy", one.raw.samples.x[one.rows[:4]])
    copy = tmp_path / "copy"
    shutil.copytree(one.run.path, copy)
    (copy / "model" / "best.keras").rename(copy / "model" / "last.keras")
    run = Run.read(copy)
    objects = predict(run, str(tmp_path / "x.npy"), "--weights", "last")
    np.testing.assert_array_equal(probabilities(objects), one.outputs[:4])
    assert nnrun("predict", str(copy), str(tmp_path / "x.npy")) == 4


def test_top_classes_are_ranked(runs: Callable[[str], Trained], tmp_path: Path) -> None:
    """The most probable ones only, in their order."""
    one = runs(DIGITS)
    np.save(tmp_path / "x.npy", one.raw.samples.x[one.rows])
    output = tmp_path / "out.csv"
    assert (
        nnrun("predict", str(one.run.path), str(tmp_path / "x.npy"), "--top", "3", "--output", str(output))
        == 0
    )
    with output.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == [
        "index", "prediction", "probability", "class_2", "probability_2", "class_3", "probability_3"
    ]  # fmt: skip
    order = np.argsort(-one.outputs, axis=1, kind="stable")
    assert [[line["prediction"], line["class_2"], line["class_3"]] for line in lines] == [
        [str(number) for number in row[:3]] for row in order
    ]
    objects = predict(one.run, str(tmp_path / "x.npy"), "--top", "2")
    assert [len(item["probabilities"]) for item in objects] == [2] * len(objects)


def test_unseen_categories_and_unused_columns_are_told(
    runs: Callable[[str], Trained], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Counted and named, on stderr; the predictions are on stdout."""
    one = runs(TABLE)
    rows = [{**row, "colour": "green"} if number < 3 else row for number, row in enumerate(animals(10))]
    table = write_table(tmp_path / "new.csv", rows)
    capfd.readouterr()
    assert nnrun("predict", str(one.run.path), str(table)) == 0
    said = capfd.readouterr()
    assert "columns 'id', 'kind' are not used" in said.err
    assert "3 rows have a category in column 'colour' that the training did not have ('green')" in said.err
    assert "10 predicted" in said.err
    assert len(said.out.splitlines()) == 11
    assert nnrun("--quiet", "predict", str(one.run.path), str(table)) == 0
    assert capfd.readouterr().err == ""


def test_reader_that_goes_away_ends_it(runs: Callable[[str], Trained], tmp_path: Path) -> None:
    """`| head` gets its lines, and nothing is said."""
    one = runs(LOGITS)
    np.save(tmp_path / "x.npy", np.zeros((3_000_000, 2), np.float32))
    command = f"{sys.executable} -m nnrun predict {one.run.path} {tmp_path / 'x.npy'} | head -2"
    result = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False
    )
    assert result.stdout.splitlines()[0] == "index,prediction,probability,probability_0,probability_1"
    assert result.returncode == 141
    assert result.stderr == ""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_memory_does_not_grow_with_the_table(runs: Callable[[str], Trained], tmp_path: Path) -> None:
    """700,000 rows take hardly more than 200,000."""
    one = runs(LOGITS)
    draw = np.random.default_rng(0)
    lines = "".join(f"{a:.9f},{b:.9f}\n" for a, b in draw.normal(size=(100_000, 2)).tolist())
    sizes: dict[str, int] = {}
    for name, repeat in (("small", 2), ("large", 7)):
        table = tmp_path / f"{name}.csv"
        with table.open("w") as file:
            file.write("x0,x1\n")
            for _ in range(repeat):
                file.write(lines)
        code = (
            "import re\nfrom nnrun.cli.main import run\n"
            f"run(['predict', {str(one.run.path)!r}, {str(table)!r}, '--output', {str(table)!r} + '.csv'])\n"
            "print(re.search(r'VmHWM:\\s+([0-9]+)', open('/proc/self/status').read())[1])"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        sizes[name] = int(result.stdout.splitlines()[-1]) * 1024
    with (tmp_path / "large.csv.csv").open() as file:
        assert sum(1 for _ in file) > 600_000
    assert sizes["large"] - sizes["small"] < 60 << 20, sizes


@dataclass(frozen=True)
class Wrong:
    """An input that cannot be predicted.

    Attributes:
        config: What the run was trained on.
        name: Name of the file.
        content: Its content; None for a file that is not there.
        words: What has to be said.
        code: The exit code.
        arguments: More arguments.
    """

    config: str
    name: str
    content: bytes | None
    words: str
    code: int = 4
    arguments: tuple[str, ...] = ()


def npy(array: Any, **options: Any) -> bytes:
    """Returns the content of an .npy file."""
    content = io.BytesIO()
    np.save(content, array, **options)
    return content.getvalue()


def npz(**arrays: Any) -> bytes:
    """Returns the content of an .npz file."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


HEAD = b"weight,colour,zone,legs,tame,born\n"
GOOD = b"1,black,0,2,yes,2001-02-03\n"

WRONG = {
    "missing file": Wrong(TABLE, "gone.csv", None, "gone.csv: no such file"),
    "empty file": Wrong(TABLE, "x.csv", b"", "is empty"),
    "header only": Wrong(TABLE, "x.csv", HEAD, "has no rows of data"),
    "missing column": Wrong(
        TABLE,
        "x.csv",
        b"weight,color,zone,legs,tame,born\n1,black,0,2,yes,2001-02-03\n",
        "lacks column 'colour'",
    ),
    "similar column": Wrong(
        TABLE,
        "x.csv",
        b"weight,Colour,zone,legs,tame,born\n1,black,0,2,yes,2001-02-03\n",
        "that is called 'Colour'?",
    ),
    "column twice": Wrong(
        TABLE,
        "x.csv",
        b"weight,colour,zone,legs,tame,born,zone\n1,black,0,2,yes,2001-02-03,1\n",
        "columns 3 and 7 have the same name 'zone'",
    ),
    "no header": Wrong(TABLE, "x.csv", b"1,2,0,2,1,1\n1,2,0,2,1,1\n", "the first row looks like data"),
    "other delimiter": Wrong(TABLE, "x.csv", (HEAD + GOOD).replace(b",", b";"), "is the delimiter ';'?"),
    "ragged row": Wrong(
        TABLE, "x.csv", HEAD + GOOD + b"1,black\n", "row 3: expected 6 fields as in the header"
    ),
    "text for a number": Wrong(
        TABLE,
        "x.csv",
        HEAD + GOOD * 40 + b"1,black,0,four,yes,2001-02-03\n",
        "row 42, column 'legs': 'four' is not a number",
    ),
    "infinite number": Wrong(
        TABLE, "x.csv", HEAD + b"inf,black,0,2,yes,2001-02-03\n", "column 'weight': 'inf' is not a finite"
    ),
    "too great a number": Wrong(
        TABLE, "x.csv", HEAD + b"1e999,black,0,2,yes,2001-02-03\n", "'1e999' is not a finite"
    ),
    "empty cell": Wrong(
        TABLE, "x.csv", HEAD + GOOD + b"\n1,black,0,,yes,2001-02-03\n", "column 'legs' is empty"
    ),
    "not UTF-8": Wrong(
        TABLE, "x.csv", HEAD + b"1,bl\xe4ck,0,2,yes,2001-02-03\n", "line 2: not UTF-8 text: byte 0xe4"
    ),
    "UTF-16": Wrong(TABLE, "x.csv", (HEAD + GOOD).decode().encode("utf-16"), "is UTF-16 text"),
    "NUL": Wrong(TABLE, "x.csv", HEAD + b"1,bl\x00ck,0,2,yes,2001-02-03\n", "line 2: a NUL byte"),
    "open quote": Wrong(
        TABLE, "x.csv", HEAD + b'1,"black,0,2,yes,2001-02-03\n' + GOOD * 9, "row 2: expected 6 fields"
    ),
    "broken gzip": Wrong(
        TABLE, "x.csv.gz", gzip.compress(HEAD + GOOD * 999)[:-20], "the gzip data break off"
    ),
    "broken Parquet": Wrong(TABLE, "x.parquet", b"PAR1" + bytes(50), "cannot be read as Parquet"),
    "no truth value": Wrong(
        TABLE,
        "x.csv",
        HEAD + GOOD + b"1,black,0,2,maybe,2001-02-03\n",
        "row 3, column 'tame': 'maybe' is neither",
    ),
    "no date": Wrong(TABLE, "x.csv", HEAD + b"1,black,0,2,yes,3.2.2001\n", "'3.2.2001' is not a date"),
    "an array for categories": Wrong(TABLE, "x.npy", npy(np.zeros((3, 4))), "an array has no texts"),
    "unknown id": Wrong(TABLE, "x.csv", HEAD + GOOD, "--id name: ", 2, ("--id", "name")),
    "unknown column to keep": Wrong(
        TABLE, "x.csv", HEAD + GOOD, "did you mean 'legs'?", 2, ("--keep", "leg")
    ),
    "kept twice": Wrong(
        TABLE, "x.csv", HEAD + GOOD, "already has a column", 2, ("--keep", "legs", "--keep", "legs")
    ),
    "kept prediction": Wrong(
        TABLE,
        "x.csv",
        b"prediction," + HEAD + b"1," + GOOD,
        "already has a column",
        2,
        ("--keep", "prediction"),
    ),
    "output without a format": Wrong(
        TABLE, "x.csv", HEAD + GOOD, "ends with one of", 2, ("--output", "out.xlsx")
    ),
    "JSON in a CSV": Wrong(TABLE, "x.csv", HEAD + GOOD, "contradict", 2, ("--json", "--output", "out.csv")),
    "output in no folder": Wrong(TABLE, "x.csv", HEAD + GOOD, "No such file", 7, ("--output", "no/out.csv")),
    "no number of classes": Wrong(TABLE, "x.csv", HEAD + GOOD, "--top few", 2, ("--top", "few")),
    "long delimiter": Wrong(TABLE, "x.csv", HEAD + GOOD, "expected one character", 2, ("--delimiter", "||")),
    "two tables": Wrong(TABLE, "x.csv", HEAD + GOOD, "expected one file", 2, ("other.csv",)),
    "too few columns": Wrong(
        HEADERLESS, "x.csv", b"1;2\n", "has 2 columns, and the network was trained on 3"
    ),
    "header in the data": Wrong(HEADERLESS, "x.csv", b"a;b;c\n1;2;3\n", "remove the first row"),
    "wrong shape": Wrong(LOGITS, "x.npy", npy(np.zeros((3, 5))), "expected samples of shape (2,)"),
    "no array": Wrong(LOGITS, "x.npy", b"no array", "is no array of NumPy"),
    "cut array": Wrong(LOGITS, "x.npy", npy(np.zeros((90, 2)))[:-100], "its header says"),
    "objects": Wrong(LOGITS, "x.npy", npy(np.array([{}, {}]), allow_pickle=True), "Python objects"),
    "texts": Wrong(LOGITS, "x.npy", npy(np.array([["a", "b"]])), "expected numbers"),
    "NaN in an array": Wrong(
        LOGITS, "x.npy", npy(np.full((3, 2), np.nan)), "sample 0 has a value that is not finite"
    ),
    "two arrays": Wrong(
        LOGITS, "x.npz", npz(a=np.zeros((3, 2)), b=np.zeros((3, 2))), "name one with --array"
    ),
    "unknown array": Wrong(LOGITS, "x.npz", npz(a=np.zeros((3, 2))), "no such array", 2, ("--array", "b")),
    "id of an array": Wrong(LOGITS, "x.npz", npz(a=np.zeros((3, 2))), "columns of a table", 2, ("--id", "a")),
    "decimal tokens": Wrong(TOKENS, "x.npy", npy(np.zeros((3, 6))), "expected whole numbers"),
    "negative token": Wrong(TOKENS, "x.npy", npy(np.full((3, 6), -1)), "token number below 0"),
    "token beyond the embedding": Wrong(TOKENS, "x.npy", npy(np.full((3, 6), 30)), "The network cannot take"),
    "a table for tokens": Wrong(TOKENS, "x.csv", b"a,b\n1,2\n", "expected an .npz, .npy or HDF5 file"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_explained(
    runs: Callable[[str], Trained],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """The place, what was expected and the exit code; nothing is left behind."""
    wrong = WRONG[name]
    one = runs(wrong.config)
    monkeypatch.chdir(tmp_path)
    if wrong.content is not None:
        Path(wrong.name).write_bytes(wrong.content)
    before = sorted(Path().iterdir())
    assert nnrun("predict", str(one.run.path), wrong.name, *wrong.arguments) == wrong.code
    captured = capsys.readouterr()
    assert wrong.words in captured.err
    assert "bug in nnrun" not in captured.err
    assert sorted(Path().iterdir()) == before


def test_damaged_runs_are_explained(
    runs: Callable[[str], Trained], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No weights, weights of something else, no preprocessing: exit 4, with the file."""
    one = runs(LOGITS)
    array = tmp_path / "x.npy"
    np.save(array, np.zeros((2, 2)))
    for name, content, words in (
        ("best.keras", None, "no best model"),
        ("best.keras", b"no model", "cannot be loaded"),
        ("preprocessing.json", None, "cannot be read"),
        ("preprocessing.json", b"[]", "cannot be read"),
    ):
        copy = tmp_path / "copy"
        shutil.copytree(one.run.path, copy)
        (copy / "model" / name).unlink()
        if content is not None:
            (copy / "model" / name).write_bytes(content)
        assert nnrun("predict", str(copy), str(array)) == 4
        assert words in capsys.readouterr().err
        shutil.rmtree(copy)


def test_file_that_was_there_survives_an_error(
    runs: Callable[[str], Trained], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output appears as a whole or not at all."""
    one = runs(TABLE)
    table, output = tmp_path / "x.csv", tmp_path / "out.csv"
    output.write_text("kept")
    table.write_bytes(HEAD + GOOD * 400_000 + b"1,black,0,four,yes,2001-02-03\n")
    assert nnrun("predict", str(one.run.path), str(table), "--output", str(output)) == 4
    assert "row 400002" in capsys.readouterr().err
    assert output.read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "x.csv"]
    assert nnrun("predict", str(one.run.path), str(output), "--output", str(output)) == 2
    assert "is the input itself" in capsys.readouterr().err
