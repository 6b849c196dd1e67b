"""Texts to predict, up to what the network sees; no network is needed for that."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.config.load import load_experiment
from nnrun.data.inputs import Trained, Wanted, open_input
from nnrun.data.inputs import texts as module
from nnrun.data.loading import load_splits
from nnrun.data.splits import Splits
from nnrun.errors import DataError, NnrunError, UsageError

CONFIG = """\
dataset: {{source: text, path: {path}, sequence_length: 5, split: {{test: 0.5}}{more}}}
model: {{layers: [{{Embedding: {{input_dim: 100, output_dim: 2}}}}, Flatten, {{Dense: {{units: 2}}}}]}}
compile: {{optimizer: adam, loss: sparse_categorical_crossentropy}}
"""

TEXTS = [
    'He said "buy" it',
    "win, cash; now",
    "see\tyou",
    "ÄÖ über alles",
    "a b c d e f g",
    "=1+1",
    "one",
    "two three",
]


def trained_on(folder: Path, path: Path, more: str = "") -> tuple[Trained, Splits]:
    """Returns what a run knows, and what training saw."""
    (folder / "config.yaml").write_text(CONFIG.format(path=path, more=more))
    experiment = load_experiment(folder / "config.yaml").experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 0)
    return Trained(experiment.dataset, splits.preprocessing), splits


def on_table(folder: Path) -> tuple[Trained, Splits]:
    """A run on a table with tabs, in which quotes are text."""
    lines = [f"{'ab'[number % 2]}\t{text}" for number, text in enumerate(TEXTS) if "\t" not in text]
    (folder / "texts.tsv").write_text("\n".join(["label\tmessage", *lines]) + "\n", encoding="utf-8")
    return trained_on(folder, folder / "texts.tsv", ", text: message, target: label")


def on_folders(folder: Path) -> tuple[Trained, Splits]:
    """A run on a folder per class."""
    for number, text in enumerate(TEXTS):
        path = folder / "classes" / "ab"[number % 2] / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return trained_on(folder, folder / "classes")


def seen(paths: list[str], trained: Trained, **options: Any) -> tuple[Any, list[Any], list[str]]:
    """Returns what the network sees of an input, its ids, and the notes."""
    with open_input(Wanted(tuple(paths), **options), trained) as given:
        batches = list(given.batches())
        x = [trained.preprocessing.apply(batch.x, batch.categories) for batch in batches]
        return np.concatenate(x), [one for batch in batches for one in batch.ids], given.notes()


def test_rows_of_a_table_have_the_tokens_of_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches of any size, with the label or without it, under any order of columns."""
    trained, splits = on_table(tmp_path)
    monkeypatch.setattr(module, "_BATCH_TEXTS", 2)
    x, ids, notes = seen([str(tmp_path / "texts.tsv")], trained)
    assert splits.indices is not None
    np.testing.assert_array_equal(x[splits.indices.train], splits.train.x)
    assert ids == [1, 2, 3, 4, 5, 6, 7]
    assert notes == [f"{tmp_path / 'texts.tsv'}: column 'label' is not used"]
    rows = [line.split("\t") for line in (tmp_path / "texts.tsv").read_text(encoding="utf-8").splitlines()]
    (tmp_path / "other.tsv").write_text(
        "\n".join(f"{text}\t\t{label}" for label, text in rows), encoding="utf-8"
    )
    with open_input(Wanted((str(tmp_path / "other.tsv"),), id_column="label", keep=("",)), trained) as given:
        batches = list(given.batches())
        assert given.id_name == "label"
    assert [one for batch in batches for one in batch.ids] == [label for label, _ in rows[1:]]
    np.testing.assert_array_equal(
        np.concatenate([trained.preprocessing.apply(batch.x, batch.categories) for batch in batches]), x
    )
    (tmp_path / "alone.csv").write_text("anything\nwin\n")
    assert seen([str(tmp_path / "alone.csv")], trained)[0].shape == (1, 5)


