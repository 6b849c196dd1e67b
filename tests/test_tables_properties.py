"""What holds for every table: it reads back equal, a broken row is named, and only nnrun's own errors come out."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from nnrun.config.datasets import CsvData, TableSplitSection
from nnrun.data.facts import facts_of
from nnrun.data.loading import make_splits
from nnrun.data.sources import csv_files
from nnrun.data.tables import parsing
from nnrun.data.tables.files import TextFormat
from nnrun.errors import DataError
from tests.table_files import cells_of, load, refusal

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
plain_cells = st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n"'), min_size=1, max_size=8)
delimiters = st.characters(codec="ascii", exclude_characters='"\r\n\0')


@pytest.fixture(scope="module", autouse=True)
def small_pieces() -> Iterator[None]:
    """Tables of a test are cut into pieces too."""
    before, parsing.PIECE = parsing.PIECE, 24
    yield
    parsing.PIECE = before


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples."""
    return tmp_path_factory.mktemp("tables")


def tables(elements: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    """Returns tables of two to four columns."""
    return st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(elements, min_size=width, max_size=width), min_size=1, max_size=6)
    )


def without_spaces(table: list[list[str]]) -> list[list[str]]:
    """Returns a table with cells of spaces as empty ones, as they are read."""
    return [[cell if cell.strip() else "" for cell in row] for row in table]


@settings(deadline=None, max_examples=200)
@given(
    table=tables(cells),
    delimiter=delimiters,
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    ending=st.sampled_from(["\n", "\r\n"]),
    packed=st.booleans(),
)
def test_a_table_that_python_writes_is_read_back_equal(
    folder: Path, table: list[list[str]], delimiter: str, quoting: Any, ending: str, packed: bool
) -> None:
    """Quotes, line breaks, delimiters and any script in a cell survive, whatever divides the cells."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, delimiter=delimiter, lineterminator=ending).writerows(table)
    # Python leaves a lone carriage return without quotes where lines end with a line feed.
    assume(list(csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter)) == table)
    path = folder / "table.csv"
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    assert cells_of(path, TextFormat(delimiter, header=False)) == without_spaces(table)


@settings(deadline=None)
@given(table=tables(plain_cells))
def test_a_table_without_quoting_is_read_back_equal(folder: Path, table: list[list[str]]) -> None:
    """With `quoting: none`, cells are what stands between two tabs."""
    table = [[cell.replace("\t", "-") for cell in row] for row in table]
    path = folder / "table.tsv"
    path.write_bytes("".join("\t".join(row) + "\n" for row in table).encode())
    assert cells_of(path, TextFormat("\t", header=False, quotes=False)) == without_spaces(table)


@settings(deadline=None)
@given(numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_every_float_is_read_back_to_the_bit(folder: Path, numbers: list[float]) -> None:
    """Zeros keep their sign, and the least number is not rounded away."""
    path = folder / "floats.csv"
    path.write_text("a,y\n" + "".join(f"{number!r},1\n" for number in numbers))
    assert [value.hex() for value in load(path).samples.x[:, 0].tolist()] == [n.hex() for n in numbers]


@settings(deadline=None)
@given(names=st.lists(cells.filter(str.strip), min_size=2, max_size=6, unique=True))
def test_any_name_of_a_column_can_be_used(folder: Path, names: list[str]) -> None:
    """Names with quotes, line breaks and spaces, in the header, in the config and in messages."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([names, ["1"] * len(names), ["x"] * len(names), ["2"] * len(names)])
    path = folder / "names.csv"
    path.write_bytes(text.getvalue().encode())
    message, _ = refusal(path, names[0], features=[names[-1]])
    assert f"column '{names[-1]}': 'x' is not a number" in message
    raw = load(path, names[0], features=[names[-1]], categorical=[names[-1]])
    assert raw.feature_names == (names[-1],)
    assert raw.target_names == (names[0],)


@settings(deadline=None)
@given(width=st.integers(2, 5), rows=st.integers(1, 20), quoted=st.booleans(), data=st.data())
def test_a_broken_row_is_always_named(
    folder: Path, width: int, rows: int, quoted: bool, data: st.DataObject
) -> None:
    """Whatever row has a field too many or too few, the message has its number."""
    lines = [[f"c{number}" for number in range(width)]] + [["1"] * width for _ in range(rows)]
    broken = data.draw(st.integers(1, rows))
    found = data.draw(st.integers(1, 7).filter(lambda count: count != width))
    lines[broken] = ["1"] * found
    if quoted:
        lines[1][0] = '"1"'
    path = folder / "ragged.csv"
    path.write_text("\n".join(",".join(line) for line in lines) + "\n")
    message, _ = refusal(path, "c0")
    assert f"row {broken + 1}: expected {width} fields as in the header, found {found}" in message


