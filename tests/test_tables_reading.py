"""Tables are read in pieces, typed where all cells are numbers, and come out as if read cell by cell."""

from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from nnrun.config.datasets import CsvData, TableFiles
from nnrun.config.datasets.files import DownloadSection
from nnrun.config.facts import DataFacts
from nnrun.data.facts import facts_of
from nnrun.data.loading import make_splits
from nnrun.data.sources import csv_files
from nnrun.data.tables import parsing, pieces, reading, records
from nnrun.errors import DataError
from tests.table_files import load, refusal, section, write, write_parquet
from tests.web_server import Server, serving

HARD_NUMBERS = [
    "0.1", "1e23", "8.5e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "9007199254740993",
    "0.30000000000000004", "123456789012345678901234567890", "1e-400", "-0", "+5", ".5", "5.", "1E+5", "007",
    "3.14159265358979323846264338327950288419716939937510",
]  # fmt: skip


@pytest.fixture
def tiny_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes are parsed at a time."""
    for module in (parsing, reading):
        monkeypatch.setattr(module, "PIECE", 16)


def bits(value: float) -> bytes:
    """Returns a float as it lies in memory."""
    return struct.pack("<d", value)


def test_numbers_have_the_bits_of_python(tmp_path: Path) -> None:
    """Each number is the nearest float, as `float()` gives it."""
    raw = load(write(tmp_path, "a,y\n" + "".join(f"{number},1\n" for number in HARD_NUMBERS)))
    assert [bits(value) for value in raw.samples.x[:, 0]] == [bits(float(text)) for text in HARD_NUMBERS]


@pytest.mark.parametrize("wrong", ["nan", "-inf", "1e400", "ten", "1_000", "0x10", "1,5", "٣"])
def test_what_is_no_finite_number_is_named_wherever_it_stands(
    tmp_path: Path, tiny_pieces: None, wrong: str
) -> None:
    """A fault late in a file is found by its row, in a later piece than those that were numbers."""
    rows = [f"{number}|{number + 0.5}|0" for number in range(100)]
    rows[77] = f"1|{wrong}|0"
    message, _ = refusal(write(tmp_path, "a|b|y\n" + "\n".join(rows)), delimiter="|")
    assert f"table.csv, row 79, column 'b': '{wrong}' is " in message


def test_a_column_may_turn_out_to_be_text_late(
    tmp_path: Path, tiny_pieces: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers that were read as such are categories after all if most cells are none, with their own texts."""
    monkeypatch.setattr("nnrun.data.tables.head._SAMPLE_ROWS", 2)
    rows = "".join(f"{cell},1\n" for cell in ["1.0"] * 3 + ["x", "1", "", "v"] * 9)
    raw = load(write(tmp_path, "c,y\n" + rows), missing={"c": "x"})
    assert raw.categories == {0: ("1", "1.0", "v", "x")}
    np.testing.assert_array_equal(raw.samples.x[:7, 0], [1, 1, 1, 3, 0, np.nan, 2])


