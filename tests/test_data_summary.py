"""What `nnrun data` finds in data."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.config.load import load_experiment
from nnrun.data.raw import Part, RawData
from nnrun.data.summary import advice, bounded
from nnrun.data.summary.duplicates import find_duplicates, hashes
from nnrun.data.summary.leaks import Leak, find_leaks
from nnrun.data.summary.record import to_record
from nnrun.data.summary.summary import summarise
from nnrun.display.summary_text import summary_text
from tests.configs import nnrun, write_iris
from tests.docs.readme import TEXT, section, tables

CLASSES = """\
name: passengers
seed: 0
dataset:
  source: csv
  path: passengers.csv
  target: survived
  missing: {age: median}
  scale: standard
  split: {validation: 0.2, test: 0.2}
model: {layers: [{Dense: {units: 1, activation: sigmoid}}]}
compile: {optimizer: adam, loss: binary_crossentropy}
"""


def passengers(rows: int = 300) -> list[str]:
    """A table with a leak, an empty column nearly, a constant one, and equal rows."""
    draw = np.random.default_rng(0)
    lines = ["age,fare,deck,alive,ship,survived"]
    for row in range(rows):
        survived = int(draw.random() < 0.4)
        age = "" if row % 3 else f"{draw.normal(30, 9):.1f}"
        fare = f"{draw.gamma(2, 10):.2f}"
        lines.append(f"{age},{fare},{'ABC'[row % 3]},{['no', 'yes'][survived]},Titanic,{survived}")
    return lines


def write(folder: Path, lines: list[str], text: str = CLASSES) -> Path:
    """Writes the table and a config for it."""
    (folder / "passengers.csv").write_text("\n".join(lines) + "\n")
    config = folder / "passengers.yaml"
    config.write_text(text)
    return config


def record_of(config: Path, memory: int = 1 << 30) -> dict[str, Any]:
    """Returns what `--json` prints."""
    return to_record(summarise(load_experiment(config), memory))


def codes(record: dict[str, Any]) -> set[str]:
    """Returns the codes of the warnings."""
    return {one["code"] for one in record["warnings"]}


def test_everything_that_is_wrong_with_a_table_is_found(tmp_path: Path) -> None:
    """A leak, a constant and a mostly empty column, samples in two splits, and equal ones with another label."""
    lines = passengers()
    lines += lines[1:60]
    lines += [f"{line[:-1]}{1 - int(line[-1])}" for line in lines[1:2]]
    record = record_of(write(tmp_path, lines))
    assert codes(record) == {
        "leak", "duplicates-across-splits", "conflicting-labels", "duplicates", "mostly-missing", "constant-column"
    }  # fmt: skip
    assert [one["column"] for one in record["leaks"]] == ["alive"]
    columns = {one["name"]: one for one in record["columns"]}
    assert columns["ship"]["constant"]
    assert [one["kind"] for one in record["columns"]] == [
        "number",
        "number",
        "category",
        "boolean",
        "constant",
    ]
    assert columns["age"]["missing"] == sum(line.startswith(",") for line in lines)
    assert columns["age"]["filled_with"] == pytest.approx(30, abs=5)
    assert columns["deck"]["most_frequent"][0]["value"] in "ABC"
    assert columns["fare"]["min"] == min(float(line.split(",")[1]) for line in lines[1:])
    assert record["network"]["input_shape"] == [7]
    assert record["network"]["labels"] == "binary"
    assert {name: one["samples"] for name, one in record["splits"].items()} == {
        "train": 216, "validation": 72, "test": 72
    }  # fmt: skip
    assert sum(record["splits"]["train"]["classes"].values()) == 216


def test_counts_agree_with_the_table(tmp_path: Path) -> None:
    """Figures of a column are NumPy's, and a clean table has no warnings."""
    draw = np.random.default_rng(1)
    x = draw.normal(size=(200, 2))
    lines = ["a,b,survived", *(f"{a!r},{b!r},{int(a + b > 0)}" for a, b in x.tolist())]
    record = record_of(write(tmp_path, lines, CLASSES.replace("  missing: {age: median}\n", "")))
    assert record["warnings"] == []
    for number, column in enumerate(record["columns"]):
        figures = [column[key] for key in ("min", "max", "mean", "deviation")]
        own = x[:, number]
        assert figures == [float(v) for v in (own.min(), own.max(), own.mean(), own.std())]
    assert record["scaling"]["method"] == "standard"
    assert record["memory"]["bytes"] == 200 * (2 * 4 + 4)
    assert record["memory"]["fits"]
    assert not record_of(tmp_path / "passengers.yaml", memory=100)["memory"]["fits"]
    assert len(record["examples"]) == 6
    first = record["examples"][0]
    row = int(first["place"].rpartition(" ")[2])
    assert lines[row - 1].split(",")[:2] == [repr(first["input"]["a"]), repr(first["input"]["b"])]


