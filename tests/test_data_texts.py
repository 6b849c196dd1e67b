"""Texts in folders and tables: nothing dropped, nothing shifted, the place of every fault."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.config.datasets import SplitSection, TextData
from nnrun.config.datasets.texts import TextFile
from nnrun.data.facts import facts_of
from nnrun.data.loading import make_splits
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.raw import RawData
from nnrun.data.sources import texts
from nnrun.data.splits import Splits, facts_of_splits
from nnrun.errors import DataError

Write = Callable[..., TextData]


@pytest.fixture
def section(tmp_path: Path) -> Write:
    """Writes a table and returns the section that reads it; `name` decides about delimiter and quoting."""

    def write(content: str | bytes, name: str = "texts.csv", **options: Any) -> TextData:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return TextData(source="text", path=str(path), **{"text": "text", "target": "label", **options})

    return write


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., TextData]:
    """Writes files by their path below a folder and returns the section that reads it."""

    def write(files: dict[str, str | bytes], **options: Any) -> TextData:
        for name, content in files.items():
            path = tmp_path / "texts" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return TextData(source="text", path=str(tmp_path / "texts"), **options)

    return write


def load(section: TextData) -> RawData:
    """Reads the texts of a section."""
    return texts.load(section, seed=0)


def refusal(section: TextData, read: Callable[[TextData], object] = load) -> str:
    """Returns message and advice of the error that reading ends with."""
    with pytest.raises(DataError) as caught:
        read(section)
    return f"{caught.value.message} | {caught.value.advice}"


def split(section: TextData, raw: RawData | None = None) -> Splits:
    """Returns the splits of a section for class numbers."""
    return make_splits(raw or load(section), section, "index", seed=0)


def test_a_table_with_a_header(section: Write) -> None:
    """Columns are found by name; the others do not matter."""
    raw = load(section('id,label,text\n1,b,two words\n2,a,\n3,b,"one, more"\n'))
    assert raw.samples.x.tolist() == ["two words", "", "one, more"]
    assert raw.samples.y.tolist() == ["b", "a", "b"]
    assert raw.place(2).endswith("texts.csv, row 4")
    assert raw.notes == (f"1 of 3 texts is empty and kept all the same, the first: {raw.place(1)}",)


def test_quotes_of_a_tsv_are_text(section: Write) -> None:
    """A stray quote neither swallows the rows after it nor disappears."""
    content = 'ham\t"Hello\nspam\tit\'s "free"\nham\t""\n'
    raw = load(section(content, "sms.tsv", header=False, text=1, target=0))
    assert raw.samples.x.tolist() == ['"Hello', 'it\'s "free"', '""']


def test_quotes_of_a_csv_enclose_texts(section: Write) -> None:
    """Line breaks and doubled quotes are read as a spreadsheet writes them, and rows keep their numbers."""
    raw = load(section('text,label\n"a\nb ""c""",x\nd,y\n'))
    assert raw.samples.x.tolist() == ['a\nb "c"', "d"]
    assert raw.place(1).endswith("row 3")
    assert "first in row 2: several lines in double quotes in 1 of 2 texts" in raw.notes[0]


def test_quoting_can_be_chosen(section: Write) -> None:
    """What the name of the file suggests is not always so."""
    quoted = section('label\ttext\nx\t"a\tb"\ny\tc\n', "quoted.tsv", quoting="csv")
    assert load(quoted).samples.x.tolist() == ["a\tb", "c"]
    plain = section('label;text\nx;"a\ny;b"\n', "plain.csv", quoting="none", delimiter=";")
    assert load(plain).samples.x.tolist() == ['"a', 'b"']


def test_a_tsv_that_is_quoted_all_the_same_is_told(section: Write) -> None:
    """Texts that begin and end with a quote are suspicious."""
    raw = load(section('label\ttext\nx\t"a"\ny\t"b"\n', "quoted.tsv"))
    assert "2 of 2 texts begin and end with a double quote" in raw.notes[0]


