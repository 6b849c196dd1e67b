"""Tables in text files: strict, with the place of every fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.config.datasets import CsvData, TableSplitSection
from nnrun.data.facts import facts_of
from nnrun.data.loading import make_splits
from nnrun.data.raw import RawData
from nnrun.data.sources import csv_files
from nnrun.data.splits import Splits
from nnrun.errors import DataError


@pytest.fixture
def section(tmp_path: Path) -> Callable[..., CsvData]:
    """Writes a file and returns the section that reads it."""

    def write(content: str | bytes, target: Any = "y", **options: Any) -> CsvData:
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return CsvData(source="csv", path=str(path), target=target, **options)

    return write


def load(section: CsvData) -> RawData:
    """Reads the file of a section."""
    return csv_files.load(section, seed=0)


def notes_of(splits: Splits) -> list[str]:
    """Returns the notes, but for the one on what the columns hold."""
    return [note for note in splits.notes if not note.startswith("features: ")]


def refusal(section: CsvData) -> tuple[str, str]:
    """Returns message and advice of the error that reading the file ends with."""
    with pytest.raises(DataError) as caught:
        load(section)
    return caught.value.message, caught.value.advice


def test_numbers_and_text_labels(section: Callable[..., CsvData]) -> None:
    """Columns of numbers become float64, text labels stay text."""
    raw = load(section("a,b,y\n1,2.5,x\n-3,1e2,z\n"))
    np.testing.assert_array_equal(raw.samples.x, [[1, 2.5], [-3, 100]])
    assert raw.samples.y.tolist() == ["x", "z"]
    assert raw.feature_names == ("a", "b")


@pytest.mark.parametrize("label", ["NA", "null", "None", "nan", "N/A", "#N/A", "true"])
def test_a_label_that_looks_like_nothing_is_a_string(section: Callable[..., CsvData], label: str) -> None:
    """A class may be called NA (Namibia), null or None."""
    assert load(section(f"a,y\n1,{label}\n2,b\n")).samples.y.tolist() == [label, "b"]


def test_whole_numbers_are_integer_labels(section: Callable[..., CsvData]) -> None:
    """`3` is the class 3, not `3.0`."""
    assert load(section("a,y\n1,3\n2,10\n")).samples.y.dtype == np.int64


def test_labels_with_leading_zeros_are_text(section: Callable[..., CsvData]) -> None:
    """Postal codes keep their zeros."""
    assert load(section("a,y\n1,01\n2,10\n")).samples.y.tolist() == ["01", "10"]


def test_a_text_feature_becomes_one_column_per_category(section: Callable[..., CsvData]) -> None:
    """Categories are sorted and stand where their column stood; they are not scaled."""
    data = section("a,c,b,y\n1,x,5,0\n3,w,7,1\n", scale="minmax")
    splits = make_splits(load(data), data, "values", seed=0)
    assert splits.feature_names == ("a", "c=w", "c=x", "b")
    order = np.argsort(splits.train.x[:, 0])
    np.testing.assert_array_equal(splits.train.x[order], [[0, 0, 1, 0], [1, 1, 0, 1]])


def test_numbers_can_be_categories(section: Callable[..., CsvData]) -> None:
    """A column in `categorical` is one-hot, although it holds numbers."""
    data = section("a,y\n3,0\n1,1\n3,2\n", categorical=["a"])
    assert make_splits(load(data), data, "values", seed=0).feature_names == ("a=1", "a=3")


def test_a_category_outside_the_training_split_is_counted(section: Callable[..., CsvData]) -> None:
    """It is 0 in all columns, and a note says how many samples have it."""
    data = section("c,y\nu,0\nv,1\nw,0\nw,1\n", shuffle=False, split=TableSplitSection(test=2))
    splits = make_splits(load(data), data, "values", seed=0)
    assert splits.test is not None
    np.testing.assert_array_equal(splits.test.x, np.zeros((2, 2)))
    assert notes_of(splits) == [
        "2 of 2 samples of the test split have a category in column 'c' that the training split does not "
        "have: 0 in all its columns"
    ]


def test_without_a_header_columns_are_numbers(section: Callable[..., CsvData]) -> None:
    """Target 2 is the third column, and the first row is data."""
    raw = load(section("1,2,9\n3,4,8\n", target=2, header=False))
    assert raw.samples.y.tolist() == [9, 8]
    assert raw.feature_names == ("0", "1")


def test_features_keep_the_order_of_the_config(section: Callable[..., CsvData]) -> None:
    """`features: [b, a]` puts b first."""
    raw = load(section("a,b,c,y\n1,2,3,0\n1,2,3,1\n", features=["b", "a"]))
    np.testing.assert_array_equal(raw.samples.x[0], [2, 1])


def test_several_targets(section: Callable[..., CsvData]) -> None:
    """A list of targets gives one column each."""
    raw = load(section("a,y,z\n1,2,3\n4,5,6\n", target=["z", "y"]))
    np.testing.assert_array_equal(raw.samples.y, [[3, 2], [6, 5]])


def test_a_byte_order_mark_is_accepted(section: Callable[..., CsvData]) -> None:
    """Excel writes one before the first name."""
    assert load(section("\ufeffa,y\n1,2\n")).feature_names == ("a",)


def test_spaces_around_numbers_are_accepted(section: Callable[..., CsvData]) -> None:
    """`1, 2` is a common way to write a table; so is `+5`."""
    raw = load(section("a,y\n 1 , 2\n+5,3\n"))
    np.testing.assert_array_equal(raw.samples.x, [[1], [5]])
    assert raw.samples.y.tolist() == [2, 3]


BROKEN = {
    "ragged row": (b"a,b,y\n1,2,3\n4,5\n", "row 3: expected 3 fields as in the header, found 2", "quotes"),
    "every row is longer": (b"a,y\n1,2,3\n4,5,6\n", "row 2: expected 2 fields .* found 3 .2 rows", "quotes"),
    "ragged after blank and quoted lines": (
        b'a,y\n\n"1",2\n3\n',
        "row 4: expected 2 fields",
        "quotes",
    ),
    "wrong delimiter": (b"a;y\n1;2\n", "only one column, 'a;y'", "delimiter ';'"),
    "wrong delimiter with a comma": (
        b"a\ty, z\n1\t2\n",
        "no column 'y'; it has 'a\ty', ' z'",
        "delimiter a tab",
    ),
    "empty cells": (
        b"a,b,y\n1,,2\n3,4,5\n6, ,7\n",
        "empty cells: column 'b' has 2 .the first in row 2",
        "exclude",
    ),
    "empty label": (b"a,y\n1,x\n2,\n", "column 'y' has 1 .the first in row 3", "fill"),
    "text among numbers": (b"a,y\n1,2\nten,2\n3,2\n", "row 3, column 'a': 'ten' is not a number", "'a'"),
    "not a number": (b"a,y\n1,2\nNaN,2\n", "row 3, column 'a': 'NaN' is not a finite number", "'a'"),
    "infinity": (b"a,y\n1,2\n2,2\n-inf,2\n", "row 4, column 'a': '-inf' is not a finite", "'a'"),
    "too great": (b"a,y\n1,2\n1e400,2\n", "row 3, column 'a': '1e400' is too great", "'a'"),
    "not UTF-8": (
        b"a,y\n1,x\n2,M\xfcller\n",
        r"line 3: not UTF-8 text: byte 0xfc in .*M\\\\xfcller",
        "UTF-8",
    ),
    "not UTF-8 in the header": (b"a,M\xfcller,y\n1,2,3\n", "line 1: not UTF-8 text: byte 0xfc", "UTF-8"),
    "NUL byte in the header": (b"a,b\0,y\n1,2,3\n", "line 1: a NUL byte", "damaged"),
    "UTF-16": ("a,y\n1,2\n".encode("utf-16"), "UTF-16", "UTF-8"),
    "NUL byte": (b"a,y\n1,2\n\0,3\n", "line 3: a NUL byte", "damaged"),
    "duplicate names": (b"a,a,y\n1,2,3\n", "columns 1 and 2 have the same name 'a'", "header: false"),
    "nameless column": (b",a,y\n1,2,3\n", "column 1 has no name", "header: false"),
    "empty file": (b"", "is empty", "row"),
    "header only": (b"a,y\n", "no rows of data", ""),
    "target elsewhere": (b"a,Y \n1,2\n", "dataset.target: .* has no column 'y'; it has 'a', 'Y '", "'Y '"),
    "no header": (b"1,2,3\n4,5,6\n", "no column 'y'; it has '1', '2', '3'", "header: false"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_fault_is_named_with_its_place(section: Callable[..., CsvData], case: str) -> None:
    """Every fault of a file says where it is, what was found, and what to do."""
    content, message, advice = BROKEN[case]
    with pytest.raises(DataError, match=message) as caught:
        load(section(content))
    assert "table.csv" in caught.value.message
    assert advice in caught.value.advice


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ["a", "q"]}, "dataset.features: .* no column 'q'"),
        ({"exclude": ["q"]}, "dataset.exclude: .* no column 'q'"),
        ({"categorical": ["q"]}, "dataset.categorical: .* no column 'q'"),
        ({"features": ["a", "y"]}, "'y' is in dataset.target and in dataset.features"),
        ({"categorical": ["y"]}, "'y' is in dataset.categorical, but is no feature"),
        ({"exclude": ["a", "b"]}, "no column is left"),
        ({"features": ["a", "a"]}, "names column 'a' twice"),
    ],
)
def test_column_choices_that_cannot_be_are_refused(
    section: Callable[..., CsvData], options: dict[str, Any], message: str
) -> None:
    """Names that are in no column, twice, or on both sides."""
    with pytest.raises(DataError, match=message):
        load(section("a,b,y\n1,2,3\n", **options))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message has the path that was looked for."""
    message, _ = refusal(CsvData(source="csv", path=str(tmp_path / "no.csv"), target="y"))
    assert message == f"{tmp_path / 'no.csv'}: no such file"