def test_a_column_that_begins_with_words_may_hold_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first rows do not decide: the word that is a mistake is named."""
    monkeypatch.setattr("nnrun.data.tables.head._SAMPLE_ROWS", 2)
    message, _ = refusal(write(tmp_path, "a,y\nu,1\nv,1\n" + "5,1\n" * 50))
    assert "row 2, column 'a': 'u' is not a number" in message


def test_spaces_and_empty_cells_among_numbers(tmp_path: Path, tiny_pieces: None) -> None:
    """A cell of spaces is empty, and spaces around a number do not matter."""
    raw = load(write(tmp_path, "a,y\n 1 ,0\n  ,0\n\t2,0\n,0\n3,0\n"), missing="mean")
    np.testing.assert_array_equal(raw.samples.x[:, 0], [1, np.nan, 2, np.nan, 3])


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_every_line_ending(tmp_path: Path, tiny_pieces: None, ending: str, last: bool) -> None:
    """Those of Unix, Windows and old Macs, also without one at the end."""
    lines = ["a,y", *(f"{number},{number % 2}" for number in range(30))]
    raw = load(write(tmp_path, ending.join(lines) + (ending if last else "")))
    assert raw.samples.x[:, 0].tolist() == list(range(30))
    assert raw.place(29).endswith("row 31")


def test_blank_lines_count_in_row_numbers(tmp_path: Path, tiny_pieces: None) -> None:
    """A whole piece of them is no fault."""
    raw = load(write(tmp_path, "\n\na,y\n1,0\n" + "\n" * 50 + "2,1\n\n3,0\n"))
    assert raw.samples.x[:, 0].tolist() == [1, 2, 3]
    assert [raw.place(row).rpartition(" ")[2] for row in range(3)] == ["4", "55", "57"]


def test_quotes_may_begin_late(tmp_path: Path, tiny_pieces: None) -> None:
    """From the first one on, only a parser knows where a row ends."""
    plain = "".join(f"{number},u,1\n" for number in range(20))
    raw = load(write(tmp_path, "a,c,y\n" + plain + '"20","v, ""w""\n\n x",0\n21,u,1\n'))
    assert raw.samples.x[:, 0].tolist() == list(range(22))
    assert raw.categories == {1: ("u", 'v, "w"\n\n x')}
    assert raw.place(21).endswith("row 23")
    assert "several lines in double quotes" in raw.notes[0]


def test_a_quoted_header_over_several_lines(tmp_path: Path) -> None:
    """Names may have line breaks and delimiters."""
    raw = load(write(tmp_path, '"a\nb","c, d",y\n1,2,3\n4,5,6\n'))
    assert raw.feature_names == ("a\nb", "c, d")
    assert raw.place(1).endswith("row 3")


@pytest.mark.parametrize(
    "text",
    ['a,y\n1,x\n2,"b\n3,c\n', 'a,y\n1,x\n2,"b', 'a,y\n1,5"\n2,"q\n4,r\n', 'a,y\n1,x\n2,"b""'],
)
def test_a_quote_that_is_never_closed_is_an_error(tmp_path: Path, text: str) -> None:
    """It would swallow the rest of the file into its cell."""
    message, advice = refusal(write(tmp_path, text))
    assert "a double quote is not closed" in message
    assert "row 3" in message
    assert "dataset.quoting: none" in advice


def test_quotes_can_be_text(tmp_path: Path) -> None:
    """As in a table of messages that was never meant as CSV."""
    raw = load(write(tmp_path, 'a\ty\n1\t"b\n2\tc\n3\td"\n'), delimiter="\t", quoting="none")
    assert raw.samples.y.tolist() == ['"b', "c", 'd"']


def test_ragged_rows_are_found_in_pieces_and_in_quotes(tmp_path: Path, tiny_pieces: None) -> None:
    """With the count of all of them."""
    rows = ["1,2,3"] * 40
    rows[30] = rows[35] = "1,2"
    for first in ("1,2,3", '"1",2,3'):
        message, _ = refusal(write(tmp_path, "\n".join(["a,b,y", first, *rows])))
        assert "row 33: expected 3 fields as in the header, found 2 (2 rows in all are like that)" in message


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(
    ("fault", "message"), [(b"\xfc", "not UTF-8 text: byte 0xfc"), (b"\0", "a NUL byte")]
)
def test_bytes_that_are_no_text_are_named_with_their_line(
    tmp_path: Path, tiny_pieces: None, quoted: bool, fault: bytes, message: str
) -> None:
    """Also in a column that is not used, and in quotes."""
    rows = [b'"1",x,0' if quoted else b"1,x,0"] * 40
    rows[33] = b"1,M" + fault + b"ller,0"
    found, _ = refusal(write(tmp_path, b"\n".join([b"a,b,y", *rows])), exclude=["b"])
    assert "table.csv, line 35: " in found
    assert message in found


def test_characters_across_pieces(tmp_path: Path, tiny_pieces: None) -> None:
    """A character of several bytes is one wherever a piece ends."""
    for quote in ("", '"'):
        rows = "".join(f"{quote}{'ü€😀'[n % 3] * (n % 7 + 1)}{quote},{n % 2}\n" for n in range(60))
        raw = load(write(tmp_path, "c,y\n" + rows))
        assert len(raw.categories[0]) == 21


def test_a_row_that_never_ends_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not gathered in memory without a limit."""
    import csv

    for module in (parsing, pieces, records):
        monkeypatch.setattr(module, "MAX_RECORD", 1000)
    before = csv.field_size_limit(1000)
    try:
        message, advice = refusal(write(tmp_path, "a,y\n1,0\n" + "1" * 3_000_000 + ",0\n"))
    finally:
        csv.field_size_limit(before)
    assert "row 3" in message
    assert "quote" in advice