def test_a_text_longer_than_the_limit_of_the_csv_module(section: Write) -> None:
    """131,072 characters are few for a text, and the limit is what it was afterwards."""
    before = csv.field_size_limit()
    long = "word " * 50_000
    assert load(section(f"text,label\n{long},x\nb,y\n")).samples.x[0] == long
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_line_endings_and_blank_lines(section: Write, ending: str, name: str) -> None:
    """Those of Windows, a blank line, and none at the end; rows are counted with the blank ones."""
    rows = ["label,text", "a,x", "", "b,y"]
    content = ending.join(rows).replace(",", "\t" if name == "t.tsv" else ",")
    raw = load(section(content, name))
    assert raw.samples.x.tolist() == ["x", "y"]
    assert raw.place(1).endswith("row 4")


LABELS: dict[str, tuple[Sequence[str], list[Any]]] = {
    "whole": (["3", "1", " 2 "], [3, 1, 2]),
    "numbers": (["0.5", "1", "2e1"], [0.5, 1.0, 20.0]),
    "text": (["NA", "null", "1"], ["NA", "null", "1"]),
    "leading zeros": (["01", "1", "2"], ["01", "1", "2"]),
    "too great": (["1", "1e999", "2"], ["1", "1e999", "2"]),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_are_what_all_of_them_are(section: Write, case: str) -> None:
    """Whole numbers, numbers, or text; `NA` and `null` are texts."""
    written, expected = LABELS[case]
    rows = "".join(f"{label},text {label}\n" for label in written)
    assert load(section(f"label,text\n{rows}")).samples.y.tolist() == expected


def test_classes_that_look_alike_are_told(section: Write) -> None:
    """`Ham` is another class than `ham`, which is rarely meant."""
    raw = load(section("label,text\nham,a\nHam,b\nspam ,c\nspam,d\nspam,e\n"))
    assert raw.notes == (
        "the classes 'Ham' (1) and 'ham' (1) differ by case or spaces only, and are different classes",
        "the classes 'spam' (2) and 'spam ' (1) differ by case or spaces only, and are different classes",
    )


def test_folders_are_classes(folder: Callable[..., TextData]) -> None:
    """Classes and files are sorted; each text knows its file."""
    raw = load(folder({"b/2.txt": "two", "b/10.TXT": "ten", "a/x.txt": "\ufeffone\n"}))
    assert raw.samples.x.tolist() == ["one\n", "ten", "two"]
    assert raw.samples.y.tolist() == ["a", "b", "b"]
    assert raw.place(1).endswith(f"b{os.sep}10.TXT")


def test_what_is_left_out_of_folders_is_told(folder: Callable[..., TextData]) -> None:
    """Hidden files, other files, folders in folders and loops: nothing is skipped silently, and it ends."""
    section = folder(
        {
            "a/1.txt": "x",
            "a/._1.txt": "junk",
            "a/notes.md": "x",
            "a/deep/2.txt": "x",
            "b/1.txt": "y",
            ".ipynb_checkpoints/1.txt": "x",
            "README": "x",
            "unsup/1.txt": "x",
        },
        exclude=["unsup"],
    )
    (Path(section.path) / "b" / "loop").symlink_to(section.path)
    (Path(section.path) / "b" / "gone.txt").symlink_to("nowhere.txt")
    raw = load(section)
    assert raw.samples.x.tolist() == ["x", "y"]
    where = f"{section.path}: left out "
    assert raw.notes == (
        f"{where}1 folder that dataset.exclude names: 'unsup'",
        f"{where}2 hidden entries: '.ipynb_checkpoints', 'a/._1.txt'",
        f"{where}2 folders inside the folder of a class: 'a/deep', 'b/loop'",
        f"{where}3 entries outside the .txt files of the classes: 'README', 'a/notes.md', 'b/gone.txt'",
    )


BROKEN_TABLES: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "not utf-8": (b"text,label\na,x\ncaf\xe9,y\n", {}, r"line 3: not UTF-8 text: byte 0xe9"),
    "utf-16": ("text,label\na,x\n".encode("utf-16"), {}, "UTF-16 text"),
    "nul": (b"text,label\na\0,x\n", {}, r"line 2: a NUL byte in 'a\\x00,x'"),
    "empty": (b"", {}, "is empty"),
    "only blank lines": (b"\n\n\n", {}, "is empty"),
    "header only": (b"text,label\n", {}, "no rows of data .*header: false"),
    "ragged": (b"text,label\na,x\nb\n", {}, "row 3: expected 2 fields as in the header, found 1"),
    "unquoted comma": (b"text,label\nHi, you,x\n", {}, "row 2: .* found 3 .* must be in double quotes"),
    "tab in a text": (
        b"a\tx\nb\tc\ty\n",
        {"name": "t.tsv", "header": False, "text": 0, "target": 1},
        "row 2: expected 2 fields as in the first row, found 3 .* must not contain the delimiter",
    ),
    "open quote": (
        b'text,label\nb,y\n"a,x\nb,y\n',
        {},
        "row after row 2 .*unexpected end of data .*quoting: none",
    ),
    "open quote at the end": (b'text,label\nb,"y\n', {}, "row after row 1 .*unexpected end of data"),
    "open quote in the header": (b'"text,label\nb,y\n', {}, "row 1: unexpected end of data"),
    "quote within quotes": (b'text,label\n"a" b,y\n', {}, "row after row 1 .*expected after"),
    "no such column": (
        b"txt,label\na,x\n",
        {},
        "dataset.text: .* no column 'text'; it has 'txt', 'label' .*'txt'",
    ),
    "wrong delimiter": (b"text;label\na;x\n", {}, "no column 'text'.* is the delimiter ';'"),
    "no number": (b"a,x\n", {"header": False}, "no column 'text'.* numbers from 0 to 1"),
    "twice": (b"text,text,label\na,b,x\n", {}, "columns 1 and 2 .* have the same name 'text'"),
    "same column": (b"text,label\na,x\n", {"target": "text"}, "dataset.target and in dataset.text"),
    "empty label": (b"text,label\na,x\nb, \n", {}, "row 3: the column 'label' is empty"),
    "target is the text": (
        b"text,label\n" + b"a" * 2000 + b",x\n",
        {"text": "label", "target": "text"},
        "2,000 characters",
    ),
    "no target": (b"text,label\na,x\n", {"target": None}, "no key dataset.target says"),
    "folder option": (b"text,label\na,x\n", {"exclude": ["a"]}, "dataset.exclude: it is for folders"),
    "length of vectors": (
        b"text,label\na,x\n",
        {"output": "count", "sequence_length": 5},
        "it is for sequences",
    ),
}


