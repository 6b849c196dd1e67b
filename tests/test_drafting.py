"""`nnrun init --from-csv`: what a table tells about the config that fits it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnrun.check import check_config
from nnrun.config.datasets import CsvData
from nnrun.config.experiment import Experiment
from nnrun.data.drafting.draft import draft_config
from nnrun.data.drafting.table import dialect_of, look_at
from nnrun.data.loading import load_splits
from nnrun.errors import NnrunError
from tests.configs import nnrun

RANDOM = random.Random(0)


def write(folder: Path, rows: Sequence[Sequence[Any]], delimiter: str = ",") -> Path:
    """Writes a table."""
    file = folder / "table.csv"
    file.write_text("".join(delimiter.join(map(str, row)) + "\n" for row in rows))
    return file


def rows(count: int = 60, label: Callable[[int], Any] = lambda row: "ab"[row % 2]) -> list[list[Any]]:
    """Returns rows of two columns of numbers and a label, with a header."""
    body = [[round(RANDOM.gauss(5, 2), 3), round(RANDOM.gauss(0, 90), 3), label(row)] for row in range(count)]
    return [["width", "height", "kind"], *body]


def drafted(file: Path, target: str | None = "kind") -> tuple[Experiment, str]:
    """Returns the draft, which must pass the check without a warning and load, and its text."""
    text = draft_config(file, target, file.parent)
    config = file.with_suffix(".yaml")
    config.write_text(text)
    loaded = check_config(config)
    assert loaded.warnings == ()
    experiment = loaded.experiment
    load_splits(experiment.dataset, experiment.compile.loss, 0)
    return experiment, text


def data_of(experiment: Experiment) -> CsvData:
    """Returns the section of the table."""
    assert isinstance(experiment.dataset, CsvData)
    return experiment.dataset


def refusal(file: Path, target: str | None = "kind") -> NnrunError:
    """Returns the error of a table that no draft is possible for."""
    with pytest.raises(NnrunError) as caught:
        draft_config(file, target, file.parent)
    return caught.value


def test_two_texts_are_two_classes(tmp_path: Path) -> None:
    """One sigmoid unit, and a metric that does not depend on how frequent the classes are."""
    experiment, text = drafted(write(tmp_path, rows()))
    assert experiment.compile.loss.name == "binary_crossentropy"
    assert experiment.model.layers[-1].arguments["units"] == 1
    assert [metric.name for metric in experiment.compile.metrics] == ["accuracy", "AUC"]
    assert '# 2 different texts: "a" (30), "b" (30).' in text


def test_several_texts_are_classes(tmp_path: Path) -> None:
    """Softmax with a unit for each."""
    experiment, _ = drafted(write(tmp_path, rows(label=lambda row: "abc"[row % 3])))
    assert experiment.compile.loss.name == "sparse_categorical_crossentropy"
    assert experiment.model.layers[-1].arguments["units"] == 3
    assert experiment.dataset.split.stratify


def test_few_whole_numbers_are_classes(tmp_path: Path) -> None:
    """With the other reading, as values, in a comment."""
    experiment, text = drafted(write(tmp_path, rows(label=lambda row: row % 4)))
    assert experiment.model.layers[-1].arguments["units"] == 4
    assert "If the numbers are amounts and no classes" in text


def test_many_whole_numbers_are_values(tmp_path: Path) -> None:
    """Whole numbers that hardly repeat are amounts."""
    experiment, text = drafted(write(tmp_path, rows(label=lambda row: 1000 + 7 * row)))
    assert experiment.compile.loss.name == "mean_squared_error"
    assert "60 different whole numbers in 60 rows, from 1000 to 1413" in text


def test_a_number_is_predicted_in_its_own_unit(tmp_path: Path) -> None:
    """The last layer turns what the network puts out into numbers as great as the target."""
    experiment, _ = drafted(write(tmp_path, rows(label=lambda row: 5000.5 + row)))
    last = experiment.model.layers[-1]
    assert last.name == "Rescaling"
    trained_on = load_splits(experiment.dataset, experiment.compile.loss, 0).train.y
    # Not those of all rows, which would tell of the test.
    assert last.arguments["offset"] == float(f"{trained_on.mean():.4g}")
    assert last.arguments["scale"] == float(f"{trained_on.std():.4g}")
    assert not experiment.dataset.split.stratify


def test_a_rare_class_prevents_stratification(tmp_path: Path) -> None:
    """Too few rows for every split are said."""
    experiment, text = drafted(write(tmp_path, rows(label=lambda row: "c" if row < 2 else "ab"[row % 2])))
    assert not experiment.dataset.split.stratify
    assert '"c" has 2 rows' in text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    """Whichever of the usual ones."""
    experiment, _ = drafted(write(tmp_path, rows(), delimiter))
    assert data_of(experiment).delimiter == delimiter


def test_a_decimal_comma_does_not_hide_the_delimiter(tmp_path: Path) -> None:
    """More fields for another sign do not count if rows differ."""
    file = tmp_path / "table.csv"
    file.write_text("name;text;kind\n" + "".join(f"x{n};a, b{', c' * (n % 3)};k\n" for n in range(30)))
    assert dialect_of(file, "kind").delimiter == ";"


@pytest.mark.parametrize("target", ["2", "-1"])
def test_a_table_without_a_header(tmp_path: Path, target: str) -> None:
    """Columns are numbers, from the end too."""
    experiment, _ = drafted(write(tmp_path, rows()[1:]), target)
    assert data_of(experiment).header is False
    assert data_of(experiment).target == 2


def test_a_header_above_texts_is_found(tmp_path: Path) -> None:
    """Where no column has numbers, the first row is a header if its cells occur nowhere else."""
    body = [["red", "ab"[n % 2]] if n % 3 else ["blue", "ab"[n % 2]] for n in range(40)]
    assert dialect_of(write(tmp_path, [["colour", "kind"], *body]), "?").header
    assert not dialect_of(write(tmp_path, body), "?").header


def with_column(name: str, cell: Callable[[int], Any], count: int = 60) -> list[list[Any]]:
    """Returns the rows with another column in front."""
    header, *body = rows(count)
    return [[name, *header], *([cell(number), *row] for number, row in enumerate(body))]


@pytest.mark.parametrize(
    ("name", "cell", "reason"),
    [
        ("x", lambda row: "same", '"same" in every row'),
        ("x", lambda row: row + 17, "numbers the rows"),
        ("customer_id", lambda row: row * row + 3, "identifies them"),
        ("x", lambda row: f"a sentence {row}", "60 different texts"),
        ("x", lambda row: f"{row % 28 + 1:02d}.05.2024", "not written as 2024-05-31"),
        ("x", lambda row: f"2024-05-{row % 28 + 1:02d}" if row else "n/a", 'dates, but "n/a" is none'),
        ("x", lambda row: "" if row % 3 else row * 0.7, "40 empty cells in 60 rows: too few are filled"),
        ("x", lambda row: "" if row % 3 else 7, '"7" in every row that is not empty'),
        ("x", lambda row: "?" if row < 5 else row * 0.7, "5 of its cells are none"),
        ("x", lambda row: "nan" if row < 5 else row * 0.7, "5 of its cells are none"),
        ("x", lambda row: "ab"[row % 2], "same cells as the target"),
    ],
)
def test_a_useless_column_is_left_out(
    tmp_path: Path, name: str, cell: Callable[[int], Any], reason: str
) -> None:
    """With the reason and the number seen above its name."""
    experiment, text = drafted(write(tmp_path, with_column(name, cell)))
    assert data_of(experiment).exclude == [name]
    assert reason in " ".join(text.replace("#", "").split())


def test_a_column_that_repeats_another_is_left_out(tmp_path: Path) -> None:
    """The first of the two stays."""
    table = [[*row, row[0] if number else "again"] for number, row in enumerate(rows())]
    assert data_of(drafted(write(tmp_path, table))[0]).exclude == ["again"]


def test_a_text_column_with_few_values_is_categorical(tmp_path: Path) -> None:
    """Each value becomes an input."""
    experiment, text = drafted(
        write(tmp_path, with_column("colour", lambda row: ["red", "blue"][row % 7 > 2]))
    )
    assert data_of(experiment).categorical == ["colour"]
    assert "4 inputs" in text


def test_truth_values_and_dates_are_used(tmp_path: Path) -> None:
    """Without a key, but with a comment on what becomes of them, and how to predict what comes later."""
    table = with_column("member", lambda row: "yes" if row % 3 else "no")
    for row, cells in enumerate(table):
        cells.insert(0, f"2024-{row % 12 + 1:02d}-{row % 28 + 1:02d}" if row else "joined")
    experiment, text = drafted(write(tmp_path, table))
    assert data_of(experiment).exclude == data_of(experiment).categorical == []
    plain = " ".join(text.replace("#", "").split())
    assert '"member" holds truth values, which become 0 and 1: "no" (20), "yes" (40).' in plain
    assert '"joined" holds dates, from 2024-01-05 to 2024-12-' in plain
    assert "which become month, day, weekday." in plain
    assert 'add `time: "joined"` to `split`' in plain
    assert "6 inputs" in text


def test_empty_truth_values_and_dates_are_filled(tmp_path: Path) -> None:
    """With what is most frequent."""
    table = with_column("member", lambda row: "" if row == 9 else "yes" if row % 3 else "no")
    experiment, _ = drafted(write(tmp_path, table))
    assert data_of(experiment).missing == {"member": "most_frequent"}


@pytest.mark.parametrize("kind", ["gz", "parquet"])
def test_packed_and_parquet_tables_are_drafted(tmp_path: Path, kind: str) -> None:
    """As plain ones are."""
    plain = write(tmp_path, with_column("member", lambda row: "true" if row % 3 else "false"))
    if kind == "gz":
        import gzip

        file = tmp_path / "table.csv.gz"
        file.write_bytes(gzip.compress(plain.read_bytes()))
    else:
        from pyarrow import csv, parquet

        file = tmp_path / "table.parquet"
        parquet.write_table(csv.read_csv(plain), file)
    text = draft_config(file, "kind", tmp_path)
    (tmp_path / "draft.yaml").write_text(text)
    experiment = check_config(tmp_path / "draft.yaml").experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 0)
    assert splits.feature_names == ("member", "width", "height")
    assert experiment.name == "table"
    assert text.replace(f"table.csv.{kind}", "table.csv").replace(
        "table.parquet", "table.csv"
    ) == draft_config(plain, "kind", tmp_path)


def test_an_unknown_column_of_a_parquet_table_is_explained(tmp_path: Path) -> None:
    """It has no header that could be missing."""
    from pyarrow import parquet, table

    parquet.write_table(table({"a": list(range(30)), "kind": ["u", "v"] * 15}), tmp_path / "t.parquet")
    assert refusal(tmp_path / "t.parquet", "Kind").advice == 'did you mean "kind"?'
    assert "the columns are" in refusal(tmp_path / "t.parquet", None).advice


def test_a_large_table_is_drafted_in_bounded_memory(tmp_path: Path) -> None:
    """Different numbers are counted as numbers, not as texts."""
    body = "".join(f"{n * 0.37:.4f},{n * n % 1009},{'ab'[n % 2]}\n" for n in range(20_000))
    file = tmp_path / "large.csv"
    file.write_text("x,z,kind\n" + body)
    column = look_at(file, "kind").columns[0]
    assert column.values is not None
    assert (column.different, column.texts) == (20_000, {})


def test_a_column_of_few_numbers_may_be_codes(tmp_path: Path) -> None:
    """It stays a number, and a comment says what to do otherwise."""
    experiment, text = drafted(write(tmp_path, with_column("zone", lambda row: row % 7 // 2 + 1)))
    assert data_of(experiment).categorical == []
    assert '"zone" has only the numbers 1, 2, 3, 4' in text


def test_empty_cells_are_filled(tmp_path: Path) -> None:
    """Numbers with the median, texts with the most frequent one, with the counts seen."""
    table = with_column("colour", lambda row: "" if row == 7 else ["red", "blue"][row % 7 > 2])
    table[4][1] = table[9][1] = ""
    experiment, text = drafted(write(tmp_path, table))
    assert data_of(experiment).missing == {"colour": "most_frequent", "width": "median"}
    assert "# 2 of 60 cells are empty." in text
    assert "# 1 of 60 cells is empty." in text
    assert "4 inputs" in text


def test_empty_cells_without_a_header_are_filled(tmp_path: Path) -> None:
    """Columns are named by their numbers there too."""
    table = rows()[1:]
    table[4][1] = ""
    assert data_of(drafted(write(tmp_path, table), "2")[0]).missing == {"1": "median"}


def test_few_rows_without_a_target_are_dropped(tmp_path: Path) -> None:
    """With the rows that lack something else, as `drop` is for all columns."""
    table = rows(count=100, label=lambda row: "" if row == 5 else "ab"[row % 2])
    table[40][0] = ""
    experiment, text = drafted(write(tmp_path, table))
    assert data_of(experiment).missing == "drop"
    assert "# 2 of 100 rows lack the target or another cell." in text
    assert "58 rows to train on" in text


def test_a_table_that_is_mostly_unusable_is_refused(tmp_path: Path) -> None:
    """With the columns, and what to do."""
    table = rows()
    table[4][0] = table[9][1] = "?"
    error = refusal(write(tmp_path, table))
    assert error.exit_code == 4
    assert '"width" holds numbers, but 1 of its cells are none, such as "?"' in error.message
    assert "mend or empty the cells" in error.advice


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (lambda row: "" if row % 10 == 5 else "ab"[row % 2], "is empty in 6 of 60 rows"),
        (lambda row: "a", '"a" in every row'),
        (lambda row: f"name {row}", "these are no classes"),
        (lambda row: "NA" if row == 5 else row * 0.3, '1 of 60 cells of the target "kind" are no numbers'),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(
    tmp_path: Path, label: Callable[[int], Any], words: str
) -> None:
    """With the numbers seen."""
    assert words in refusal(write(tmp_path, rows(label=label))).message


def test_an_unknown_target_is_explained(tmp_path: Path) -> None:
    """With the name that was meant."""
    error = refusal(write(tmp_path, rows()), "Knd")
    assert error.exit_code == 4
    assert error.advice == 'did you mean "kind"?'


def test_a_missing_target_lists_the_columns(tmp_path: Path) -> None:
    """A usage error that can be mended at once."""
    error = refusal(write(tmp_path, rows()), None)
    assert error.exit_code == 2
    assert '"width", "height", "kind"' in error.advice


def test_names_cannot_break_out_of_the_config(tmp_path: Path) -> None:
    """Names with line breaks, quotes, colons and signs of YAML stay names."""
    names = ['"a\nseed: 1"', '"b: ""x"" #"', "'[c]'", "kind", "null", "\x85d"]
    body = [[RANDOM.random(), RANDOM.random(), n % 7, "ab"[n % 2], n % 5, n % 3] for n in range(60)]
    experiment, _ = drafted(write(tmp_path, [names, *body]))
    assert experiment.seed == 0
    assert data_of(experiment).target == "kind"


def test_the_path_is_relative_to_the_config(tmp_path: Path) -> None:
    """So that the folder can be moved as a whole."""
    (tmp_path / "data").mkdir()
    (tmp_path / "configs").mkdir()
    file = write(tmp_path / "data", rows())
    text = draft_config(file, "kind", tmp_path / "configs")
    assert 'path: "../data/table.csv"' in text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text("abc0123,;\n\t\"'. -", max_size=300).map(str.encode))
def test_any_file_ends_in_a_draft_or_an_error(tmp_path: Path, content: bytes) -> None:
    """Nothing but nnrun's own errors comes out."""
    file = tmp_path / "any.csv"
    file.write_bytes(content)
    for target in (None, "a", "0"):
        try:
            draft_config(file, target, tmp_path)
        except NnrunError:
            continue


