"""Weights that make all classes count the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from nnrun.data.balance import balanced, weights_note


@given(index=st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_weights_are_those_of_scikit_learn(index: list[int]) -> None:
    """`class_weight="balanced"`, for the classes that occur."""
    classes = np.unique(index)
    expected = compute_class_weight("balanced", classes=classes, y=np.asarray(index))
    assert balanced(np.asarray(index, dtype=np.int32)) == pytest.approx(
        dict(zip(classes.tolist(), expected.tolist(), strict=True)), rel=1e-15
    )


def test_every_class_counts_the_same() -> None:
    """Samples times weight."""
    weights = balanced(np.array([0, 0, 0, 1], dtype=np.int32))
    assert 3 * weights[0] == pytest.approx(weights[1])


def test_the_note_names_the_classes() -> None:
    """With four digits."""
    note = weights_note({0: 2 / 3, 1: 2.0}, ["no", "yes"])
    assert note == "class weights, as fit.class_weight is auto: no 0.6667, yes 2"
    assert weights_note(dict.fromkeys(range(12), 1.0), list("abcdefghijkl")).endswith("j 1, and 2 more")
