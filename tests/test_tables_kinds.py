"""What columns hold, and what a network sees of truth values, dates and categories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.config.datasets import TableSplitSection
from nnrun.config.keras_object import KerasObject
from nnrun.data.column_kinds import column_kinds, kinds_note
from nnrun.data.facts import facts_of
from nnrun.data.loading import load_splits, make_splits
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.splits import Splits, facts_of_splits
from nnrun.errors import DataError
from tests.table_files import load, refusal, section, write


def splits_of(path: Path, **options: Any) -> Splits:
    """Reads a table in the order of its rows, for a regression."""
    data = section(path, **{"shuffle": False, **options})
    return make_splits(load(path, **{"shuffle": False, **options}), data, "values", seed=0)


def column(folder: Path, *cells: str) -> Path:
    """Writes a table with one feature."""
    return write(folder, "x,y\n" + "".join(f"{cell},{number}\n" for number, cell in enumerate(cells)))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5"], "number"),
        (["1", "-2", "3.0"], "integer"),
        (["7", "7", "7"], "constant"),
        (["u", "u", "u"], "constant"),
        (["true", "False", "TRUE"], "boolean"),
        (["yes", "No", "no"], "boolean"),
        (["true", "true"], "constant"),
        (["yes", "false"], "category"),
        (["yes", "no", "maybe"], "category"),
        (["y", "n"], "category"),
        (["2024-05-31", "2024-06-01"], "date"),
        (
            ["2024-05-31T10:00", "2024-06-01 10:00:30.5", "2024-06-01 10:00Z", "2024-06-01 10:00+02:00"],
            "date",
        ),
        (["31.05.2024", "01.06.2024"], "category"),
        (["u", "2024-05-31", "v"], "category"),
    ],
)
def test_what_a_column_holds(tmp_path: Path, cells: list[str], kind: str) -> None:
    """By its cells alone."""
    raw = load(column(tmp_path, *cells))
    assert column_kinds(raw.samples.x, ("x",), raw.kinds) == {"x": kind}


def test_a_note_says_what_the_columns_hold(tmp_path: Path) -> None:
    """But not for a table of numbers."""
    path = write(tmp_path, "a,b,c,d,y\n1,yes,u,2024-05-31,0\n2.5,no,v,2024-06-01,1\n")
    assert load(path).notes == ("features: number: a; boolean: b; category: c; date: d",)
    assert load(column(tmp_path, "1", "2")).notes == ()


def test_kinds_of_numbers_are_those_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a large table is looked at in pieces, and cells are empty."""
    monkeypatch.setattr("nnrun.data.column_kinds.CHUNK_BYTES", 48)
    x = np.array(
        [[1, 1.5, np.nan, np.nan], [2, 1.5, 7, np.nan], [3, 1.5, 7, np.nan], [4.5, np.nan, 8, np.nan]]
    )
    assert list(column_kinds(x, ("a", "b", "c", "d"), {}).values()) == [
        "number",
        "constant",
        "integer",
        "constant",
    ]


def test_a_long_note_is_shortened() -> None:
    """Eight names of a kind are enough."""
    note = kinds_note({f"x{number}": "number" for number in range(10)} | {"c": "category"})
    assert note == "features: number: x0, x1, x2, x3, x4, x5, x6, x7 and 2 more; category: c"


def test_truth_values_become_0_and_1(tmp_path: Path) -> None:
    """In one column that is not scaled."""
    splits = splits_of(write(tmp_path, "a,b,y\n1,Yes,0\n3,no,1\n5,YES,2\n"), scale="standard")
    assert splits.feature_names == ("a", "b")
    np.testing.assert_array_equal(splits.train.x[:, 1], [1, 0, 1])


def test_dates_become_their_parts(tmp_path: Path) -> None:
    """Those that vary: here not the year, and no hour. They are scaled as numbers are."""
    splits = splits_of(column(tmp_path, "2024-05-31", "2024-06-01", "2024-06-03"))
    assert splits.feature_names == ("x.month", "x.day", "x.weekday")
    np.testing.assert_array_equal(splits.train.x, [[5, 31, 4], [6, 1, 5], [6, 3, 0]])
    scaled = splits_of(column(tmp_path, "2024-05-31", "2024-06-01", "2024-06-03"), scale="minmax")
    np.testing.assert_array_equal(scaled.train.x.min(axis=0), [0, 0, 0])
    np.testing.assert_array_equal(scaled.train.x.max(axis=0), [1, 1, 1])


def test_hours_are_those_that_are_written(tmp_path: Path) -> None:
    """A time zone does not move them."""
    splits = splits_of(column(tmp_path, "2024-05-31 10:00+02:00", "2024-05-31T23:59:59Z"))
    assert splits.feature_names == ("x.hour",)
    np.testing.assert_array_equal(splits.train.x, [[10], [23]])