REAL = [
    ("iris.csv", "species", "sparse_categorical_crossentropy"),
    ("winequality-red.csv", "-1", "sparse_categorical_crossentropy"),
    ("pima-indians-diabetes.csv", "8", "binary_crossentropy"),
    ("penguins.csv", "species", "sparse_categorical_crossentropy"),
    ("california_housing.csv", "median_house_value", "mean_squared_error"),
]


@pytest.mark.parametrize(("name", "target", "loss"), REAL)
def test_a_draft_for_real_data_has_no_problem(
    tmp_path: Path, test_data: Callable[[str], Path], name: str, target: str, loss: str
) -> None:
    """The task is found, and the check has nothing to say."""
    config = tmp_path / "draft.yaml"
    config.write_text(draft_config(test_data(f"tabular/{name}"), target, tmp_path))
    loaded = check_config(config)
    assert loaded.warnings == ()
    assert loaded.experiment.compile.loss.name == loss


@pytest.mark.tensorflow
def test_drafts_train_well(tmp_path: Path, test_data: Callable[[str], Path]) -> None:
    """On the validation split: flowers and penguins as good as always, diabetes and wine better than guessing."""
    least = {"iris": 0.9, "pima-indians-diabetes": 0.7, "winequality-red": 0.52, "penguins": 0.97}
    files = []
    for name, target, _ in REAL[:4]:
        files.append(tmp_path / f"{name}.yaml")
        table = str(test_data(f"tabular/{name}"))
        assert nnrun("init", "--from-csv", table, "--target", target, "--output", str(files[-1])) == 0
    runs = tmp_path / "runs"
    assert nnrun("train", *map(str, files), "--runs-dir", str(runs), "--progress", "off") == 0
    from nnrun.rundir.selectors import find_run

    for name, accuracy in least.items():
        assert (find_run(name, runs).metric("val_accuracy") or 0) >= accuracy, name