def test_text_for_a_regression_is_named_with_its_row(section: Callable[..., CsvData]) -> None:
    """A price of `n/a` among numbers is text, which no regression can learn."""
    data = section("a,y\n1,2.5\n2,n/a\n")
    with pytest.raises(DataError, match=r"table.csv, row 3: the label is text, 'n/a'"):
        make_splits(load(data), data, "values", seed=0)


def test_an_unclosed_quote_is_named(section: Callable[..., CsvData]) -> None:
    """It swallows the rest of the file, so the row where it begins is the one to mend."""
    message, advice = refusal(section('a,y\n1,2\n"3,4\n5,6\n'))
    assert "row 3" in message
    assert "quotes" in advice


def test_cells_over_several_lines_are_told(section: Callable[..., CsvData]) -> None:
    """Two stray quotes turn the rows between them into one cell, which is no error in a CSV."""
    raw = load(section('a\ty\n1\t"b\n2\tc\n3\td"\n4\te\n', delimiter="\t"))
    assert len(raw.samples) == 2
    assert len(raw.notes) == 1
    assert "column 'y', first in row 2: several lines in double quotes in 1 of its cells" in raw.notes[0]


def test_free_text_is_no_category(section: Callable[..., CsvData]) -> None:
    """A column of names would become a column per name."""
    rows = "".join(f"name {number},{number % 2}\n" for number in range(200))
    message, advice = refusal(section("who,y\n" + rows))
    assert "column 'who': 200 different texts in 200 rows, such as 'name 0', are no categories" in message
    assert "dataset.exclude: ['who']" in advice
    assert len(load(section("who,y\n" + rows, categorical=["who"])).categories[0]) == 200