def test_parts_are_chosen_by_the_training_split(tmp_path: Path) -> None:
    """The year of the test rows is none that was trained on."""
    path = column(tmp_path, "2023-05-01", "2023-06-01", "2024-07-01")
    splits = splits_of(path, split=TableSplitSection(test=1))
    assert splits.feature_names == ("x.month", "x.weekday")


def test_a_date_that_is_the_same_everywhere_is_its_year(tmp_path: Path) -> None:
    """A column never vanishes."""
    path = column(tmp_path, "2023-05-01", "2023-05-01", "2024-07-01")
    assert splits_of(path, split=TableSplitSection(test=1)).feature_names == ("x.year",)


@pytest.mark.parametrize("wrong", ["2024-02-30", "soon", "2024-5-1", "0000-01-01"])
def test_a_cell_that_is_no_date_is_named(tmp_path: Path, wrong: str) -> None:
    """By the scan too, before anything is loaded."""
    path = column(tmp_path, "2024-05-31", "2024-06-01", wrong)
    message, advice = refusal(path)
    assert message.endswith(
        f"table.csv, row 4, column 'x': '{wrong}' is not a date, as most cells of this column are"
    )
    assert "dataset.categorical" in advice
    with pytest.raises(DataError, match="row 4"):
        facts_of(section(path))
    assert load(path, categorical=["x"]).kinds == {0: "category"}


@pytest.mark.parametrize(
    ("cells", "missing", "expected"),
    [
        (["yes", "", "no", "yes"], "most_frequent", [1, 1, 0, 1]),
        (["yes", "", "no", "yes"], "median", [1, 1, 0, 1]),
        (["yes", "", "no", "yes"], {"x": False}, [1, 0, 0, 1]),
        (["yes", "", "no", "yes"], {"x": "no"}, [1, 0, 0, 1]),
        (["2024-01-05", "", "2024-01-07", "2024-01-07"], "mean", [5, 7, 7, 7]),
        (["2024-01-05", "", "2024-01-07", "2024-01-07"], {"x": "2024-01-01"}, [5, 1, 7, 7]),
    ],
)
def test_empty_truth_values_and_dates_are_filled(
    tmp_path: Path, cells: list[str], missing: Any, expected: list[float]
) -> None:
    """As texts are, or with a value of the config's own."""
    splits = splits_of(column(tmp_path, *cells), missing=missing)
    place = (splits.feature_names or ()).index("x.day") if "-" in cells[0] else 0
    np.testing.assert_array_equal(splits.train.x[:, place], expected)


@pytest.mark.parametrize(
    ("cells", "missing", "message"),
    [
        (["yes", "", "no"], {"x": "maybe"}, "column 'x' holds truth values, and 'maybe' is none"),
        (["yes", "", "no"], {"x": "mean"}, "'mean' is of numbers, but column 'x' holds truth values"),
        (["2024-01-05", "", "2024-01-07"], {"x": "never"}, "column 'x' holds dates, and 'never' is none"),
        (["1", "", "3"], {"x": True}, "column 'x' holds numbers, which 'true' is not"),
    ],
)
def test_a_filling_that_does_not_fit_is_refused(
    tmp_path: Path, cells: list[str], missing: Any, message: str
) -> None:
    """By the scan and by loading."""
    path = column(tmp_path, *cells)
    assert message in refusal(path, missing=missing)[0]
    with pytest.raises(DataError, match=message):
        facts_of(section(path, missing=missing))


COLOURS = "c,d,y\nred,s,0\nblue,m,1\nred,l,2\nblue,s,3\ngreen,xl,4\n"


def test_codes_of_each_column_have_a_range_of_their_own(tmp_path: Path) -> None:
    """The first code of a range is for what was never seen."""
    splits = splits_of(write(tmp_path, COLOURS), encode="codes")
    # c: 0 unseen, 1 blue, 2 green, 3 red; d: 4 unseen, 5 l, 6 m, 7 s, 8 xl.
    assert splits.train.x.dtype == np.int32
    np.testing.assert_array_equal(splits.train.x, [[3, 7], [1, 6], [3, 5], [1, 7], [2, 8]])
    assert splits.feature_names == ("c", "d")
    assert facts_of_splits(splits).max_token == 8


def test_a_category_without_a_code_gets_the_one_that_is_kept(tmp_path: Path) -> None:
    """And is counted."""
    splits = splits_of(write(tmp_path, COLOURS), encode="codes", split=TableSplitSection(test=1))
    assert splits.test is not None
    np.testing.assert_array_equal(splits.test.x, [[0, 3]])
    assert [note.rpartition(": ")[2] for note in splits.notes[-2:]] == ["the code for such"] * 2


