"""Arrays of a user as a data set: checked completely, and in the form that all sources hand over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets.arrays import Kind
from nnrun.data.array_checks import check_finite, check_tokens, checksum
from nnrun.data.array_kinds import kind_of
from nnrun.data.raw import Part, RawData
from nnrun.data.rows import is_mapped
from nnrun.errors import DataError


@dataclass(frozen=True, slots=True)
class Given:
    """The arrays of one part of the data, as they were found, with what to call them in messages.

    Args:
        x: The inputs.
        y: The labels.
        x_name: What to call `x`, such as `x_test`.
        y_name: What to call `y`.
        weights: How much each sample counts in the loss; None where all count the same.
        weights_name: What to call them.
        where: What they come from, if not from the same as all others.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    x_name: str = "x"
    y_name: str = "y"
    weights: NDArray[Any] | None = None
    weights_name: str = "sample_weight"
    where: str = ""

    def weighted(self, weights: NDArray[Any], name: str) -> Given:
        """Returns the same arrays with weights."""
        return replace(self, weights=weights, weights_name=name)


@dataclass(frozen=True, slots=True)
class Names:
    """Names that come with arrays.

    Args:
        classes: Of the classes, in the order of the class numbers.
        features: Of the columns of a table.
        targets: Of the target columns.
    """

    classes: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None


def data_of_arrays(
    parts: Mapping[str, Given],
    kind: Kind | None,
    names: Names,
    where: str,
    notes: tuple[str, ...] = (),
) -> RawData:
    """Checks arrays and makes a data set of them.

    Args:
        parts: `samples`, which the splits are cut from, and `validation` and `test` where the data have them.
        kind: `dataset.kind`; None to tell it by type and shape.
        names: Names of classes and columns.
        where: Where the arrays come from, for messages.
        notes: Sentences about the data that the user should read.

    Raises:
        DataError: The arrays do not belong together, or hold something that nothing can be learned from.
    """
    samples = parts["samples"]
    kind = _kind(samples.x, kind, f"{where}: {samples.x_name}")
    made = {name: _part(given, kind, given.where or where) for name, given in parts.items()}
    for name, part in made.items():
        given = parts[name]
        here = given.where or where
        _check_alike(made["samples"], part, samples, given, here)
        if names.classes is not None:
            _check_numbers(part.y, f"{here}: {given.y_name}", len(names.classes))
    columns = made["samples"].x.shape[1:]
    if names.features is not None and (kind != "table" or columns != (len(names.features),)):
        raise DataError(
            f"{where}: there are {len(names.features)} names of features for samples of shape {columns}",
            "name each column of a table, or none",
        )
    is_image = kind == "images" and samples.x.dtype == np.uint8
    return RawData(
        kind=kind,
        samples=made["samples"],
        test=made.get("test"),
        validation=made.get("validation"),
        class_names=names.classes,
        feature_names=names.features,
        target_names=names.targets,
        value_range=(0, 255) if is_image else None,
        notes=notes,
        place=lambda row: f"{where}, sample {row}",
    )


def _kind(x: NDArray[Any], asked: Kind | None, where: str) -> Kind:
    return kind_of(x.dtype.str, x.shape, asked, where)


def _part(given: Given, kind: Kind, where: str) -> Part:
    x_name, y_name = f"{where}: {given.x_name}", f"{where}: {given.y_name}"
    x = given.x
    _kind(x, kind, x_name)
    y = labels_of_array(given.y, y_name)
    if len(x) != len(y):
        raise DataError(
            f"{where}: {given.x_name} has {len(x):,} samples, but {given.y_name} has {len(y):,} labels",
            "the first axis of both counts the samples",
        )
    if kind == "tokens":
        check_tokens(x, x_name)
    check_finite(x, x_name)
    digest = checksum(x) if is_mapped(x) else None
    if kind == "table" and x.ndim == 1:
        x = x[:, np.newaxis]
    elif kind == "images" and x.ndim == 3:
        x = x[..., np.newaxis]
    return Part(x, y, _weights(given, where), digest)