def test_gzip(tmp_path: Path) -> None:
    """Packed files are read as they are, whatever they are called."""
    raw = load(write(tmp_path, "\ufeffa,y\n1,u\n2,v\n", "table.csv.gz"))
    assert raw.samples.x[:, 0].tolist() == [1, 2]
    assert raw.feature_names == ("a",)
    renamed = (tmp_path / "table.csv.gz").rename(tmp_path / "table.csv")
    assert load(renamed).samples.y.tolist() == ["u", "v"]


@pytest.mark.parametrize("damage", ["cut", "flip", "head"])
def test_damaged_gzip_is_an_error_of_nnrun(tmp_path: Path, damage: str) -> None:
    """With the name of the file."""
    path = write(tmp_path, "a,y\n" + "1,0\n" * 5000, "table.csv.gz")
    data = bytearray(path.read_bytes())
    if damage == "cut":
        del data[-20:]
    elif damage == "flip":
        data[len(data) // 2] ^= 0xFF
    else:
        data[2] = 99
    path.write_bytes(data)
    assert "table.csv.gz" in refusal(path)[0]


def test_parquet_has_types(tmp_path: Path) -> None:
    """Numbers, truth values, dates and texts by the type of the column; null is an empty cell."""
    import datetime as dt

    path = write_parquet(
        tmp_path,
        small=pa.array([1, None, 3], pa.int8()),
        real=pa.array([0.5, 1.5, 2.5], pa.float32()),
        exact=pa.array(["1.25", "2.50", "3.75"]).cast(pa.decimal128(5, 2)),
        flag=[True, False, True],
        day=[dt.date(2024, 5, 30), dt.date(2024, 5, 31), dt.date(2024, 6, 1)],
        at=pa.array([dt.datetime(2024, 5, 1, hour) for hour in (1, 2, 3)], pa.timestamp("ns")),
        code=["1", "2", "1"],
        word=pa.array(["u", None, "v"]).dictionary_encode(),
        y=["a", "b", "a"],
    )
    raw = load(path, missing={"small": 0, "word": "u"})
    assert raw.kinds == {3: "boolean", 4: "date", 5: "date", 6: "category", 7: "category"}
    np.testing.assert_array_equal(raw.samples.x[:, 2], [1.25, 2.5, 3.75])
    assert raw.categories[6] == ("1", "2")
    assert raw.place(2).endswith("table.parquet, row 3")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1.0, float("nan"), 2.0], "row 2, column 'a': 'nan' is not a finite number"),
        ([1.0, 2.0, float("inf")], "row 3, column 'a': 'inf' is not a finite number"),
        ([[1], [2], [3]], "column 'a' holds list"),
        ([b"x", b"y", b"z"], "column 'a' holds binary"),
    ],
)
def test_parquet_cells_that_are_no_table_cells(tmp_path: Path, column: Any, message: str) -> None:
    """With the row, or the type of the column."""
    assert message in refusal(write_parquet(tmp_path, a=column, y=[0, 1, 0]))[0]


