"""What is known about a data set without loading it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun.config.datasets import CsvData, KerasData, SplitSection, TableSplitSection
from nnrun.config.facts import DataFacts
from nnrun.data.facts import facts_of
from nnrun.data.tables import scan
from nnrun.errors import DataError


@pytest.fixture
def facts(tmp_path: Path) -> Callable[..., DataFacts]:
    """Writes a table and returns what a quick scan of it says."""

    def scan(content: str, target: Any = "y", **options: Any) -> DataFacts:
        path = tmp_path / "table.csv"
        path.write_text(content)
        return facts_of(CsvData(source="csv", path=str(path), target=target, **options))

    return scan


def test_text_labels_are_classes(facts: Callable[..., DataFacts]) -> None:
    """Text can only be a class."""
    found = facts("a,y\n1,x\n2,z\n3,x\n")
    assert (found.target, found.classes, found.train_samples) == ("classes", 2, 3)


def test_whole_numbers_are_classes_or_values(facts: Callable[..., DataFacts]) -> None:
    """The loss decides."""
    found = facts("a,y\n1,3\n2,4\n")
    assert (found.target, found.classes) == (None, 2)


def test_fractions_are_values(facts: Callable[..., DataFacts]) -> None:
    """1.5 is no class."""
    found = facts("a,y\n1,1.5\n2,2\n")
    assert (found.target, found.classes) == ("values", None)


def test_several_targets_are_values(facts: Callable[..., DataFacts]) -> None:
    """Two columns cannot be one class."""
    found = facts("a,y,z\n1,1,2\n", target=["y", "z"])
    assert (found.target, found.targets, found.shape) == ("values", 2, (1,))


def test_a_text_column_counts_once_per_category(facts: Callable[..., DataFacts]) -> None:
    """The shape is the one after one-hot encoding."""
    assert facts("a,c,y\n1,u,0\n2,v,1\n3,w,0\n").shape == (4,)


def test_the_shape_is_unknown_where_a_category_may_miss_the_training_split(
    facts: Callable[..., DataFacts],
) -> None:
    """Only categories of the training split get a column, and a scan does not split."""
    rows = "".join(f"{number},u,0\n" for number in range(8)) + "8,v,1\n"
    assert facts("a,c,y\n" + rows, split=TableSplitSection(test=2)).shape is None


def test_blank_lines_are_no_samples(facts: Callable[..., DataFacts]) -> None:
    """A file may end with empty lines."""
    assert facts("a,y\n1,x\n\n2,z\n\n").train_samples == 2


@pytest.mark.parametrize("content", ["", "a,y\n", "a,y\n1\n", 'a,y\n1,"x\n2,z\n'])
def test_a_file_that_cannot_be_loaded_leaves_all_unknown(
    facts: Callable[..., DataFacts], content: str
) -> None:
    """Loading says what is wrong with it; a scan does not guess."""
    assert facts(content) == DataFacts()


def test_a_missing_file_leaves_all_unknown(tmp_path: Path) -> None:
    """A config can be checked where the data are not."""
    assert facts_of(CsvData(source="csv", path=str(tmp_path / "no.csv"), target="y")) == DataFacts()


def test_a_missing_column_is_an_error(facts: Callable[..., DataFacts]) -> None:
    """A target that is not in the file is found before training."""
    with pytest.raises(DataError, match="has no column 'specis'") as caught:
        facts("a,species\n1,x\n", target="specis")
    assert caught.value.advice == "did you mean 'species'?"


def test_empty_cells_are_an_error(facts: Callable[..., DataFacts]) -> None:
    """They are found before anything trains, with the row that an editor shows."""
    with pytest.raises(DataError, match="column 'b' has 2 \\(the first in row 4\\)"):
        facts("a,b,y\n1,2,x\n\n1,,x\n2, ,z\n")


def test_empty_cells_of_other_columns_do_not_matter(facts: Callable[..., DataFacts]) -> None:
    """A column that is left out may hold anything."""
    assert facts("a,b,y\n1,2,x\n1,,z\n", exclude=["b"]).train_samples == 2


def test_a_long_file_is_not_scanned_to_its_end(
    facts: Callable[..., DataFacts], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a limit nothing is said, rather than something wrong."""
    monkeypatch.setattr(scan, "SCAN_ROWS", 2)
    assert facts("a,y\n1,x\n2,z\n3,x\n") == DataFacts()


def test_too_large_a_share_is_an_error(facts: Callable[..., DataFacts]) -> None:
    """The samples are counted before anything is loaded."""
    with pytest.raises(DataError, match="leaves nothing to train on: there are 2 samples"):
        facts("a,y\n1,x\n2,z\n", split=TableSplitSection(test=2))


def test_mnist_has_a_test_part() -> None:
    """Nothing of Keras is loaded to know it."""
    found = facts_of(KerasData(source="keras", name="mnist", split=SplitSection(validation=0.1)))
    assert found.splits == {"validation", "test"}
    assert (found.shape, found.classes, found.train_samples) == ((28, 28, 1), 10, 54_000)


def test_texts_have_the_asked_length() -> None:
    """Token numbers are below `max_tokens`."""
    found = facts_of(KerasData(source="keras", name="imdb", max_tokens=5000, sequence_length=80))
    assert (found.shape, found.dtype, found.max_token) == ((80,), "int32", 4999)


@pytest.mark.parametrize(
    ("missing", "shape", "samples"),
    [
        ("drop", (3,), 4),
        ("mean", (3,), 6),
        ({"a": "drop", "c": "most_frequent"}, (3,), 5),
        ({"a": 0, "c": "v"}, (3,), 6),
        ({"a": 0, "c": "none"}, (4,), 6),
    ],
)
def test_missing_values_change_shape_and_samples(
    facts: Callable[..., DataFacts], missing: Any, shape: tuple[int, ...], samples: int
) -> None:
    """Rows that are left out do not count, and a value of the config's own may be a new category."""
    content = "a,c,y\n1,u,x\n,u,x\n1,,z\n2,v,z\n3,v,x\n4,u,x\n"
    found = facts(content, missing=missing)
    assert (found.shape, found.train_samples, found.classes) == (shape, samples, 2)


def test_classes_of_dropped_rows_do_not_count(facts: Callable[..., DataFacts]) -> None:
    """Nor do rows without a target."""
    found = facts("a,y\n1,x\n2,z\n,w\n3,\n", missing="drop")
    assert (found.class_names, found.train_samples) == (("x", "z"), 2)


def test_numbers_with_many_gaps_are_numbers(facts: Callable[..., DataFacts]) -> None:
    """Only the cells that are there decide, wherever they are."""
    assert facts("a,y\n" + ",x\n" * 1100 + "5,x\n6,z\n", missing={"a": 0}).shape == (1,)