def test_wine_quality_without_a_header(test_data: Callable[[str], Path]) -> None:
    """The red wines of UCI: 1,599 rows, the quality in the last of 12 columns."""
    path = test_data("tabular/winequality-red.csv")
    data = CsvData(source="csv", path=str(path), target=11, header=False)
    raw = load(data)
    assert raw.samples.x.shape == (1599, 11)
    assert np.bincount(raw.samples.y)[3:].tolist() == [10, 53, 681, 638, 199, 18]
    expected = np.loadtxt(path, delimiter=",")
    np.testing.assert_array_equal(raw.samples.x, expected[:, :11])


def test_california_housing_of_numbers(test_data: Callable[[str], Path]) -> None:
    """The numeric columns equal what NumPy reads; the one with gaps is named."""
    path = test_data("tabular/california_housing.csv")
    options: dict[str, Any] = {"source": "csv", "path": str(path), "target": "median_house_value"}
    message, _ = refusal(CsvData(**options))
    assert "column 'total_bedrooms' has 207 (the first in row 292)" in message
    raw = load(CsvData(**options, exclude=["total_bedrooms", "ocean_proximity"]))
    expected = np.loadtxt(path, delimiter=",", skiprows=1, usecols=(0, 1, 2, 3, 5, 6, 7))
    np.testing.assert_array_equal(raw.samples.x, expected)