def test_damaged_parquet_is_an_error_of_nnrun(tmp_path: Path) -> None:
    """Wherever it breaks off or is changed."""
    whole = write_parquet(tmp_path, a=list(range(1000)), c=["u", "v"] * 500, y=[0, 1] * 500).read_bytes()
    for size in range(4, len(whole), len(whole) // 40):
        path = tmp_path / "broken.parquet"
        path.write_bytes(whole[:size])
        assert "broken.parquet" in refusal(path)[0]


def test_several_files_are_one_table(tmp_path: Path) -> None:
    """A pattern, in the order of the names; columns are found by name, and a row knows its file."""
    write(tmp_path, "a,c,y\n1,u,0\n2,v,1\n", "part-2.csv")
    write(tmp_path, "c,y,a\nw,0,3\n", "part-10.csv.gz")
    write(tmp_path, "a,c,y\n9,9,9\n", "other.csv")
    write_parquet(tmp_path, "part-3.parquet", y=[1], c=["u"], a=[4])
    raw = load(tmp_path / "part-*")
    np.testing.assert_array_equal(raw.samples.x, [[2, 3], [0, 1], [1, 2], [0, 4]])
    assert raw.samples.y.tolist() == [0, 0, 1, 1]
    assert raw.place(0).endswith("part-10.csv.gz, row 2")
    assert raw.place(2).endswith("part-2.csv, row 3")
    listed = load([tmp_path / "part-2.csv", tmp_path / "part-3.parquet"])
    assert listed.samples.x[:, 0].tolist() == [1, 2, 4]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("a,b,y\n1,2,3\n", "b.csv has no column 'c', which "),
        ("a,c,d,y\n1,2,3,4\n", "b.csv has a column 'd', which "),
        ("a,a,y\n1,2,3\n", "b.csv: columns 1 and 2 have the same name 'a'"),
        ("", "b.csv is empty"),
        ("a,c,y\n1,2,3\n4,5\n", "b.csv, row 3: expected 3 fields"),
        ("a,c,y\n1,ten,3\n", "b.csv, row 2, column 'c': 'ten' is not a number"),
        ("a,c,y\n,2,3\n", "column 'a' has 1 (the first in "),
    ],
)
def test_files_that_do_not_fit_each_other(tmp_path: Path, second: str, message: str) -> None:
    """The file is named, with its column or row."""
    first = write(tmp_path, "a,c,y\n1,2,3\n4,5,6\n", "a.csv")
    found, _ = refusal([first, write(tmp_path, second, "b.csv")])
    assert message in found
    assert "b.csv" in found


def test_files_without_a_header_have_equally_many_columns(tmp_path: Path) -> None:
    """Their columns are numbers."""
    files = [write(tmp_path, "1,2\n", "a.csv"), write(tmp_path, "1,2,3\n", "b.csv")]
    assert "b.csv has a column '2'" in refusal(files, target=0, header=False)[0]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none.csv", "none.csv: no such file"),
        ("none-*.csv", "no file fits"),
        (".", "is a folder"),
        ("x" * 300, "cannot be read"),
    ],
)
def test_paths_that_lead_nowhere(tmp_path: Path, path: str, message: str) -> None:
    """Each says what was looked for."""
    assert message in refusal(tmp_path / path)[0]


def test_a_file_is_not_read_twice(tmp_path: Path) -> None:
    """Doubled rows would be in two splits."""
    path = write(tmp_path, "a,y\n1,0\n2,1\n")
    message, advice = refusal([path, tmp_path / "*.csv"])
    assert "twice" in message
    assert "count twice" in advice


def test_a_name_with_brackets_is_a_file_first(tmp_path: Path) -> None:
    """Only what is no file is a pattern."""
    assert len(load(write(tmp_path, "a,y\n1,0\n2,1\n", "data[1].csv")).samples) == 2


@pytest.mark.parametrize("sign", ["§", '"', "\n", "\0"])
def test_a_delimiter_that_cannot_be_is_refused(tmp_path: Path, sign: str) -> None:
    """It must be a single byte that means nothing else."""
    assert "dataset.delimiter: expected" in refusal(write(tmp_path, "a,y\n1,0\n"), delimiter=sign)[0]


