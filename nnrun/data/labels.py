"""Labels in the form that the loss wants, and the names of the classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.labels import LabelForm
from nnrun.data.raw import RawData
from nnrun.errors import DataError

_CLASS_FORMS = "a loss for classes, such as sparse_categorical_crossentropy"
_VALUE_FORMS = "a regression loss, such as mean_squared_error"

MAX_EXACT_INTEGER = 2**53
"""Beyond it, not every whole number is a 64-bit float."""


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a data set.

    Args:
        names: Their names, in the order of their numbers: text sorted, integers by value.
    """

    names: tuple[str, ...]

    def index(self, y: NDArray[Any], *, numbered: bool) -> NDArray[np.int32]:
        """Returns the class of each sample as a number, shape `(samples,)`.

        Args:
            y: Labels of shape `(samples,)`.
            numbered: Whether `y` already holds class numbers instead of names.

        Raises:
            DataError: If a label is no class of these.
        """
        if numbered:
            outside = y[(y < 0) | (y >= len(self.names))]
            if len(outside):
                raise DataError(f"label {outside[0]} is outside the classes 0 to {len(self.names) - 1}")
            return y.astype(np.int32)
        present, inverse = np.unique(y, return_inverse=True)
        numbers = {name: number for number, name in enumerate(self.names)}
        unknown = [name for name in _texts(present) if name not in numbers]
        if unknown:
            raise DataError(
                f"label {_quoted(unknown)} is none of the classes {_quoted(self.names)}",
                "the labels must be the ones that the network was trained on",
            )
        lookup = np.array([numbers[name] for name in _texts(present)], dtype=np.int32)
        return lookup[inverse.reshape(-1)]


def classes_of(raw: RawData) -> Classes:
    """Returns the classes of a data set.

    Raises:
        DataError: If the labels cannot be classes, or there is only one class.
    """
    if raw.class_names is not None:
        return Classes(raw.class_names)
    if _is_one_hot(raw.samples.y):
        return Classes(tuple(str(number) for number in range(raw.samples.y.shape[1])))
    parts = [part for part in (raw.samples, raw.validation, raw.test) if part is not None]
    names = tuple(_texts(np.unique(np.concatenate([class_labels(part.y) for part in parts]))))
    if len(names) < 2:
        raise DataError(
            f"there is only one class, {_quoted(names)}: nothing can be learned",
            "is `dataset.target` the right column?",
        )
    return Classes(names)


def class_labels(y: NDArray[Any]) -> NDArray[Any]:
    """Returns labels that can be classes: text or integers, shape `(samples,)`.

    Args:
        y: One label per sample, or one column per class, with a 1 in that of the sample.

    Raises:
        DataError: If there are several target columns, or numbers that are not whole.
    """
    if _is_one_hot(y):
        numbers: NDArray[Any] = y.argmax(axis=1)
        return numbers
    if y.ndim != 1:
        raise DataError(
            f"the data have {y.shape[1]} target columns, but the loss wants one class per sample",
            f"name one column in `dataset.target`, or use {_VALUE_FORMS}",
        )
    if y.dtype.kind != "f":
        return y
    fractional = y[y != np.floor(y)]
    if len(fractional):
        raise DataError(
            f"the labels are numbers such as {fractional[0]:g}, but the loss wants classes",
            f"use {_VALUE_FORMS}",
        )
    if np.abs(y).max(initial=0) > MAX_EXACT_INTEGER:
        raise DataError(
            f"the labels are numbers such as {np.abs(y).max():g}, which cannot be told apart as classes",
            f"use {_VALUE_FORMS}",
        )
    return y.astype(np.int64)


def encode_classes(index: NDArray[np.int32], classes: Classes, form: LabelForm) -> NDArray[Any]:
    """Returns class numbers as the loss wants them.

    Args:
        index: Class numbers of shape `(samples,)`.
        classes: All classes.
        form: `one_hot` gives `(samples, classes)` float32, `index` gives `(samples,)` int32, `binary` gives
            `(samples, 1)` float32 with the second class as 1.

    Raises:
        DataError: If `form` is `binary` and there are not exactly two classes.
    """
    if form == "one_hot":
        encoded = np.zeros((len(index), len(classes.names)), dtype=np.float32)
        encoded[np.arange(len(index)), index] = 1
        return encoded
    if form == "binary":
        if len(classes.names) != 2:
            raise DataError(
                f"the loss wants two classes, but the data have {len(classes.names)}: "
                f"{_quoted(classes.names)}",
                "use categorical_crossentropy or sparse_categorical_crossentropy, and one unit per class in "
                "the last layer",
            )
        return index.astype(np.float32).reshape(-1, 1)
    return index


def encode_values(y: NDArray[Any], place: Callable[[int], str]) -> NDArray[np.float32]:
    """Returns numbers to predict, shape `(samples, targets)`, float32.

    Args:
        y: Labels of shape `(samples,)` or `(samples, targets)`.
        place: Says where a sample stands, for messages.

    Raises:
        DataError: If the labels are text, or too great for float32.
    """
    if y.dtype.kind not in "iuf":
        texts = _texts(y)
        row = next((row for row, text in enumerate(texts) if not _is_number(text)), 0)
        raise DataError(
            f"{place(row)}: the label is text, '{texts[row]}', but the loss wants numbers",
            f"use {_CLASS_FORMS}, or name another column in `dataset.target`",
        )
    with np.errstate(over="ignore"):
        values = y.astype(np.float32).reshape(len(y), -1)
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        raise DataError(
            f"{place(int(np.argmin(finite)))}: the label is greater than a 32-bit float can hold (3.4e38)",
            "give the target in larger units",
        )
    return values


def _is_one_hot(y: NDArray[Any]) -> bool:
    """Whether every row has a single 1 and else 0."""
    if y.ndim != 2 or y.shape[1] < 2 or y.dtype.kind not in "if":
        return False
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _texts(values: NDArray[Any]) -> list[str]:
    return [str(value) for value in values.tolist()]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _quoted(names: tuple[str, ...] | list[str], most: int = 10) -> str:
    text = ", ".join(f"'{name}'" for name in names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"