@settings(deadline=None)
@given(
    width=st.integers(2, 4),
    rows=st.integers(2, 20),
    wrong=st.sampled_from(["nan", "inf", "1e400", "x", "1 2", "--1"]),
    data=st.data(),
)
def test_a_cell_that_is_no_number_is_always_named(
    folder: Path, width: int, rows: int, wrong: str, data: st.DataObject
) -> None:
    """Row and column of the first one."""
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, width - 1))
    body = [["1"] * width + ["0"] for _ in range(rows + 1)]
    body[row][column] = wrong
    path = folder / "wrong.csv"
    header = [f"c{number}" for number in range(width)] + ["y"]
    path.write_text("".join(",".join(line) + "\n" for line in [header, *body]))
    message, _ = refusal(path)
    assert f"row {row + 2}, column 'c{column}': '{wrong}' is " in message


contents = st.one_of(
    st.binary(max_size=80),
    st.text(st.sampled_from("1.-eay,;\"'\n\r\t \ufeff"), max_size=60).map(str.encode),
    st.text(st.sampled_from("12eay,\n"), max_size=80).map(lambda text: b"e,a,y\n" + text.encode()),
    st.lists(
        st.sampled_from(
            [b"1,yes,2024-05-31\n", b"2,no,2024-06-01 10:00\n", b"x,,\n", b",true,\n", b"nan,y,2024-02-30\n"]
        ),
        max_size=12,
    ).map(lambda rows: b"e,a,y\n" + b"".join(rows)),
)
options = st.fixed_dictionaries(
    {},
    optional={
        "missing": st.sampled_from(
            ["drop", "mean", "most_frequent", {"e": "drop"}, {"e": "x"}, {"1": 0}, {"e": True}]
        ),
        "encode": st.just("codes"),
        "quoting": st.sampled_from(["csv", "none"]),
        "delimiter": st.sampled_from([";", "\t", "a"]),
        "categorical": st.sampled_from([["e"], ["1"]]),
        "sample_weight": st.sampled_from(["e", "1"]),
        "split": st.sampled_from(
            [
                TableSplitSection(test=0.4),
                TableSplitSection(test=0.4, group="e"),
                TableSplitSection(test=1, time="e"),
            ]
        ),
    },
)


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(content=contents, header=st.booleans(), packed=st.booleans(), choices=options)
def test_any_bytes_end_in_data_or_an_error_of_nnrun(
    folder: Path, content: bytes, header: bool, packed: bool, choices: dict[str, Any]
) -> None:
    """No content of a file gets out as a traceback, and the scan never contradicts what loading gives."""
    path = folder / "any.csv"
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    target = "a" if header else 0
    data = CsvData(source="csv", path=str(path), target=target, header=header, **choices)
    try:
        facts = facts_of(data)
    except DataError:
        with pytest.raises(DataError):
            make_splits(csv_files.load(data, seed=0), data, "values", seed=0)
        return
    for form in ("values", "index"):
        try:
            splits = make_splits(csv_files.load(data, seed=0), data, form, seed=0)  # type: ignore[arg-type]
        except DataError:
            continue
        assert facts.train_samples in (None, len(splits.train))
        assert facts.shape in (None, splits.train.x.shape[1:])
        assert facts.dtype == splits.train.x.dtype
        if form == "index":
            assert facts.class_names in (None, splits.class_names)
        if facts.max_token is not None:
            assert facts.max_token == splits.train.x.max()


@settings(deadline=None, max_examples=60)
@given(content=st.binary(max_size=200), at=st.integers(0, 400))
def test_a_changed_parquet_file_ends_in_data_or_an_error_of_nnrun(
    folder: Path, content: bytes, at: int
) -> None:
    """Bytes in the middle of one that was good."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / "changed.parquet"
    pq.write_table(pa.table({"a": [1.5, 2.5, None], "c": ["u", "v", "u"], "y": [0, 1, 0]}), path)
    whole = path.read_bytes()
    at = min(at, len(whole))
    path.write_bytes(whole[:at] + content + whole[at + len(content) :])
    try:
        load(path, missing="mean")
    except DataError as error:
        assert "changed.parquet" in error.message or "dataset" in error.message or "column" in error.message


def test_hostile_files_end_soon(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote that swallows everything, a row without end, many columns, and much that packs well."""
    monkeypatch.setattr(parsing, "PIECE", 1 << 20)
    hostile = {
        "quote": b'a,y\n1,"' + b"x,1\n" * 100_000,
        "row": b"a,y\n" + b"1" * 17_000_000,
        "columns": b",".join(b"c%d" % n for n in range(5_000)) + b"\n" + b"1," * 4_999 + b"1\n",
        "zeros": b"\0" * 5_000_000,
        "lines": b"a,y\n" + b"\n" * 3_000_000,
    }
    for name, content in hostile.items():
        path = folder / f"{name}.csv.gz"
        path.write_bytes(gzip.compress(content, 1))
        started = time.perf_counter()
        with contextlib.suppress(DataError):
            load(path, "c0" if name == "columns" else "y")
        assert time.perf_counter() - started < 20, name
