"""Labels in the form that the loss wants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnrun.config.datasets import SklearnData, SplitSection
from nnrun.config.labels import LabelForm
from nnrun.data.loading import make_splits
from nnrun.data.raw import Part, RawData
from nnrun.data.splits import Splits
from nnrun.errors import DataError


def labelled(y: Any, form: LabelForm, names: tuple[str, ...] | None = None, **options: Any) -> Splits:
    """Gives labels to samples and returns the splits."""
    y = np.asarray(y)
    raw = RawData(kind="table", samples=Part(np.arange(len(y), dtype=float)[:, None], y), class_names=names)
    section = SklearnData(source="sklearn", name="iris", shuffle=False, **options)
    return make_splits(raw, section, form, seed=0)


def test_text_classes_are_sorted_and_numbered() -> None:
    """The class names are in the order of their numbers."""
    splits = labelled(["b", "c", "a", "b"], "index")
    assert splits.class_names == ("a", "b", "c")
    assert splits.train.y.dtype == np.int32
    assert splits.train.y.tolist() == [1, 2, 0, 1]


def test_integer_classes_are_sorted_by_value() -> None:
    """10 comes after 9, and class numbers begin at 0."""
    splits = labelled([10, 9, 10], "index")
    assert splits.class_names == ("9", "10")
    assert splits.train.y.tolist() == [1, 0, 1]


def test_whole_floats_are_integer_classes() -> None:
    """Columns with 0.0 and 1.0 are classes 0 and 1."""
    assert labelled([0.0, 1.0], "index").class_names == ("0", "1")


def test_known_names_belong_to_class_numbers() -> None:
    """A source that knows the names delivers class numbers."""
    splits = labelled([1, 0, 1], "index", names=("no", "yes"))
    assert splits.class_names == ("no", "yes")
    assert splits.train.y.tolist() == [1, 0, 1]


def test_one_hot() -> None:
    """Shape (samples, classes), float32, and the class numbers beside it."""
    splits = labelled(["b", "a"], "one_hot")
    assert splits.train.y.dtype == np.float32
    np.testing.assert_array_equal(splits.train.y, [[0, 1], [1, 0]])
    assert splits.train.class_index is not None
    assert splits.train.class_index.tolist() == [1, 0]


def test_binary() -> None:
    """Shape (samples, 1), the second class being 1."""
    splits = labelled(["no", "yes", "no"], "binary")
    assert splits.train.y.dtype == np.float32
    np.testing.assert_array_equal(splits.train.y, [[0], [1], [0]])


def test_values() -> None:
    """Shape (samples, targets), without classes."""
    splits = labelled([[1.5, 2], [3, 4]], "values")
    np.testing.assert_array_equal(splits.train.y, [[1.5, 2], [3, 4]])
    assert splits.class_names is None
    assert splits.train.class_index is None


@pytest.mark.parametrize(
    ("y", "form", "message"),
    [
        (["a", "b"], "values", "sample 0: the label is text, 'a', but the loss wants numbers"),
        ([1.0, 1e39], "values", "sample 1: the label is greater than"),
        (["a", "a"], "index", "only one class, 'a'"),
        ([1.5, 2.0], "one_hot", "numbers such as 1.5, but the loss wants classes"),
        (["a", "b", "c"], "binary", "two classes, but the data have 3: 'a', 'b', 'c'"),
        ([[1, 2], [3, 4]], "index", "2 target columns, but the loss wants one class"),
    ],
)
def test_labels_that_do_not_fit_the_loss_are_refused(y: Any, form: LabelForm, message: str) -> None:
    """The message says what the loss wants and what the data have."""
    with pytest.raises(DataError, match=message):
        labelled(y, form)


def test_a_class_number_outside_the_names_is_refused() -> None:
    """A damaged label file must not become a class."""
    with pytest.raises(DataError, match="label 2 is outside the classes 0 to 1"):
        labelled([0, 1, 2], "index", names=("no", "yes"))


def test_a_class_that_is_only_held_out_is_refused() -> None:
    """A network cannot know a class that it never saw."""
    with pytest.raises(DataError, match="class 'c' is in the test split but not in the training split"):
        labelled(["a", "b", "c", "c"], "index", split=SplitSection(test=2))


def test_one_class_in_the_training_split_is_refused() -> None:
    """The first samples of sorted data are of one class."""
    with pytest.raises(DataError, match="training split has only one class, 'a'"):
        labelled(["a", "a", "b", "b"], "index", limit=2)


def test_labels_of_other_data_are_matched_by_name() -> None:
    """With the preprocessing of a run, a class keeps its number although others are missing."""
    run = labelled(["a", "b", "c"], "index").preprocessing
    raw = RawData(kind="table", samples=Part(np.zeros((2, 1)), np.array(["c", "b"])))
    section = SklearnData(source="sklearn", name="iris", shuffle=False)
    splits = make_splits(raw, section, "index", seed=0, preprocessing=run)
    assert splits.train.y.tolist() == [2, 1]


def test_an_unknown_label_in_other_data_is_refused() -> None:
    """A run knows only the classes that it was trained on."""
    run = labelled(["a", "b"], "index").preprocessing
    raw = RawData(kind="table", samples=Part(np.zeros((2, 1)), np.array(["a", "z"])))
    section = SklearnData(source="sklearn", name="iris")
    with pytest.raises(DataError, match="label 'z' is none of the classes 'a', 'b'"):
        make_splits(raw, section, "index", seed=0, preprocessing=run)