@pytest.mark.parametrize("case", BROKEN_TABLES)
def test_a_broken_table_says_where(section: Write, case: str) -> None:
    """The message has the file and the row or the key, `check` finds the same, and the hint helps."""
    content, options, message = BROKEN_TABLES[case]
    data = section(content, **{"name": "texts.csv", **options})
    assert re.search(message, refusal(data), re.DOTALL)
    assert refusal(data, facts_of) == refusal(data)


BROKEN_FOLDERS: dict[str, tuple[dict[str, bytes], dict[str, Any], str]] = {
    "no class": ({"1.txt": b"x"}, {}, "has no folder in it"),
    "empty class": ({"a/1.txt": b"x", "b/1.md": b"x"}, {}, r"no \.txt file in the folder of 'b'"),
    "unknown exclude": ({"a/1.txt": b"x"}, {"exclude": ["c"]}, "dataset.exclude: .* has no folder 'c'"),
    "option of tables": ({"a/1.txt": b"x"}, {"target": "y"}, "dataset.target: it is for tables"),
    "not utf-8": (
        {"a/1.txt": b"x", "b/1.txt": b"a\nb\xff"},
        {},
        r"b/1\.txt, line 2: not UTF-8 text: byte 0xff",
    ),
}


@pytest.mark.parametrize("case", BROKEN_FOLDERS)
def test_a_broken_folder_says_where(folder: Callable[..., TextData], case: str) -> None:
    """The class or the file is named."""
    files, options, message = BROKEN_FOLDERS[case]
    assert re.search(message, refusal(folder(files, **options)), re.DOTALL)


