"""The folds of a cross-validation, as scikit-learn's splitters make them.

The splitters are asked for no shuffling of their own: they get the samples in the order that the seed of the split
decided, or in that of the source without `shuffle`. So a fold is found again from the config alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import SplitSection
from nnrun.errors import DataError

Indices = NDArray[np.int64]


def folded(
    samples: Indices,
    section: SplitSection,
    *,
    class_index: NDArray[np.int32] | None = None,
    class_names: Sequence[str] = (),
    groups: Indices | None = None,
    times: NDArray[np.float64] | None = None,
) -> tuple[Indices, Indices]:
    """Divides the samples that are not for the test into those for training and a fold for validation.

    The folds have the classes in the same proportions, and keep groups together. In the order of time, a fold is what
    follows the samples for training, as `TimeSeriesSplit` does it: then the first samples are in no fold, and those
    after the fold are not used.

    Args:
        samples: Their positions, shape `(samples to divide,)`; in the order of time where there are times.
        section: `fold` and `folds` say which fold of how many.
        class_index: The class of every sample of the source, shape `(samples of the source,)`; None for regression.
        class_names: Names of the classes, for messages.
        groups: The group of every sample of the source, shape `(samples of the source,)`: none is in two folds.
        times: When every sample of the source was; only whether there are times matters.

    Returns:
        Positions of the samples for training and of those of the fold, in the order of `samples`.

    Raises:
        DataError: There are too few samples or groups, or a class has a single sample.
    """
    fold, folds = section.fold, section.folds
    if fold is None or folds is None:
        raise ValueError("the config chooses no fold")
    classes = None if class_index is None else class_index[samples]
    if classes is not None and times is None:
        _check_classes(classes, folds, class_names)
    _check_sizes(len(samples), folds, None if groups is None else groups[samples], ordered=times is not None)
    splitter = _splitter(folds, classes is not None, groups is not None, times is not None)
    # The inputs do not matter to a splitter, only how many there are.
    with warnings.catch_warnings():
        # Of a class with fewer samples than folds it says that it is not in all of them.
        warnings.simplefilter("ignore", UserWarning)
        parts = list(
            splitter.split(
                np.zeros(len(samples)), classes, groups=None if groups is None else groups[samples]
            )
        )
    train, validation = parts[fold - 1]
    if not len(train) or not len(validation):
        raise DataError(
            f"fold {fold} of {folds} leaves nothing to train on or nothing to validate on",
            "ask for fewer folds, or name a column with more groups in `dataset.split.group`",
        )
    return samples[train], samples[validation]


def _splitter(folds: int, has_classes: bool, has_groups: bool, has_times: bool) -> Any:
    from sklearn.model_selection import (
        GroupKFold,
        KFold,
        StratifiedGroupKFold,
        StratifiedKFold,
        TimeSeriesSplit,
    )

    if has_times:
        return TimeSeriesSplit(folds)
    if has_groups:
        return (StratifiedGroupKFold if has_classes else GroupKFold)(folds)
    return (StratifiedKFold if has_classes else KFold)(folds)


def _check_sizes(samples: int, folds: int, groups: Indices | None, *, ordered: bool) -> None:
    needed = folds + 1 if ordered else folds
    if samples < needed:
        raise DataError(
            f"dataset.split.folds asks for {folds} folds, and only {samples:,} samples are not for the test",
            f"ask for at most {max(samples - (needed - folds), 2)} folds",
        )
    if groups is not None and (found := len(np.unique(groups))) < folds:
        raise DataError(
            f"dataset.split.folds asks for {folds} folds, and dataset.split.group has only {found:,} groups",
            f"groups stay whole: ask for at most {found} folds" if found > 1 else "name another column",
        )


def _check_classes(classes: NDArray[np.int32], folds: int, names: Sequence[str]) -> None:
    """Refuses a class that some fold has to be trained without."""
    members = np.bincount(classes, minlength=1)
    for number in np.flatnonzero(members == 1):
        name = names[int(number)] if number < len(names) else str(number)
        raise DataError(
            f"class '{name}' has a single sample that is not for the test: one of the {folds} folds would be "
            "validated on it, and trained without it",
            "leave this class out, or get more samples of it",
        )
    if members.max() < folds:
        raise DataError(
            f"dataset.split.folds asks for {folds} folds, and no class has more than {members.max():,} samples that "
            "are not for the test",
            f"ask for at most {members.max()} folds",
        )
