"""What a table says about its rows beside their features: weights, groups, times, and files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.config.datasets import TableFiles, TableSplitSection
from nnrun.data.facts import facts_of
from nnrun.data.loading import make_splits
from nnrun.data.splits import Splits
from nnrun.errors import DataError
from tests.table_files import load, refusal, section, write


def splits_of(path: Path, target: Any = "y", form: Any = "values", **options: Any) -> Splits:
    """Reads and divides a table."""
    data = section(path, target, **options)
    return make_splits(load(path, target, **options), data, form, seed=0)


def patients(folder: Path, count: int = 60) -> Path:
    """Writes a table whose rows belong to patients: 1 row of the first one, 2 of the next, 3 of the next, 1 again."""
    rows: list[str] = []
    patient = 0
    while len(rows) < count:
        for _ in range(patient % 3 + 1):
            rows.append(f"{len(rows)},p{patient:03d},{'uv'[len(rows) % 2]}\n")
        patient += 1
    return write(folder, "a,who,y\n" + "".join(rows[:count]))


def test_weights_of_samples(tmp_path: Path) -> None:
    """They go with their rows into the splits, and are no feature."""
    path = write(tmp_path, "a,w,y\n" + "".join(f"{n},{n / 2},{n}\n" for n in range(10)))
    splits = splits_of(path, sample_weight="w", split=TableSplitSection(test=4))
    assert splits.feature_names == ("a",)
    assert splits.test is not None
    for part in (splits.train, splits.test):
        assert part.weights is not None
        np.testing.assert_array_equal(part.weights, np.asarray(part.x)[:, 0] / 2)


def test_a_column_of_weights_can_be_a_feature_too(tmp_path: Path) -> None:
    """If the config lists it."""
    path = write(tmp_path, "a,w,y\n1,0.5,0\n2,1,1\n")
    assert load(path, sample_weight="w", features=["w", "a"]).feature_names == ("w", "a")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "-0.5"], "row 3, column 'w': the weight -0.5 is negative"),
        (["0", "0"], "column 'w', which dataset.sample_weight names, is 0 in every row"),
        (["1", ""], "column 'w' has 1 (the first in row 3)"),
        (["1", "nan"], "row 3, column 'w': 'nan' is not a finite number"),
        (["u", "v"], "row 2, column 'w': 'u' is not a number"),
    ],
)
def test_weights_that_cannot_be(tmp_path: Path, cells: list[str], message: str) -> None:
    """With the row."""
    path = write(tmp_path, "a,w,y\n" + "".join(f"1,{cell},0\n" for cell in cells))
    assert message in refusal(path, sample_weight="w", missing={"a": 0})[0]


def test_a_training_split_without_weight_is_refused(tmp_path: Path) -> None:
    """Nothing would be learned."""
    path = write(tmp_path, "a,w,y\n1,0,0\n2,0,1\n3,1,1\n")
    with pytest.raises(DataError, match="all samples of the training split have the weight 0"):
        splits_of(path, sample_weight="w", shuffle=False, split=TableSplitSection(test=1))


@pytest.mark.parametrize("key", ["sample_weight", "group", "time"])
def test_a_column_about_the_rows_is_not_the_target(tmp_path: Path, key: str) -> None:
    """It would be the answer."""
    path = write(tmp_path, "a,y\n1,0\n2,1\n")
    options: dict[str, Any] = (
        {"sample_weight": "y"} if key == "sample_weight" else {"split": TableSplitSection(**{key: "y"})}
    )
    assert "column 'y' is the target" in refusal(path, **options)[0]


def test_a_column_has_one_purpose(tmp_path: Path) -> None:
    """A weight is a number, a group is a name."""
    path = write(tmp_path, "a,w,y\n1,1,0\n2,1,1\n")
    message, _ = refusal(path, sample_weight="w", split=TableSplitSection(group="w"))
    assert message == "dataset.split.group: column 'w' is named in dataset.sample_weight too"


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_group_is_in_one_split(tmp_path: Path, shuffle: bool) -> None:
    """And the splits are about as large as was asked for."""
    path = patients(tmp_path, 300)
    split = TableSplitSection(validation=0.2, test=0.3, group="who")
    data = section(path, split=split, shuffle=shuffle)
    raw = load(path, split=split)
    splits = make_splits(raw, data, "index", seed=0)
    assert splits.feature_names == ("a",)
    assert raw.groups is not None
    parts = [splits.train, splits.validation, splits.test]
    groups = [set(raw.groups[np.asarray(part.x)[:, 0].astype(int)]) for part in parts if part is not None]
    assert len(groups) == 3
    assert not any(one & other for place, one in enumerate(groups) for other in groups[:place])
    sizes = [len(part) for part in parts if part is not None]
    assert sum(sizes) == 300
    np.testing.assert_allclose(sizes, [150, 60, 90], atol=3)


def test_groups_depend_on_the_seed(tmp_path: Path) -> None:
    """As every split does, unless it has a seed of its own."""
    path = patients(tmp_path)
    tests = [
        np.asarray(splits.test.x).tolist()
        for seed in (1, 1, 2)
        if (
            splits := splits_of(path, form="index", split=TableSplitSection(test=0.3, group="who", seed=seed))
        ).test
    ]
    assert tests[0] == tests[1] != tests[2]


def test_groups_that_are_too_large_are_refused(tmp_path: Path) -> None:
    """With their number and size."""
    path = write(tmp_path, "a,who,y\n" + "".join(f"{n},{n // 30},{n}\n" for n in range(60)))
    with pytest.raises(DataError, match="is small enough for the test split: it should have 6 of 60"):
        splits_of(path, split=TableSplitSection(test=0.1, group="who"))


def test_one_group_is_never_all_that_is_tested_on(tmp_path: Path) -> None:
    """Something is left to train on."""
    path = write(tmp_path, "a,who,y\n1,u,0\n2,u,1\n3,u,0\n")
    with pytest.raises(DataError, match="the smallest of 1 in all has 3"):
        splits_of(path, split=TableSplitSection(test=0.6, group="who"))


@pytest.mark.parametrize(
    "times",
    [
        [5, 3, 1, 4, 2],
        ["2024-05-31", "2024-05-29", "2023-12-31", "2024-05-30", "2024-05-28 23:59"],
        # The zone counts: these are 10:00, 8:00, 6:00, 9:00 and 7:00 in UTC.
        [
            "2024-01-01 12:00+02:00",
            "2024-01-01 08:00",
            "2024-01-01T08:00+0200",
            "2024-01-01 09:00Z",
            "2024-01-01 01:00-06:00",
        ],
    ],
)
def test_the_last_in_time_are_for_the_test(tmp_path: Path, times: list[Any]) -> None:
    """Those before are for validation, whatever the order of the rows."""
    path = write(tmp_path, "at,a,y\n" + "".join(f"{time},{n},0\n" for n, time in enumerate(times)))
    splits = splits_of(path, split=TableSplitSection(validation=1, test=2, time="at"))
    assert splits.validation is not None
    assert splits.test is not None
    assert splits.feature_names == ("a",)
    assert np.asarray(splits.train.x)[:, 0].tolist() == [2, 4]
    assert np.asarray(splits.validation.x)[:, 0].tolist() == [1]
    assert np.asarray(splits.test.x)[:, 0].tolist() == [3, 0]


def test_a_time_can_be_a_feature_too(tmp_path: Path) -> None:
    """If the config lists it, then with its parts."""
    path = write(tmp_path, "at,a,y\n2024-05-31,1,0\n2024-06-01,2,1\n2024-06-03,3,1\n")
    splits = splits_of(path, features=["at", "a"], split=TableSplitSection(test=1, time="at"))
    assert splits.feature_names == ("at.month", "at.day", "at.weekday", "a")


@pytest.mark.parametrize("wrong", ["soon", "2024-13-01"])
def test_a_time_that_is_none_is_named(tmp_path: Path, wrong: str) -> None:
    """With its row."""
    path = write(tmp_path, f"at,a,y\n2024-05-31,1,0\n{wrong},2,1\n")
    message, advice = refusal(path, split=TableSplitSection(test=1, time="at"))
    assert f"row 3, column 'at': '{wrong}' is no date" in message
    assert "2024-05-31" in advice


@pytest.mark.parametrize("key", ["group", "time"])
def test_an_empty_group_or_time_is_an_error_unless_its_row_is_dropped(tmp_path: Path, key: str) -> None:
    """Nobody can say which split such a row belongs to."""
    path = write(tmp_path, "g,a,y\n1,1,0\n,2,1\n2,3,1\n2,4,1\n")
    split = TableSplitSection(test=1, **{key: "g"})
    message, advice = refusal(path, split=split, missing={"a": 0})
    assert "column 'g' has 1 (the first in row 3)" in message
    assert "cannot be filled" in advice
    with pytest.raises(DataError, match="row 3"):
        facts_of(section(path, split=split))
    assert len(load(path, split=split, missing="drop").samples) == 3


def test_files_of_their_own_for_the_splits(tmp_path: Path) -> None:
    """All of `path` is for training then, and columns, categories and labels are those of all files."""
    train = write(tmp_path, "a,c,y\n1,u,no\n2,v,yes\n", "train.csv")
    own: dict[str, Any] = {
        "validation": TableFiles(path=str(write(tmp_path, "y,a,c\nyes,3,u\n", "validation.csv.gz"))),
        "test": TableFiles(path=[str(write(tmp_path, "a,c,y\n4,w,no\n5,v,no\n", "test.csv"))]),
    }
    splits = splits_of(train, form="index", **own)
    assert splits.validation is not None and splits.test is not None
    assert splits.feature_names == ("a", "c=u", "c=v")
    np.testing.assert_array_equal(splits.validation.x, [[3, 1, 0]])
    np.testing.assert_array_equal(splits.test.x, [[4, 0, 0], [5, 0, 1]])
    assert splits.test.y.tolist() == [0, 0]
    facts = facts_of(section(train, **own))
    assert facts.splits == {"validation", "test"}
    assert (facts.train_samples, facts.shape, facts.classes) == (2, (3,), 2)


def test_rows_of_a_file_of_its_own_are_named(tmp_path: Path) -> None:
    """By that file."""
    train = write(tmp_path, "a,y\n1,0.5\n2,1.5\n", "train.csv")
    test = TableFiles(path=str(write(tmp_path, "a,y\n3,2.5\n4,1e300\n", "test.csv")))
    with pytest.raises(DataError, match=r"test.csv, row 3: the label is greater"):
        splits_of(train, test=test)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a,y\n", {}, "test.csv has no rows of data"),
        ("a,z\n1,2\n", {}, "test.csv has no column 'y'"),
        ("a,y\n1,2\n", {"split": TableSplitSection(test=0.5)}, "comes with its own test part"),
        ("a,y\n,2\n", {"missing": "drop"}, "test.csv has no rows of data that can be used"),
    ],
)
def test_files_of_their_own_that_do_not_fit(
    tmp_path: Path, content: str, options: dict[str, Any], message: str
) -> None:
    """The file is named."""
    train = write(tmp_path, "a,y\n1,0\n2,1\n3,0\n", "train.csv")
    test = TableFiles(path=str(write(tmp_path, content, "test.csv")))
    with pytest.raises(DataError, match=message):
        splits_of(train, test=test, **options)


def test_a_group_is_not_in_files_of_two_splits(tmp_path: Path) -> None:
    """With the row."""
    train = write(tmp_path, "a,who,y\n1,u,0\n2,v,1\n", "train.csv")
    test = TableFiles(path=str(write(tmp_path, "a,who,y\n3,w,0\n4,v,1\n", "test.csv")))
    with pytest.raises(
        DataError, match=r"test.csv, row 3, column 'who': the group 'v' is in the files of another"
    ):
        splits_of(train, test=test, split=TableSplitSection(group="who"))


def test_weights_of_several_targets_and_of_classes(tmp_path: Path) -> None:
    """Whatever is predicted."""
    path = write(tmp_path, "a,w,y,z\n1,1,0,1.5\n2,2,1,2.5\n")
    assert splits_of(path, ["y", "z"], sample_weight="w").train.y.shape == (2, 2)
    assert splits_of(path, "y", "one_hot", sample_weight="w", exclude=["z"]).train.y.shape == (2, 2)