def leaks_of(
    x: Any, y: Any, *, classes: bool = True, categories: dict[int, tuple[str, ...]] | None = None
) -> tuple[Leak, ...]:
    """Looks for leaks in the columns of an array."""
    names = tuple("abcdef"[: x.shape[1]])
    raw = RawData("table", Part(x, y), feature_names=names, categories=categories or {})
    rows = np.arange(len(x))
    if classes:
        return find_leaks(raw, rows, y.astype(np.int32), np.empty((0, 0)))
    return find_leaks(raw, rows, None, y.reshape(len(y), -1))


def test_leaks_of_classes() -> None:
    """Values that go with a class, ranges of each class, and some exceptions."""
    draw = np.random.default_rng(0)
    y = draw.integers(3, size=300)
    own = (2 - y).astype(np.float64)
    nearly = own.copy()
    nearly[0] = (own[0] + 1) % 3
    ranges = y * 10 + draw.random(300)
    noise = draw.normal(size=300)
    found = leaks_of(np.stack([own, nearly, ranges, noise], axis=1), y)
    assert [(leak.column, leak.kind, leak.exceptions) for leak in found] == [
        ("a", "values", 0), ("b", "values", 1), ("c", "ranges", 0)
    ]  # fmt: skip
    assert "in 299 of 300 samples" in found[1].reason


def test_leaks_of_numbers() -> None:
    """Copies, other units, the same order, and categories that stand for a number."""
    draw = np.random.default_rng(0)
    group = draw.integers(4, size=400)
    y = group * 2.5 + 1
    found = leaks_of(np.stack([group.astype(float), draw.normal(size=400)], axis=1), y, classes=False)
    assert [(leak.column, leak.kind) for leak in found] == [("a", "values")]
    z = draw.normal(size=400)
    x = np.stack([z, z * -1.8 + 32, np.exp(z), z + draw.normal(size=400) * 0.05], axis=1)
    found = leaks_of(x, z, classes=False)
    assert [(leak.column, leak.kind) for leak in found] == [("a", "linear"), ("b", "linear"), ("c", "order")]
    assert "copy" in found[0].reason


