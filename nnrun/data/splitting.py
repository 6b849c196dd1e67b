"""Which sample lies in which split."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import DatasetSection
from nnrun.data.folding import folded
from nnrun.data.grouping import grouped
from nnrun.data.shares import Shares, shares
from nnrun.errors import DataError

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SplitIndices:
    """Positions of the samples of each split, shape `(samples of the split,)`, in the order of the split.

    `validation` and `test` are None where the config asks for no such split.
    """

    train: Indices
    validation: Indices | None
    test: Indices | None


def split_indices(
    samples: int,
    section: DatasetSection,
    seed: int,
    *,
    own: Collection[str] = (),
    class_index: NDArray[np.int32] | None = None,
    class_names: Sequence[str] = (),
    groups: Indices | None = None,
    times: NDArray[np.float64] | None = None,
) -> SplitIndices:
    """Divides samples into training, validation and test split.

    With `shuffle`, the samples are shuffled first; without it, the first ones are for training, then come
    those for validation, then those for the test. The same arguments give the same splits with every
    version of every library. With `split.fold`, what is left for training is divided into folds, and one of them is
    the validation split (`nnrun.data.folding`).

    Args:
        samples: Samples to divide, without the parts that the data set comes with.
        section: `split`, `limit` and `shuffle` say how.
        seed: Decides the order, unless `split.seed` does.
        own: Which of `validation` and `test` the data set comes with.
        class_index: The class of each sample, shape `(samples,)`; needed for `stratify`.
        class_names: Names of the classes, for messages.
        groups: The group of each sample, shape `(samples,)`: none is in two splits. Their sizes are as near to what
            was asked for as whole groups allow.
        times: When each sample was, shape `(samples,)`: the last are for the test, those before for validation.

    Raises:
        DataError: If a split would be empty, more is asked for than there is, or a class or the number of groups is
            too small for every split.
    """
    sizes = shares(samples, section, own)
    if section.shuffle:
        split_seed = section.split.seed
        order = permutation(samples, seed if split_seed is None else split_seed)
    else:
        order = np.arange(samples, dtype=np.int64)
    order = order[: sizes.train + sizes.validation + sizes.test]

    if section.split.stratify:
        if class_index is None:
            raise DataError(
                "dataset.split.stratify needs classes, but the loss makes this a regression",
                "leave `stratify` out",
            )
        part = _stratified(class_index[order], sizes, class_names)
    elif groups is not None:
        part = grouped(groups[order], sizes)
    else:
        if times is not None:
            order = order[np.argsort(times[order], kind="stable")]
        part = np.repeat(np.arange(3), [sizes.train, sizes.validation, sizes.test])
    train = order[part == 0]
    validation = order[part == 1] if sizes.validation else None
    if section.split.fold is not None:
        train, validation = folded(
            train,
            section.split,
            class_index=class_index,
            class_names=class_names,
            groups=groups,
            times=times,
        )
    return SplitIndices(train, validation, test=order[part == 2] if sizes.test else None)


def permutation(count: int, seed: int) -> Indices:
    """Returns the numbers below `count` in an order that the seed decides, shape `(count,)`.

    It sorts raw random words instead of calling `Generator.permutation`: NumPy promises the stream of a bit
    generator for ever, but not what its distributions make of it (NEP 19).
    """
    words: NDArray[Any] = np.random.PCG64(seed).random_raw(count)
    return np.asarray(np.argsort(words, kind="stable"), dtype=np.int64)


def _stratified(classes: NDArray[np.int32], sizes: Shares, names: Sequence[str]) -> NDArray[np.int64]:
    """Returns the part (0 train, 1 validation, 2 test) of each sample, shape `(samples,)`."""
    members = np.bincount(classes)
    validation = _proportional(members, sizes.validation)
    test = _proportional(members, sizes.test, free=members - validation)
    part = np.zeros(len(classes), dtype=np.int64)
    for number in np.flatnonzero(members):
        cut = (members[number] - validation[number] - test[number], validation[number], test[number])
        for split, size, asked in zip(("training", "validation", "test"), cut, _totals(sizes), strict=True):
            if asked and size < 1:
                name = names[int(number)] if number < len(names) else str(number)
                raise DataError(
                    f"the {split} split would have no sample of class '{name}', which has only "
                    f"{members[number]:,} of the {len(classes):,} samples",
                    "a stratified split has every class in every split: ask for larger shares, or set "
                    "`stratify: false`",
                )
        part[np.flatnonzero(classes == number)] = np.repeat(np.arange(3), cut)
    return part


def _totals(sizes: Shares) -> tuple[int, int, int]:
    return sizes.train, sizes.validation, sizes.test


def _proportional(
    members: NDArray[np.int64], total: int, free: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Divides a total among classes in proportion to their members, by the largest remainder.

    Args:
        members: Samples per class, shape `(classes,)`.
        total: What the result adds up to.
        free: At most so many of each class, shape `(classes,)`; all members by default.
    """
    free = members if free is None else free
    exact = members * (total / members.sum())
    result: NDArray[np.int64] = np.minimum(np.floor(exact + 1e-9).astype(np.int64), free)
    # Ties go to the class with the lower number, so that the outcome is the same everywhere.
    for number in np.argsort(-(exact - result).round(9), kind="stable"):
        if result.sum() >= total:
            break
        if result[number] < free[number]:
            result[number] += 1
    return result