def test_a_class_name_that_is_no_text_is_refused(folder: Callable[..., TextData]) -> None:
    """It could not be written into the run."""
    section = folder({"a/1.txt": "x"})
    try:
        Path(section.path, os.fsdecode(b"caf\xe9")).mkdir()
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    assert "is not UTF-8" in refusal(section)


def test_a_missing_file_is_unknown_to_check_and_an_error_to_training(tmp_path: Path) -> None:
    """A config may be checked where its data are not."""
    section = TextData(source="text", path=str(tmp_path / "no.csv"), text="t", target="y", sequence_length=9)
    assert facts_of(section).shape == (9,)
    assert facts_of(section).train_samples is None
    assert "no.csv: no such file" in refusal(section)


def test_devices_and_pipes_are_not_read(tmp_path: Path) -> None:
    """They may have no end."""
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", str(tmp_path / "pipe")):
        assert "is no file" in refusal(TextData(source="text", path=path, text="a", target="b"))


def test_one_class_and_a_class_that_is_missing_in_training_are_refused(section: Write) -> None:
    """Both are found before TensorFlow loads."""
    with pytest.raises(DataError, match="only one class, 'x'"):
        split(section("text,label\na,x\nb,x\n"))
    with pytest.raises(DataError, match="class 'z' is in the test split but not in the training split"):
        split(section("text,label\na,x\nb,y\nc,z\n", shuffle=False, split=SplitSection(test=1)))


def test_splits_with_folders_or_tables_of_their_own(
    section: Write, folder: Callable[..., TextData], tmp_path: Path
) -> None:
    """The vocabulary comes from the training folder; classes are matched by name, and labels are of one kind."""
    data = folder({"neg/1.txt": "bad film", "pos/1.txt": "good film", "unsup/1.txt": "x"}, exclude=["unsup"])
    for name, content in (("neg/a.txt", "bad"), ("pos/a.txt", "great film"), ("pos/b.txt", "good")):
        path = tmp_path / "held" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    data = data.model_copy(update={"test": TextFile(path=str(tmp_path / "held"))})
    splits = split(data)
    assert splits.test is not None
    assert splits.class_names == ("neg", "pos")
    assert splits.test.y.tolist() == [0, 1, 1]
    words = splits.preprocessing.vocabulary
    assert words is not None and words.words == ("film", "good", "bad")
    assert splits.test.x[:, :2].tolist() == [[4, 0], [1, 2], [3, 0]]
    assert facts_of(data).splits == {"test"}
    (tmp_path / "held" / "other").mkdir()
    (tmp_path / "held" / "other" / "1.txt").write_text("x")
    with pytest.raises(DataError, match="class 'other' is in the test split but not in the training split"):
        split(data)
    (tmp_path / "test.csv").write_text("text,label\nc,n/a\n")
    table = section("text,label\na,1\nb,2\n", test={"path": str(tmp_path / "test.csv")})
    assert load(table).samples.y.tolist() == ["1", "2"]
    with pytest.raises(DataError, match="class 'n/a' is in the test split but not"):
        split(table)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], str]:
    """Writes an archive with texts by their paths in it."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))

    def write(files: dict[str, str]) -> str:
        path = tmp_path / "texts.zip"
        with zipfile.ZipFile(path, "w") as made:
            for name, content in files.items():
                made.writestr(name, content)
        return str(path)

    return write


def test_an_archive_of_folders_is_extracted_once(archive: Callable[[dict[str, str]], str]) -> None:
    """`inside` leads to a folder in it, for each split its own; `check` does not extract."""
    names = [
        f"imdb/{split}/{label}/{number}.txt"
        for split in ("train", "test")
        for label in ("neg", "pos")
        for number in (1, 2)
    ]
    path = archive({**dict.fromkeys(names, "a b"), "imdb/README": "x", "imdb/train/unsup/1.txt": "x"})
    data = TextData.model_validate(
        {
            "source": "text",
            "path": path,
            "inside": "imdb/train",
            "exclude": ["unsup"],
            "test": {"path": path, "inside": "imdb/test"},
        }
    )
    assert facts_of(data).train_samples is None
    assert facts_of(data).splits == {"test"}
    raw = load(data)
    assert raw.samples.y.tolist() == ["neg", "neg", "pos", "pos"]
    assert raw.test is not None and len(raw.test) == 4
    wrong = data.model_copy(update={"inside": "imdb/trian"})
    assert "dataset.inside: " in refusal(wrong) and "at its top are 'imdb'" in refusal(wrong)
    assert "has no '../cache'" in refusal(data.model_copy(update={"inside": "../cache"}))


def test_an_archive_of_a_table(archive: Callable[[dict[str, str]], str]) -> None:
    """The only file in it is read without being named."""
    path = archive({"collection/texts.csv": "text,label\na,x\nb,y\n"})
    raw = load(TextData(source="text", path=path, text="text", target="label"))
    assert raw.samples.x.tolist() == ["a", "b"]


def test_a_path_inside_something_that_is_no_archive_is_refused(section: Write) -> None:
    """It would have no effect."""
    assert "is no archive" in refusal(section("text,label\na,x\nb,y\n", inside="a"))


def test_the_vocabulary_knows_the_training_split_only(section: Write) -> None:
    """Words of the test split are unknown, and the notes say how many."""
    data = section(
        "text,label\nred red blue,x\nblue green,y\nred pink grey,x\n",
        shuffle=False,
        split=SplitSection(test=1),
        sequence_length=2,
    )
    splits = split(data)
    assert splits.test is not None and splits.preprocessing.vocabulary is not None
    assert splits.preprocessing.vocabulary.words == ("red", "blue", "green")
    assert splits.train.x.dtype == np.int32
    assert splits.train.x.tolist() == [[2, 2], [3, 4]]
    assert splits.test.x.tolist() == [[2, 1]]
    assert splits.notes == (
        "the vocabulary has 3 words of the training split",
        "training split, 2 texts: 1 is longer than 2 words and loses its end (the longest has 3)",
        "test split, 1 text: 66.67% of the words are not in the vocabulary; 1 is longer than 2 words and loses "
        "its end (the longest has 3)",
    )


def test_texts_without_words_are_refused(section: Write) -> None:
    """Punctuation alone teaches nothing."""
    with pytest.raises(DataError, match="have no words"):
        split(section("text,label\n?!,x\n...,y\n"))


def test_a_vocabulary_that_is_too_large_for_a_run_is_refused(
    section: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size of a run directory is bounded."""
    monkeypatch.setattr("nnrun.data.vocabulary.MAX_BYTES", 10)
    with pytest.raises(DataError, match="more than the 0 MiB that a run stores"):
        split(section("text,label\nabcdefghijk,x\nb,y\n"))


