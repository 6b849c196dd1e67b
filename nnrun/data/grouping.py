"""Splits that keep groups of samples together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnrun.data.shares import Shares
from nnrun.errors import DataError

_ADVICE = (
    "groups stay whole: ask for other shares, or name a column with more groups in `dataset.split.group`"
)


def grouped(groups: NDArray[np.int64], sizes: Shares) -> NDArray[np.int64]:
    """Divides samples so that no group is in two splits.

    The groups are gone through backwards, and each is taken for the test, else for validation, if that brings the
    split nearer to the size that was asked for. All others are for training.

    Args:
        groups: The group of each sample, in the order in which the samples are divided, shape `(samples,)`.
        sizes: How many samples each split should have.

    Returns:
        The part (0 train, 1 validation, 2 test) of each sample, shape `(samples,)`.

    Raises:
        DataError: A split would be empty.
    """
    names, first, inverse, members = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )
    part_of_group = np.zeros(len(names), dtype=np.int64)
    wanted = {2: sizes.test, 1: sizes.validation}
    free = len(groups)
    for group in np.argsort(first)[::-1].tolist():
        count = int(members[group])
        for number, missing in wanted.items():
            # Something has to be left to train on.
            if count <= 2 * missing and count < free:
                part_of_group[group] = number
                wanted[number] = missing - count
                free -= count
                break
    part: NDArray[np.int64] = part_of_group[inverse.reshape(-1)]
    for number, name, asked in ((1, "validation", sizes.validation), (2, "test", sizes.test)):
        if asked and not np.any(part == number):
            raise DataError(
                f"no group of dataset.split.group is small enough for the {name} split: it should have {asked:,} of "
                f"{len(groups):,} samples, and the smallest of {len(names):,} in all has {members.min():,}",
                _ADVICE,
            )
    return part
