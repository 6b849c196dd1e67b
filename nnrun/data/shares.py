"""How many samples each split gets. Free of NumPy, so that `check` can ask too."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from nnrun.config.datasets import DatasetSection, SplitSection
from nnrun.errors import DataError


@dataclass(frozen=True, slots=True)
class Shares:
    """Samples per split.

    Args:
        train: What is left for training, at least 1.
        validation: Samples that are taken for the validation split; 0 where there is none, or where the data set
            comes with its own.
        test: Samples that are taken for the test split, likewise.
    """

    train: int
    validation: int
    test: int


def shares(samples: int, section: DatasetSection, own: Collection[str] = ()) -> Shares:
    """Returns how many samples each split gets.

    A fraction is one of all samples that are divided, rounded half up; 0.1 of 150 is 15.

    Args:
        samples: Samples that there are, without the parts that the data set comes with.
        section: `split` and `limit` say what was asked for.
        own: Which of `validation` and `test` the data set comes with.

    Raises:
        DataError: If a split would be empty, or more is asked for than there is.
    """
    split = section.split
    for name, share in (("validation", split.validation), ("test", split.test)):
        if name in own and share is not None:
            rest = {"test": "; `validation` is cut from the rest"}.get(name, "")
            raise DataError(
                f"dataset.split.{name} is {share}, but this data set comes with its own {name} part",
                f"leave `{name}` out of `split`: the {name} part is used as it is{rest}",
            )
    if split.fold is not None and "validation" in own:
        raise DataError(
            "dataset.split.fold: a fold is the validation split, but the data come with a validation part of their own",
            "leave that part out, for instance with `dataset.validation=null`, or do without folds",
        )
    count = samples if section.limit is None else min(samples, section.limit)
    if count == 0:
        raise DataError("the data set has no samples")
    validation = _share("validation", split.validation, count)
    test = _share("test", split.test, count)
    train = count - validation - test
    if train < 1:
        parts = [f"{n} for {name}" for name, n in (("validation", validation), ("test", test)) if n]
        raise DataError(
            f"dataset.split asks for {' and '.join(parts)}, which leaves nothing to train on: "
            f"there are {count:,} samples",
            "ask for less, as fractions below 1 or counts of samples",
        )
    return Shares(train, validation, test)


def without_fold(samples: int, split: SplitSection) -> int | None:
    """Returns how many samples are left for training without the fold that is the validation split.

    Args:
        samples: Samples that are not for the test.
        split: `fold` and `folds` say which fold; without them all are left.

    Returns:
        None where groups or times decide, which only loading tells.
    """
    if split.fold is None or split.folds is None:
        return samples
    if getattr(split, "group", None) is not None or getattr(split, "time", None) is not None:
        return None
    # As scikit-learn: the first folds are larger by one where it does not come out even.
    return samples - samples // split.folds - int(split.fold <= samples % split.folds)


def _share(name: str, share: float | int | None, count: int) -> int:
    if share is None:
        return 0
    if isinstance(share, int):
        return share
    size = math.floor(share * count + 0.5)
    if size == 0:
        raise DataError(
            f"the {name} split is empty: {share} of {count:,} samples is less than one",
            f"give dataset.split.{name} a larger fraction, or a count of samples",
        )
    return size