def test_scaling_texts_is_refused(section: Write) -> None:
    """Token 7 is not more than token 3."""
    with pytest.raises(DataError, match=r"dataset\.scale: texts are no quantities"):
        split(section("text,label\na,x\nb,y\n", scale="standard"))


OUTPUTS: list[dict[str, Any]] = [
    {},
    {"output": "multi_hot"},
    {"output": "tf_idf", "ngrams": 2},
    {"output": "count", "tokenize": "character", "standardize": "none"},
]


@pytest.mark.parametrize("options", OUTPUTS)
def test_preprocessing_survives_the_run(section: Write, options: dict[str, Any]) -> None:
    """What was fitted is written as JSON, read back equal, and gives the same numbers to the last bit."""
    data = section("text,label\nÄ b c d,x\nb c \U0001f600,y\n", **options)
    raw = load(data)
    splits = split(data, raw)
    stored = Preprocessing.from_json(json.loads(json.dumps(splits.preprocessing.to_json())))
    assert stored == splits.preprocessing
    again = make_splits(raw, data, "index", 0, stored)
    np.testing.assert_array_equal(again.train.x, splits.train.x)
    assert again.fingerprint == splits.fingerprint


def test_facts_equal_the_loaded_data(section: Write, folder: Callable[..., TextData]) -> None:
    """What is said without loading is what loading gives; the greatest token is never less."""
    table = section(
        "text,label\na b,x\nb,y\nc,x\nd,y\n", max_tokens=50, split=SplitSection(test=2, stratify=True)
    )
    tree = folder({"n/1.txt": "a", "n/2.txt": "b", "p/1.txt": "c"}, sequence_length=3)
    for data in (table, tree):
        known, loaded = facts_of(data), facts_of_splits(split(data))
        for name in ("shape", "dtype", "train_samples", "classes", "class_names", "target", "splits"):
            assert getattr(known, name) == getattr(loaded, name), name
    assert facts_of(table).max_token == 49
    assert facts_of_splits(split(table)).max_token is not None
    assert facts_of(tree).max_token is None
    assert facts_of(section("text,label\na,1.5\nb,2\n")).target == "values"
    assert facts_of(section("text,label\na,10\nb,9\n")).class_names == ("9", "10")