def test_files_and_folders_are_a_text_each(tmp_path: Path) -> None:
    """Hidden ones are left out, folders are gone through."""
    trained, splits = on_folders(tmp_path)
    folder = tmp_path / "classes"
    (folder / ".hidden.txt").write_text("")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.txt").write_text("")
    x, ids, notes = seen([str(folder)], trained)
    assert ids == sorted(str(path) for path in folder.glob("[ab]/*.txt"))
    assert splits.indices is not None
    np.testing.assert_array_equal(x[splits.indices.train], splits.train.x)
    assert notes == []
    again, ids, _ = seen([ids[3], str(folder / "a")], trained)
    np.testing.assert_array_equal(again[0], x[3])
    assert len(ids) == 5


def test_lines_are_texts_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input always is; an empty line is an empty text."""
    trained, _ = on_folders(tmp_path)
    (tmp_path / "lines.txt").write_text("win, cash; now\r\n\nÄÖ über alles", encoding="utf-8")
    whole, ids, _ = seen([str(tmp_path / "lines.txt")], trained)
    assert (len(whole), ids) == (1, [str(tmp_path / "lines.txt")])
    x, ids, notes = seen([str(tmp_path / "lines.txt")], trained, lines=True)
    assert ids == [1, 2, 3]
    assert notes == ["1 of 3 texts is empty"]
    content = (tmp_path / "lines.txt").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    np.testing.assert_array_equal(seen(["-"], trained)[0], x)


def test_table_for_a_run_on_folders_names_its_column(tmp_path: Path) -> None:
    """By `--text`, or it is called text."""
    trained, _ = on_folders(tmp_path)
    table = tmp_path / "new.csv"
    table.write_text('id,said,text\n7,"win, cash; now",one\n', encoding="utf-8")
    for options, text in (({}, "one"), ({"text_column": "said"}, "win, cash; now")):
        with open_input(Wanted((str(table),), **options), trained) as given:
            (batch,) = given.batches()
            assert batch.x.tolist() == [text]


WRONG: dict[str, tuple[bytes | None, dict[str, Any], type[NnrunError], str]] = {
    "gone.txt": (None, {}, DataError, "no such file"),
    "bytes.txt": (b"a\nb\xff", {}, DataError, "line 2: not UTF-8"),
    "bytes.tsv": (b"message\nb\xff\n", {}, DataError, "line 2: not UTF-8"),
    "nul.txt": (b"a\0b", {}, DataError, "a NUL byte"),
    "nul.tsv": (b"message\nx\0\n", {}, DataError, "line 2: a NUL byte"),
    "empty.tsv": (b"", {}, DataError, "is empty"),
    "header.tsv": (b"message\tx\n", {}, DataError, "there is no text"),
    "ragged.tsv": (b"message\tx\na\tb\n\na\tb\tc\n", {}, DataError, "row 4: expected 2 fields"),
    "columns.tsv": (b"a\tb\n1\t2\n", {}, UsageError, "no column 'message'"),
    "id.tsv": (b"message\tb\n1\t2\n", {"id_column": "c"}, UsageError, "no column 'c'"),
    "keep.txt": (b"a", {"keep": ("c",)}, UsageError, "columns of a table"),
    "line.txt": (b"a" * 5000, {"lines": True}, DataError, "line 1: a line of more than 1,000 characters"),
    "large.txt": (b"a" * 5000, {}, DataError, "too much for a text"),
    "quote.csv": (
        b'message,x\n"a,b\n' + b"c,d\n" * 1000,
        {},
        DataError,
        "is a double quote not closed",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What is missing, damaged or of another form is told with its place."""
    monkeypatch.setattr(module, "_MOST_CHARACTERS", 1000)
    content, options, kind, words = WRONG[name]
    trained, _ = on_table(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(kind) as caught:
        seen([str(tmp_path / name)], trained, **options)
    assert words in f"{caught.value.message} {caught.value.advice}"