@pytest.mark.parametrize("cells", ["9007199254740993", "007", "1.0", "-0"])
def test_labels_keep_what_a_float_would_lose(tmp_path: Path, tiny_pieces: None, cells: str) -> None:
    """Long numbers and leading zeros, also where they come late."""
    rows = "1,5\n" * 30 + f"1,{cells}\n"
    labels = load(write(tmp_path, "a,y\n" + rows)).samples.y
    expected: Any = {"9007199254740993": 9007199254740993, "007": "007", "1.0": 1.0, "-0": 0.0}[cells]
    assert labels[-1] == expected
    assert labels.dtype.kind == {"9007199254740993": "i", "007": "U", "1.0": "f", "-0": "f"}[cells]


@pytest.mark.parametrize("cells", [["0.5", "007"], ["007", "0.5"]])
def test_zeros_in_front_mean_nothing_beside_fractions(tmp_path: Path, cells: list[str]) -> None:
    """A column with fractions holds numbers, whichever come first."""
    rows = "".join(f"1,{cell}\n" for cell in cells)
    assert sorted(load(write(tmp_path, "a,y\n" + rows)).samples.y) == [0.5, 7]


@pytest.mark.parametrize("late", ["n/a", "nan", "1e400"])
def test_labels_that_begin_as_numbers(tmp_path: Path, tiny_pieces: None, late: str) -> None:
    """A late text makes texts of all; a number that is too great is named."""
    path = write(tmp_path, "a,y\n" + "1,0.5\n" * 30 + f"1,{late}\n")
    if late == "1e400":
        assert "row 32, column 'y': '1e400' is too great" in refusal(path)[0]
    else:
        assert load(path).samples.y[[0, -1]].tolist() == ["0.5", late]


def test_a_table_that_does_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error of the data, not of nnrun."""

    def full(*arguments: Any, **options: Any) -> None:
        raise MemoryError

    path = write(tmp_path, "a,y\n1,0\n2,1\n")
    monkeypatch.setattr("nnrun.data.tables.reading.GrowingRows.append", full)
    assert "does not fit into memory" in refusal(path)[0]


def test_large_tables_are_prepared_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the network sees does not depend on how many samples are prepared at a time."""
    rows = "".join(f"{n % 17},{'uvw'[n % 3]},{n * 0.1}\n" for n in range(300))
    data = section(write(tmp_path, "a,c,y\n" + rows), scale="minmax")
    whole = make_splits(load(tmp_path / "table.csv"), data, "values", seed=0)
    monkeypatch.setattr("nnrun.data.rows.CHUNK_BYTES", 1000)
    monkeypatch.setattr("nnrun.data.preprocessing.CHUNK_BYTES", 1000)
    pieces = make_splits(load(tmp_path / "table.csv"), data, "values", seed=0)
    np.testing.assert_array_equal(np.asarray(pieces.train.x), np.asarray(whole.train.x))
    assert pieces.preprocessing == whole.preprocessing


def test_a_table_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the cache, or where the config says; until then `check` knows nothing of it."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    content = gzip.compress(b"a,y\n1,0\n2,1\n")
    with serving(Server(content)) as server:
        fetched = {"url": server.url, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        remote = DownloadSection(**fetched)
        for path in (None, str(tmp_path / "here.csv.gz")):
            data = CsvData(source="csv", path=path, target="y", download=remote)
            assert facts_of(data) == DataFacts()
            assert csv_files.load(data, 0).samples.x.tolist() == [[1], [2]]
            assert facts_of(data).train_samples == 2
        assert (tmp_path / "here.csv.gz").read_bytes() == content
    with serving(Server(content + b"x")) as server:
        wrong = DownloadSection(**{**fetched, "url": server.url})
        with pytest.raises(DataError, match=r"dataset\.test\.download"):
            load(
                tmp_path / "here.csv.gz", test=TableFiles(download=wrong, path=str(tmp_path / "test.csv.gz"))
            )