def test_facts_equal_the_loaded_data(test_data: Callable[[str], Path]) -> None:
    """The quick scan of iris says what loading gives."""
    path = test_data("tabular/iris.csv")
    data = CsvData(source="csv", path=str(path), target="species", split=TableSplitSection(test=0.5))
    facts = facts_of(data)
    splits = make_splits(load(data), data, "one_hot", seed=0)
    assert facts.shape == splits.train.x.shape[1:]
    assert facts.train_samples == len(splits.train) == 75
    assert splits.class_names == ("setosa", "versicolor", "virginica")
    assert facts.classes == 3
    assert facts.target == "classes"


GAPS = "a,c,y\n1,u,0\n,v,1\n3,,1\n8,u,0\n,u,1\n"


def test_missing_numbers_and_texts_are_filled_by_one_word(section: Callable[..., CsvData]) -> None:
    """The median of the numbers, and of the texts the most frequent one."""
    data = section(GAPS, missing="median", shuffle=False)
    splits = make_splits(load(data), data, "values", seed=0)
    assert splits.feature_names == ("a", "c=u", "c=v")
    np.testing.assert_array_equal(splits.train.x, [[1, 1, 0], [3, 0, 1], [3, 1, 0], [8, 1, 0], [3, 1, 0]])
    assert notes_of(splits) == [
        "empty cells are filled: 2 of column 'a' with 3 (median), 1 of column 'c' with 'u' (most_frequent)"
    ]


def test_missing_values_are_filled_per_column(section: Callable[..., CsvData]) -> None:
    """With a number and a category of the config's own."""
    data = section(GAPS, missing={"a": 0, "c": "none"}, shuffle=False)
    splits = make_splits(load(data), data, "values", seed=0)
    assert splits.feature_names == ("a", "c=none", "c=u", "c=v")
    np.testing.assert_array_equal(splits.train.x[1:3], [[0, 0, 0, 1], [3, 1, 0, 0]])
    assert notes_of(splits) == ["empty cells are filled: 2 of column 'a' with 0, 1 of column 'c' with 'none'"]


def test_a_column_of_codes_is_filled_with_a_code(section: Callable[..., CsvData]) -> None:
    """The number that the config gives is one of the categories."""
    data = section("a,y\n3,0\n,1\n1,1\n", categorical=["a"], missing={"a": 3}, shuffle=False)
    splits = make_splits(load(data), data, "values", seed=0)
    assert splits.feature_names == ("a=1", "a=3")
    np.testing.assert_array_equal(splits.train.x, [[0, 1], [0, 1], [1, 0]])


def test_rows_with_missing_values_are_dropped(section: Callable[..., CsvData]) -> None:
    """Those without a target too; the others know their place in the file."""
    raw = load(section("a,c,y\n1,u,5\n,v,6\n3,,7\n8,u,\n\n9, w,8\n", missing="drop"))
    np.testing.assert_array_equal(raw.samples.x, [[1, 1], [9, 0]])
    assert raw.samples.y.tolist() == [5, 8]
    assert raw.notes[0] == f"{raw.place(1).split(',')[0]}: 3 of 5 rows have empty cells and are left out"
    assert raw.place(1).endswith("row 7")