def test_codes_of_categories_have_no_order() -> None:
    """The positions of texts are no numbers: neither ranges nor correlations of them are looked at."""
    y = np.repeat([0, 1], 100)
    names = tuple(f"n{row:03d}" for row in range(200))
    assert leaks_of(np.arange(200.0)[:, None], y, categories={0: names}) == ()
    assert leaks_of(np.arange(200.0)[:, None], np.arange(200.0), classes=False, categories={0: names}) == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 300), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_chance_is_no_leak(rows: int, classes: int, seed: int) -> None:
    """Ids, noise, few and many values that have nothing to do with the target are not reported."""
    draw = np.random.default_rng(seed)
    x = np.stack(
        [
            draw.permutation(rows),
            draw.normal(size=rows),
            draw.integers(2, size=rows),
            draw.integers(rows // 4, size=rows),
        ],
        axis=1,
    ).astype(np.float64)
    assert leaks_of(x, np.arange(rows) % classes) == ()
    assert leaks_of(x, draw.normal(size=rows), classes=False) == ()


@pytest.mark.parametrize(
    ("file", "target"),
    [("iris.csv", "species"), ("penguins.csv", "species"), ("california_housing.csv", "median_house_value")],
)
def test_real_tables_have_no_leaks(
    tmp_path: Path,
    test_data: Callable[[str], Path],
    file: str,
    target: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No false alarm on well-known tables, drafted as a user would."""
    config = tmp_path / "drafted.yaml"
    table = test_data(f"tabular/{file}")
    assert nnrun("init", "--from-csv", str(table), "--target", target, "--output", str(config)) == 0
    record = record_of(config)
    assert record["leaks"] == []
    assert "leak" not in codes(record)
    assert max(map(len, summary_text(record).splitlines())) <= 80


def test_duplicates_are_counted_by_split() -> None:
    """Within, across and with other labels; -0.0 equals 0.0."""
    train = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 0.0], [5.0, 6.0]])
    test = np.array([[3.0, -0.0], [7.0, 8.0], [1.0, 2.0]])
    found = find_duplicates(
        {"train": hashes(train, np.arange(4)), "test": hashes(test, np.arange(3))},
        {"train": np.array(["a", "a", "b", "c"]), "test": np.array(["x", "y", "a"])},
        7,
    )
    assert found.within == {"train": 1, "test": 0}
    assert found.across == {("train", "test"): 2}
    assert found.conflicting == 2
    assert found.groups[0] == (("train", 0), ("train", 1), ("test", 2))
    assert found.groups[1] == (("train", 2), ("test", 0))


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=30))
def test_equal_samples_have_equal_hashes_and_no_others(rows: list[list[int]]) -> None:
    """For bytes, floats and texts alike."""
    x = np.array(rows, dtype=np.uint8)
    expected = len({tuple(row) for row in rows})
    texts = np.array(["".join(map(str, row)) for row in rows], dtype=object)
    for array in (x, x.astype(np.float64), x.astype(np.float32) / 3, x[..., None], texts):
        assert len(np.unique(hashes(array, np.arange(len(array))))) == expected


def test_array_in_a_file_is_looked_at_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a mapped array some samples are read, evenly spread."""
    np.save(tmp_path / "x.npy", np.zeros((1000, 10)))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert len(bounded.readable(mapped)) == 1000
    monkeypatch.setattr(bounded, "MOST_BYTES", 80 * 50)
    rows = bounded.readable(mapped)
    assert len(rows) == 50
    assert (rows[0], rows[-1]) == (0, 999)
    assert len(bounded.readable(np.zeros((1000, 10)))) == 1000


@pytest.mark.parametrize(
    "dataset",
    [
        "{source: sklearn, name: digits, scale: unit, split: {test: 0.2}}",
        "{source: synthetic, generator: tokens, samples: 90, split: {validation: 0.2}}",
        "{source: synthetic, generator: blobs, centers: 30, samples: 900, split: {test: 0.5, stratify: true}}",
        "{source: sklearn, name: diabetes}",
    ],
    ids=["images", "tokens", "many classes", "regression"],
)
def test_every_kind_is_shown_in_80_columns(
    tmp_path: Path, dataset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And as JSON, which has the same figures."""
    loss = "mse" if "diabetes" in dataset else "sparse_categorical_crossentropy"
    config = tmp_path / "kind.yaml"
    config.write_text(
        f"dataset: {dataset}\nmodel: {{layers: [Flatten, {{Dense: {{units: 40}}}}]}}\n"
        f"compile: {{optimizer: adam, loss: {loss}}}\n"
    )
    assert nnrun("data", str(config)) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert nnrun("data", str(config), "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert f"{record['samples']:,} " in text
    assert record["fingerprint"][:16] in text
    assert set(record) == {
        "format", "name", "config", "source", "seed", "kind", "samples", "looked_at", "warnings", "notes", "splits",
        "classes", "columns", "leaks", "duplicates", "values", "network", "scaling", "memory", "examples",
        "fingerprint", "data_changed",
    }  # fmt: skip


def test_names_from_the_data_cannot_move_the_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters of columns, categories and classes are not printed."""
    lines = ["\x1b[2Ja,survived", *(f"\x1b[31mred{row % 2},\x1b]0;t{row % 2}" for row in range(40))]
    config = write(tmp_path, lines, CLASSES.replace("  missing: {age: median}\n", ""))
    assert nnrun("data", str(config)) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_overrides_and_wrong_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A config may be tried with other values; everything else is explained."""
    config = write_iris(tmp_path)
    assert nnrun("data", str(config), "dataset.split.test=0.2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["splits"]["test"]["samples"] == 30
    assert nnrun("data", str(config), str(config)) == 2
    assert nnrun("data", "nothing.yaml") == 4
    assert nnrun("data", "latest", "--runs-dir", str(tmp_path)) == 4
    assert nnrun("data", str(config), "dataset.name=irs") == 3
    assert nnrun("data", str(write(tmp_path, ["a,survived", "1,x"]))) == 4
    capsys.readouterr()


def test_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    """No TensorFlow, no Keras, no Matplotlib, no scikit-learn."""
    config = write(tmp_path, passengers())
    code = (
        "import sys\nfrom nnrun.cli.main import run\n"
        f"assert run(['data', {str(config)!r}]) == 0\n"
        "assert not set(sys.modules) & {'tensorflow', 'keras', 'matplotlib', 'sklearn'}\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_warnings_are_documented() -> None:
    """The README names every code, and no other one."""
    source = inspect.getsource(advice)
    given = set(re.findall(r'Warned\(\s*"([a-z-]+)"', source))
    (shown,) = re.findall(r"^The codes of warnings are (.*?)\.$", TEXT, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`([a-z-]+)`", shown)) == given


def test_json_is_documented(tmp_path: Path) -> None:
    """The table of the README has every key."""
    (shown,) = [body for header, body in tables(section("### nnrun data")) if header[0] == "key"]
    keys = {key for row in shown for key in re.findall(r"`([a-z_]+)`", row[0])}
    assert keys == set(record_of(write(tmp_path, passengers())))


def test_texts_and_the_sizes_of_images_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """How long texts are, what the vocabulary does not have, and which sizes image files had."""
    from PIL import Image

    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))
    model = "model: {layers: [Flatten, {Dense: {units: 2}}]}\ncompile: {optimizer: adam, loss: hinge}\n"
    for number in range(12):
        name = "ab"[number % 2]
        for kind in ("texts", "images"):
            (tmp_path / kind / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "texts" / name / f"{number}.txt").write_text("one two three four"[: 4 * (number % 5)])
        Image.new("RGB", (10 + number // 9, 10)).save(tmp_path / "images" / name / f"{number}.png")
    config = tmp_path / "c.yaml"
    config.write_text(
        f"dataset: {{source: text, path: texts, sequence_length: 3, max_tokens: 4, split: {{test: 0.5}}}}\n{model}"
    )
    values = record_of(config)["values"]
    assert (values["texts_looked_at"], values["vocabulary"], values["sequence_length"]) == (12, 2, 3)
    assert (values["shortest"], values["longest"], values["empty"]) == (0, 4, 3)
    assert values["longer_than_sequence"] == 2
    assert 0 < values["unknown_share"] < 1
    config.write_text(f"dataset: {{source: images, path: images, size: [5, 5]}}\n{model}")
    record = record_of(config)
    assert record["values"]["file_sizes"] == [
        {"width": 10, "height": 10, "images": 9}, {"width": 11, "height": 10, "images": 3}
    ]  # fmt: skip
    assert record["values"]["blank_samples"] == 12
    assert "10 x 10 (9), 11 x 10 (3)" in summary_text(record)
    assert max(map(len, summary_text(record).splitlines())) <= 80
