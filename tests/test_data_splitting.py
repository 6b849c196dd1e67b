"""Which samples lie in which split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from nnrun.config.datasets import MoonsData, SplitSection
from nnrun.data.splitting import SplitIndices, permutation, split_indices
from nnrun.errors import DataError


def divide(
    samples: int,
    classes: Any = None,
    *,
    seed: int = 0,
    split_seed: int | None = None,
    own: tuple[str, ...] = (),
    shuffle: bool = True,
    limit: int | None = None,
    **shares: Any,
) -> SplitIndices:
    """Divides samples as a config with these values says."""
    section = MoonsData(
        source="synthetic",
        generator="moons",
        split=SplitSection(seed=split_seed, **shares),
        shuffle=shuffle,
        limit=limit,
    )
    index = None if classes is None else np.asarray(classes, dtype=np.int32)
    return split_indices(samples, section, seed, own=own, class_index=index)


def members(split: SplitIndices) -> list[int]:
    """Returns the samples of all splits, sorted."""
    parts = [part for part in (split.train, split.validation, split.test) if part is not None]
    return sorted(np.concatenate(parts).tolist())


@given(
    samples=st.integers(3, 200),
    validation=st.one_of(st.none(), st.integers(1, 30), st.floats(0.05, 0.4)),
    test=st.one_of(st.none(), st.integers(1, 30), st.floats(0.05, 0.4)),
    shuffle=st.booleans(),
)
def test_every_sample_is_in_one_split(
    samples: int, validation: float | None, test: float | None, shuffle: bool
) -> None:
    """A split loses no sample and doubles none, or says why it cannot be made."""
    try:
        split = divide(samples, validation=validation, test=test, shuffle=shuffle)
    except DataError:
        return
    assert members(split) == list(range(samples))


def test_a_seed_gives_the_same_permutation_for_ever() -> None:
    """The order is pinned, as a run from last year must find the same split."""
    assert permutation(8, seed=7).tolist() == [6, 3, 4, 0, 2, 7, 5, 1]


def test_split_seed_wins_over_the_seed_of_the_experiment() -> None:
    """With `split.seed`, runs with different seeds share one split."""
    runs = [divide(50, seed=seed, split_seed=3, test=0.5).train.tolist() for seed in (1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != divide(50, seed=1, test=0.5).train.tolist()


def test_a_count_and_a_fraction_can_be_mixed() -> None:
    """10 samples for validation and a fifth for the test leave the rest for training."""
    split = divide(100, validation=10, test=0.2)
    assert split.validation is not None and split.test is not None
    assert (len(split.train), len(split.validation), len(split.test)) == (70, 10, 20)


def test_without_shuffle_the_order_is_kept() -> None:
    """The first samples are for training, the last for the test."""
    split = divide(10, validation=2, test=3, shuffle=False)
    assert split.train.tolist() == [0, 1, 2, 3, 4]
    assert split.validation is not None and split.validation.tolist() == [5, 6]
    assert split.test is not None and split.test.tolist() == [7, 8, 9]


def test_limit_takes_that_many_samples_before_splitting() -> None:
    """Half of a limit of 20 is 10."""
    split = divide(1000, test=0.5, limit=20)
    assert split.test is not None
    assert (len(split.train), len(split.test)) == (10, 10)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_stratification_has_the_proportions_of_scikit_learn(share: float) -> None:
    """The classes of the test split are as many as `train_test_split(stratify=...)` gives, up to one."""
    classes = np.repeat([0, 1, 2], [500, 120, 40])
    split = divide(len(classes), classes, test=share, stratify=True)
    assert split.test is not None
    _, expected = train_test_split(classes, test_size=share, stratify=classes, random_state=0)
    difference = np.bincount(classes[split.test]) - np.bincount(expected)
    assert np.abs(difference).max() <= 1


@given(
    counts=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    validation=st.floats(0.05, 0.4),
    test=st.floats(0.05, 0.4),
)
def test_a_stratified_split_has_the_asked_size_and_every_class(
    counts: list[int], validation: float, test: float
) -> None:
    """Rounding per class never changes the size of a split, and no class is left out of one."""
    classes = np.repeat(np.arange(len(counts)), counts)
    try:
        split = divide(len(classes), classes, validation=validation, test=test, stratify=True)
    except DataError:
        return
    plain = divide(len(classes), validation=validation, test=test)
    assert members(split) == list(range(len(classes)))
    for stratified, ordinary in ((split.train, plain.train), (split.validation, plain.validation)):
        assert stratified is not None and ordinary is not None
        assert len(stratified) == len(ordinary)
        assert set(classes[stratified]) == set(range(len(counts)))


def test_a_class_that_is_too_small_is_named() -> None:
    """A class with one member cannot be in two splits."""
    with pytest.raises(DataError, match="no sample of class '1', which has only 1 of the 41"):
        divide(41, [0] * 40 + [1], test=0.5, stratify=True)


def test_stratifying_a_regression_is_refused() -> None:
    """Without classes there is nothing to stratify by."""
    with pytest.raises(DataError, match="stratify needs classes"):
        divide(10, test=0.5, stratify=True)


def test_more_than_there_is_is_refused() -> None:
    """The message has what was asked for and what there is."""
    with pytest.raises(DataError, match=r"asks for 8 for validation and 5 for test.*there are 10 samples"):
        divide(10, validation=8, test=5)


def test_an_empty_split_is_refused() -> None:
    """A hundredth of ten samples is less than one."""
    with pytest.raises(DataError, match=r"the test split is empty: 0\.01 of 10"):
        divide(10, test=0.01)


def test_a_test_share_of_data_with_an_own_test_part_is_refused() -> None:
    """The test part that a data set comes with is used as it is."""
    with pytest.raises(DataError, match="comes with its own test part"):
        divide(10, test=0.5, own=("test",))
