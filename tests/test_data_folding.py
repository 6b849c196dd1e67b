"""The folds of a cross-validation: those of scikit-learn, found again from the config alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit

from nnrun.config.datasets import MoonsData, SplitSection
from nnrun.data.facts import facts_of
from nnrun.data.folding import folded
from nnrun.data.splitting import SplitIndices, permutation, split_indices
from nnrun.errors import DataError


def fold(
    samples: int, number: int, folds: int, classes: Any = None, *, limit: int | None = None, **shares: Any
) -> SplitIndices:
    """Returns the split of a fold, with seed 0."""
    section = MoonsData(
        source="synthetic",
        generator="moons",
        split=SplitSection(fold=number, folds=folds, **shares),
        limit=limit,
    )
    return split_indices(samples, section, 0, class_index=classes)


def choice(number: int, folds: int) -> SplitSection:
    """Returns the section that chooses a fold."""
    return SplitSection(fold=number, folds=folds)


@given(samples=st.integers(10, 120), folds=st.integers(2, 6), test=st.sampled_from([None, 0.2, 3]))
def test_every_sample_is_validated_on_once(samples: int, folds: int, test: float | None) -> None:
    """The folds are the samples that are not for the test, each once; the test split is that of no folds."""
    splits = [fold(samples, number, folds, test=test) for number in range(1, folds + 1)]
    validated = np.concatenate([split.validation for split in splits if split.validation is not None])
    tested = splits[0].test if splits[0].test is not None else np.array([], np.int64)
    assert sorted([*validated, *tested]) == list(range(samples))
    for split in splits:
        assert split.validation is not None
        assert sorted([*split.train, *split.validation, *tested]) == list(range(samples))
        assert test is None or np.array_equal(split.test, tested)  # type: ignore[arg-type]


def test_folds_are_those_of_scikit_learn() -> None:
    """A fold is that of `StratifiedKFold`, or of `KFold` for numbers, in the order that the seed decides."""
    order = permutation(103, 0)
    classes = (np.arange(103) % 3).astype(np.int32)
    for known, splitter in ((classes, StratifiedKFold(4)), (None, KFold(4))):
        parts = list(splitter.split(order, None if known is None else known[order]))
        for number in range(1, 5):
            split = fold(103, number, 4, known)
            assert np.array_equal(split.train, order[parts[number - 1][0]])
            assert np.array_equal(split.validation, order[parts[number - 1][1]])  # type: ignore[arg-type]


@pytest.mark.parametrize("has_classes", [True, False])
def test_groups_stay_together(has_classes: bool) -> None:
    """With groups the splitters are `StratifiedGroupKFold` and `GroupKFold`, and no group is in two folds."""
    samples = permutation(60, 1)
    groups = np.arange(60) // 5
    classes = (np.arange(60) // 10 % 2).astype(np.int32) if has_classes else None
    splitter = StratifiedGroupKFold(3) if has_classes else GroupKFold(3)
    expected = list(
        splitter.split(samples, None if classes is None else classes[samples], groups=groups[samples])
    )
    for number in (1, 2, 3):
        train, validation = folded(samples, choice(number, 3), class_index=classes, groups=groups)
        assert not {*groups[train]} & {*groups[validation]}
        assert np.array_equal(validation, samples[expected[number - 1][1]])


def test_time_goes_forward() -> None:
    """In the order of time, a network is validated on what comes after its training, as in `TimeSeriesSplit`."""
    times = np.random.default_rng(0).permutation(25).astype(np.float64)
    samples = np.argsort(times)
    for number, (before, after) in enumerate(TimeSeriesSplit(4).split(samples), 1):
        train, validation = folded(samples, choice(number, 4), times=times)
        assert times[train].max() < times[validation].min()
        assert np.array_equal(train, samples[before])
        assert np.array_equal(validation, samples[after])


def test_rare_class_is_in_some_folds() -> None:
    """A class with fewer samples than folds is no reason to give up, and none for a warning of scikit-learn."""
    classes = np.r_[np.zeros(20), [1, 1, 1]].astype(np.int32)
    there = []
    for number in range(1, 6):
        split = fold(23, number, 5, classes)
        assert split.validation is not None
        assert classes[split.train].sum() >= 2
        there.append(int(classes[split.validation].sum()))
    assert sum(there) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"samples": 4, "folds": 5}, "only 4 samples"),
        ({"samples": 9, "folds": 5, "classes": [0] * 8 + [1]}, "class '1' has a single sample"),
        ({"samples": 9, "folds": 5, "classes": [0, 1, 2] * 3}, "no class has more than 3 samples"),
        ({"samples": 9, "folds": 5, "groups": [0, 1, 2] * 3}, "has only 3 groups"),
        ({"samples": 4, "folds": 4, "times": [1, 2, 3, 4]}, "only 4 samples"),
    ],
)
def test_folds_that_cannot_be_made(arguments: dict[str, Any], message: str) -> None:
    """Too few samples, groups or samples of a class are an error that says how many there are."""
    classes, groups, times = (arguments.get(name) for name in ("classes", "groups", "times"))
    with pytest.raises(DataError, match=message) as error:
        folded(
            np.arange(arguments["samples"]),
            choice(1, arguments["folds"]),
            class_index=None if classes is None else np.array(classes, np.int32),
            groups=None if groups is None else np.array(groups),
            times=None if times is None else np.array(times, np.float64),
        )
    assert error.value.advice


def test_group_that_is_nearly_all() -> None:
    """A group that is nearly all of the data becomes a fold of its own: none is cut, and no split is empty."""
    groups = np.array([0] * 50 + [1])
    train, validation = folded(np.arange(51), choice(1, 2), groups=groups)
    assert {len(train), len(validation)} == {1, 50}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_facts_know_the_size(number: int) -> None:
    """The number of training samples is known without loading, also where the folds differ by one."""
    section = MoonsData(
        source="synthetic",
        generator="moons",
        samples=101,
        split=SplitSection(fold=number, folds=3, test=0.1),
    )
    facts = facts_of(section)
    assert "validation" in facts.splits
    assert facts.train_samples == len(fold(101, number, 3, test=0.1).train)


def test_own_validation_part_is_no_fold() -> None:
    """Data that come with a validation part cannot have a fold in its place, and say what to do."""
    section = MoonsData(source="synthetic", generator="moons", split=choice(1, 5))
    with pytest.raises(DataError, match="a validation part of their own") as error:
        split_indices(100, section, 0, own=("validation",))
    assert "dataset.validation=null" in error.value.advice
