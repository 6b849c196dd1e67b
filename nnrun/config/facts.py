"""What is known about a data set without loading it; the cross-checks compare the network with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataFacts:
    """Facts about a data set. A field is None where only loading would tell.

    Args:
        shape: Shape of one sample, without the batch dimension, such as `(28, 28, 1)`.
        dtype: `float32`, or `int32` for token numbers.
        train_samples: Samples in the training split.
        classes: Number of classes, where the target is a class.
        class_names: Their names in the order of their numbers, where they are known.
        target: `classes` where the target can only be a class, `values` where it can only be a number,
            None where the loss decides or nothing is known.
        targets: Number of target columns.
        splits: Which of `validation` and `test` exist besides `train`.
        more_splits: Whether the data may come with others, which only loading tells.
        max_token: The greatest token number, for token sequences.
    """

    shape: tuple[int, ...] | None = None
    dtype: str = "float32"
    train_samples: int | None = None
    classes: int | None = None
    class_names: tuple[str, ...] | None = None
    target: str | None = None
    targets: int = 1
    splits: frozenset[str] = frozenset()
    more_splits: bool = False
    max_token: int | None = None