def test_rows_are_dropped_for_single_columns(section: Callable[..., CsvData]) -> None:
    """The other columns are filled."""
    raw = load(section(GAPS, missing={"a": "drop", "c": "most_frequent"}))
    assert raw.samples.y.tolist() == [0, 1, 0]
    assert np.isnan(raw.samples.x[1, 1])


def test_dropping_every_row_is_an_error(section: Callable[..., CsvData]) -> None:
    """There is nothing left to train on, which the scan finds too."""
    data = section("a,b,y\n1,,5\n,2,6\n", missing="drop")
    with pytest.raises(DataError, match="every row has an empty cell"):
        facts_of(data)
    assert "dataset.exclude" in refusal(data)[1]


def test_a_fault_after_dropped_rows_has_the_row_of_the_file(section: Callable[..., CsvData]) -> None:
    """Rows that are left out count."""
    message, _ = refusal(section("a,y\n1,5\n,6\n3,7\nten,8\n4,9\n", missing="drop"))
    assert "row 5, column 'a': 'ten'" in message


@pytest.mark.parametrize("cell", ["NA", "nan", "null", "?"])
def test_only_an_empty_cell_is_missing(section: Callable[..., CsvData], cell: str) -> None:
    """A word among numbers may be a mistake, so it stays an error; as a text it stays a category."""
    rows = f"a,c,y\n1,{cell},5\n2,u,6\n3,u,7\n"
    assert load(section(rows, missing="median")).categories[1] == tuple(sorted((cell, "u")))
    message, _ = refusal(section(f"a,y\n1,5\n2,6\n{cell},7\n", missing="median"))
    assert f"row 4, column 'a': '{cell}' is not a" in message


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"q": "mean"}, "has no column 'q'"),
        ({"y": "drop"}, "names 'y', which is the target"),
        ({"b": "mean"}, "names 'b', which is no feature"),
        ({"c": "mean", "a": 0}, "'mean' is of numbers, but column 'c' holds categories"),
        ({"a": "none", "c": "u"}, "column 'a' holds numbers, which 'none' is not"),
        ({"a": 0}, "empty cells: column 'c' has 1 .the first in row 4"),
        ({"a": "error", "c": "u"}, "empty cells: column 'a' has 2 .the first in row 3"),
    ],
)
def test_a_rule_for_missing_values_that_does_not_fit_is_refused(
    section: Callable[..., CsvData], missing: dict[str, Any], message: str
) -> None:
    """By the scan, before anything is loaded, and by loading."""
    data = section("b," + GAPS.replace("\n", "\n1,").removesuffix("1,"), exclude=["b"], missing=missing)
    for read in (facts_of, load):
        with pytest.raises(DataError, match=message):
            read(data)


@pytest.mark.parametrize("missing", ["mean", "most_frequent", {"a": 1, "c": "u"}])
def test_a_missing_target_cannot_be_filled(section: Callable[..., CsvData], missing: Any) -> None:
    """An invented answer teaches nothing."""
    message, advice = refusal(section("a,c,y\n1,u,5\n2,u,\n", missing=missing))
    assert "column 'y' has 1 (the first in row 3)" in message
    assert "dataset.missing: drop" in advice


def test_california_housing_with_its_gaps(test_data: Callable[[str], Path]) -> None:
    """All columns are kept, and the median is the one of the training split."""
    path = test_data("tabular/california_housing.csv")
    data = CsvData(
        source="csv",
        path=str(path),
        target="median_house_value",
        missing={"total_bedrooms": "median"},
        split=TableSplitSection(test=0.2),
    )
    raw = load(data)
    splits = make_splits(raw, data, "values", seed=0)
    assert splits.train.x.shape == (16512, 13)
    assert "207 of column 'total_bedrooms' with 43" in notes_of(splits)[0]
    assert facts_of(data).train_samples == 16512