def test_the_scan_knows_the_codes(tmp_path: Path) -> None:
    """Where every category is sure to be in the training split."""
    path = write(tmp_path, COLOURS)
    facts = facts_of(section(path, encode="codes"))
    assert (facts.shape, facts.dtype, facts.max_token) == ((2,), "int32", 8)
    assert facts_of(section(path, encode="codes", split=TableSplitSection(test=1))).max_token is None


@pytest.mark.parametrize(
    ("content", "what"),
    [("c,a,y\nu,1,0\nv,2,1\n", "numbers"), ("c,a,y\nu,2024-05-31,0\nv,2024-06-01,1\n", "dates")],
)
def test_codes_are_for_categories_alone(tmp_path: Path, content: str, what: str) -> None:
    """Other columns must be named in `categorical`."""
    path = write(tmp_path, content)
    for read in (lambda: load(path, encode="codes"), lambda: facts_of(section(path, encode="codes"))):
        with pytest.raises(DataError, match=f"column 'a' holds {what}"):
            read()
    assert splits_of(path, encode="codes", categorical=["a"]).train.x.tolist() == [[1, 4], [2, 5]]


def test_truth_values_are_categories_among_codes(tmp_path: Path) -> None:
    """They get codes as well."""
    assert splits_of(column(tmp_path, "yes", "no"), encode="codes").train.x.tolist() == [[2], [1]]


def test_what_was_fitted_survives_its_file(tmp_path: Path) -> None:
    """JSON and back, with truth values, dates, categories and codes."""
    path = write(tmp_path, "a,b,c,d,y\n1,yes,u,2024-05-31,0\n,no,v,2024-06-01,1\n")
    for fitted in (
        splits_of(path, missing="mean", scale="standard").preprocessing,
        splits_of(path, missing="drop", categorical=["a", "d"], encode="codes").preprocessing,
    ):
        assert Preprocessing.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted


def test_files_of_older_runs_can_be_read() -> None:
    """They have categories and nothing else."""
    old = {
        "kind": "table",
        "scaling": {"method": "none", "shift": [0.0], "divisor": [1.0], "factor": 1.0, "offset": 0.0},
        "columns": ["a", "c"],
        "categories": {"1": ["no", "yes"]},
        "class_names": None,
        "target_names": None,
    }
    read = Preprocessing.from_json(old)
    assert read.feature_names == ("a", "c=no", "c=yes")
    np.testing.assert_array_equal(read.apply(np.array([[2.0, 1.0]]), {1: ("no", "yes")}), [[2, 0, 1]])


def trained(folder: Path, **options: Any) -> Preprocessing:
    """Returns what is fitted to a table with a column of every kind."""
    content = "a,b,c,d,y\n1,yes,u,2024-05-31,0\n3,no,v,2024-06-01,1\n5,no,u,2025-06-01,2\n"
    return splits_of(write(folder, content, "trained.csv"), **options).preprocessing


def evaluated(folder: Path, content: str, preprocessing: Preprocessing) -> Splits:
    """Reads another table as the trained one was."""
    data = section(write(folder, content, "new.csv"), shuffle=False)
    return load_splits(data, KerasObject("loss", "mean_squared_error", None), 0, preprocessing)


def test_other_data_are_read_as_in_training(tmp_path: Path) -> None:
    """Columns by name, whatever their order, and texts as texts, though they look like numbers now."""
    fitted = trained(tmp_path)
    new = evaluated(tmp_path, "y,d,c,more,b,a\n5,2024-06-02,7,x,YES,9\n6,2024-06-03,7,x,YES,9\n", fitted)
    assert fitted.feature_names == ("a", "b", "c=u", "c=v", "d.year", "d.month", "d.day", "d.weekday")
    np.testing.assert_array_equal(new.train.x, [[9, 1, 0, 0, 2024, 6, 2, 6], [9, 1, 0, 0, 2024, 6, 3, 0]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,d,y\n1,yes,2024-05-31,0\n", "has no column 'c'"),
        (
            "a,b,c,d,y\n1,maybe,u,2024-05-31,0\n",
            "column 'b' held truth values in training, and 'maybe' is none",
        ),
        ("a,b,c,d,y\n1,no,u,soon,0\n", "column 'd' held dates in training, and 'soon' is none"),
        ("a,b,c,d,y\nu,no,u,2024-05-31,0\nv,no,u,2024-05-31,0\n", "column 'a' held numbers in training"),
    ],
)
def test_other_data_that_do_not_fit_the_training(tmp_path: Path, content: str, message: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(DataError, match=message):
        evaluated(tmp_path, content, trained(tmp_path))