def labels_of_array(y: NDArray[Any], where: str) -> NDArray[Any]:
    """Returns labels of shape `(samples,)` or `(samples, targets)`: int64, float64 or text, in memory.

    Args:
        y: What was found.
        where: What to call it in messages.

    Raises:
        DataError: It has another shape or type, or values that are not finite.
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim not in (1, 2) or 0 in y.shape:
        raise DataError(
            f"{where} has shape {y.shape}, but labels are (samples,), or (samples, targets)",
            "give one label per sample, or one row of numbers",
        )
    kind = y.dtype.kind
    if kind == "S":
        try:
            y, kind = np.char.decode(y, "utf-8"), "U"
        except UnicodeDecodeError as error:
            raise DataError(f"{where} holds bytes that are no UTF-8 text", "save them as texts") from error
    if kind == "U":
        if y.ndim == 2:
            raise DataError(f"{where} has shape {y.shape}, but each sample has one text as label")
        return np.array(y)
    if kind not in "biuf":
        raise DataError(f"{where} holds values of type {y.dtype}", "labels are numbers or texts")
    if kind == "u" and y.dtype.itemsize == 8 and int(y.max()) > np.iinfo(np.int64).max:
        raise DataError(f"{where} holds {int(y.max())}, which 64 bits with a sign cannot hold")
    check_finite(y, where)
    return np.array(y, dtype=np.float64 if kind == "f" else np.int64)


def _weights(given: Given, where: str) -> NDArray[np.float64] | None:
    weights, name = given.weights, f"{where}: {given.weights_name}"
    if weights is None:
        return None
    if weights.ndim == 2 and weights.shape[1] == 1:
        weights = weights[:, 0]
    if weights.shape != (len(given.x),) or weights.dtype.kind not in "biuf":
        raise DataError(
            f"{name} is {weights.dtype} of shape {weights.shape}, but weights are {len(given.x):,} numbers",
            "give one weight per sample",
        )
    check_finite(weights, name)
    values = np.array(weights, dtype=np.float64)
    if values.min() < 0 or not values.any():
        wrong = "negative weights" if values.min() < 0 else "only weights of 0"
        raise DataError(f"{name} has {wrong}", "a weight says how much a sample counts, from 0")
    return values


def _check_alike(samples: Part, part: Part, given: Given, other: Given, where: str) -> None:
    if part.x.shape[1:] != samples.x.shape[1:]:
        raise DataError(
            f"{where}: the samples of {other.x_name} have shape {part.x.shape[1:]}, those of {given.x_name} "
            f"{samples.x.shape[1:]}",
            "all splits have samples of one shape",
        )
    if part.y.shape[1:] != samples.y.shape[1:] or (part.y.dtype.kind == "U") != (samples.y.dtype.kind == "U"):
        raise DataError(
            f"{where}: {other.y_name} is {part.y.dtype} of shape {part.y.shape}, {given.y_name} is "
            f"{samples.y.dtype} of shape {samples.y.shape}",
            "all splits have labels of one kind",
        )


def _check_numbers(y: NDArray[Any], where: str, classes: int) -> None:
    """Refuses labels that are no numbers of named classes."""
    if y.dtype.kind == "U":
        raise DataError(
            f"{where} holds texts, and names of classes are for class numbers", "leave the names out"
        )
    if y.ndim == 2:
        if y.shape[1] != classes:
            raise DataError(
                f"{where} has {y.shape[1]} columns, and there are {classes} names of classes",
                "one column per class",
            )
        return
    outside = np.flatnonzero((y < 0) | (y >= classes))
    if len(outside):
        row = int(outside[0])
        raise DataError(
            f"{where}[{row}] is {y[row]}, but there are {classes} names of classes, for the numbers 0 to "
            f"{classes - 1}",
            "name every class, in the order of their numbers",
        )