def test_the_fingerprint_follows_texts_and_labels(section: Write) -> None:
    """Another letter is other data."""
    contents = ("text,label\na,x\nb,y\n", "text,label\na,x\nc,y\n", "text,label\na,y\nb,x\n")
    assert len({split(section(content)).fingerprint for content in contents}) == 3


LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(LINES, st.sampled_from(["a", "b"])), min_size=1, max_size=8))
def test_a_table_of_any_texts_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """What Python's csv module writes comes back, whatever the texts are."""
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([("text", "label"), *rows])
    path = tmp_path_factory.mktemp("csv") / "texts.csv"
    path.write_bytes(stream.getvalue().encode())
    raw = load(TextData(source="text", path=str(path), text="text", target="label"))
    assert list(zip(raw.samples.x, raw.samples.y.tolist(), strict=True)) == rows


@settings(max_examples=100, deadline=None)
@given(
    st.lists(LINES.filter(lambda text: not set(text) & set("\t\n\r")), min_size=1, max_size=8),
)
def test_a_tsv_of_any_texts_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, written: list[str]
) -> None:
    """Without quoting, only tab and line break are special; separators of Unicode are text."""
    path = tmp_path_factory.mktemp("tsv") / "texts.tsv"
    path.write_bytes("".join(f"a\t{text}\n" for text in written).encode())
    raw = load(TextData(source="text", path=str(path), text=1, target=0, header=False))
    assert raw.samples.x.tolist() == written


FOLDER_NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20
).filter(lambda name: name[0] != "." and len(name.encode()) < 200)


@settings(max_examples=50, deadline=None)
@given(st.lists(FOLDER_NAMES, min_size=2, max_size=5, unique=True))
def test_any_name_of_a_folder_is_a_class(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    """Line breaks, controls, formulas and scripts among them; all come back from the run as they are."""
    folder = tmp_path_factory.mktemp("classes")
    for name in names:
        (folder / name).mkdir()
        (folder / name / "1.txt").write_text("word")
    section = TextData(source="text", path=str(folder))
    splits = split(section)
    assert splits.class_names == tuple(sorted(names))
    stored = json.loads(json.dumps(splits.preprocessing.to_json()))
    assert Preprocessing.from_json(stored).class_names == splits.class_names


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["csv", "none"]), st.booleans())
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, quoting: Any, header: bool
) -> None:
    """Only errors of nnrun come out, and they name the file."""
    path = tmp_path_factory.mktemp("bytes") / "texts.csv"
    path.write_bytes(content)
    data = TextData(source="text", path=str(path), text=0, target=1, header=header, quoting=quoting)
    try:
        raw = load(data)
    except DataError as error:
        assert str(path) in error.message
    else:
        assert len(raw.samples.x) == len(raw.samples.y) > 0


def test_real_messages(test_data: Callable[[str], Path]) -> None:
    """All 5,574 are there, with their quotes."""
    section = TextData(
        source="text", path=str(test_data("text/sms_spam.tsv")), header=False, text=1, target=0
    )
    raw = load(section)
    assert raw.notes == ()
    labels, counts = np.unique(raw.samples.y, return_counts=True)
    assert dict(zip(labels.tolist(), counts.tolist(), strict=True)) == {"ham": 4827, "spam": 747}
    assert sum('"' in text for text in raw.samples.x) > 100
    assert facts_of(section).classes == 2
