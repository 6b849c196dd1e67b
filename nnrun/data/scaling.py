"""Scaling of inputs: fitted on the training split only, kept with the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import Scale
from nnrun.data.rows import Inputs, chunks
from nnrun.errors import DataError


@dataclass(frozen=True, slots=True)
class Scaling:
    """A fitted scaling: `(x - shift) / divisor * factor + offset`, per feature or per channel.

    `shift` and `divisor` have one number for all values, or one per position of the last axis.

    Args:
        method: What the config asked for: `none`, `unit`, `standard`, `minmax` or `range`.
        shift: Subtracted first.
        divisor: Divided by next; never 0.
        factor: Width of the range that `[low, high]` asked for, else 1.
        offset: `low` of the range that `[low, high]` asked for, else 0.
    """

    method: str
    shift: tuple[float, ...] = (0.0,)
    divisor: tuple[float, ...] = (1.0,)
    factor: float = 1.0
    offset: float = 0.0

    def apply(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Returns the scaled values as float32, in the shape of `x`; `x` stays as it is."""
        if self.takes_bytes(x.dtype):
            return self.apply_to_bytes(x)
        scaled = x.astype(np.float64)
        if any(self.shift):
            scaled -= np.asarray(self.shift)
        if any(divisor != 1 for divisor in self.divisor):
            scaled /= np.asarray(self.divisor)
        if self.factor != 1:
            scaled *= self.factor
        if self.offset:
            scaled += self.offset
        # A value beyond float32 becomes infinite here, and the caller looks for infinite values.
        with np.errstate(over="ignore"):
            return scaled.astype(np.float32)

    def takes_bytes(self, dtype: np.dtype[Any]) -> bool:
        """Whether `apply_to_bytes` can scale values of a type."""
        return dtype.kind in "ui" and dtype.itemsize == 1 and len(self.divisor) == 1

    def apply_to_bytes(self, x: NDArray[Any], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Returns the scaled values, with the bits of `apply`, which are found out for the 256 that a byte can have.

        Args:
            x: Values of a type for which `takes_bytes` is true.
            out: Gets the scaled values, instead of a new array.
        """
        values = np.arange(256, dtype=np.uint8).view(x.dtype)
        table = self.apply(values.astype(np.float64))
        divisor = np.float32(self.divisor[0])
        # A division is several times as fast as looking values up; it has to give the same bits.
        if np.array_equal(np.divide(values, divisor, dtype=np.float32), table):
            quotient: NDArray[np.float32] = np.divide(x, divisor, out=out, dtype=np.float32)
            return quotient
        # No index can be outside; `clip` spares the search for one, which takes longer than the rest.
        return np.take(table, x.view(np.uint8), mode="clip", out=out)

    def to_json(self) -> dict[str, Any]:
        """Returns a JSON object; Python writes and reads floats without loss."""
        return {
            "method": self.method,
            "shift": list(self.shift),
            "divisor": list(self.divisor),
            "factor": self.factor,
            "offset": self.offset,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Scaling:
        """Reads what `to_json` wrote."""
        return cls(
            method=value["method"],
            shift=tuple(value["shift"]),
            divisor=tuple(value["divisor"]),
            factor=value["factor"],
            offset=value["offset"],
        )


def fit_scaling(scale: Scale, x: Inputs, value_range: tuple[float, float] | None) -> Scaling:
    """Fits a scaling to the training split.

    Tables are scaled per column; images by one mean, deviation, minimum and maximum for all pixels, or one
    per channel where there are several.

    Args:
        scale: `dataset.scale`.
        x: Training inputs of shape `(samples, features)` or `(samples, height, width, channels)`; what lies in a
            file is read in pieces.
        value_range: Lowest and highest value that an input can have, where that is known.

    Raises:
        DataError: If `unit` is asked for and the range of the values is not known.
    """
    if scale == "none":
        return Scaling("none")
    if isinstance(scale, list):
        low, high = scale
        shift, divisor = _from_range(value_range) if value_range else _from_extremes(x)
        return Scaling("range", shift, divisor, factor=high - low, offset=low)
    if scale == "unit":
        if value_range is None:
            raise DataError(
                "dataset.scale is unit, but the range of these values is not known beforehand",
                "use `scale: minmax` to take it from the training split, or `scale: standard`",
            )
        return Scaling("unit", *_from_range(value_range))
    if scale == "minmax":
        return Scaling("minmax", *_from_extremes(x))
    return Scaling("standard", *_from_moments(x))


Numbers = tuple[float, ...]


def _from_range(value_range: tuple[float, float]) -> tuple[Numbers, Numbers]:
    low, high = value_range
    return (float(low),), (float(high - low),)


def _from_extremes(x: Inputs) -> tuple[Numbers, Numbers]:
    lows, highs = zip(*((piece.min(axis=0), piece.max(axis=0)) for piece in _pieces(x)), strict=True)
    low = np.min(lows, axis=0).astype(np.float64)
    high = np.max(highs, axis=0).astype(np.float64)
    return _numbers(low), _numbers(_without_zeros(high - low, low))


def _from_moments(x: Inputs) -> tuple[Numbers, Numbers]:
    """Returns mean and deviation, both in float64, the deviation of the population as in scikit-learn."""
    if x.dtype == np.uint8:
        mean, deviation = _byte_moments(x)
    elif isinstance(x, np.ndarray):
        columns = _columns(x).astype(np.float64, copy=False)
        mean, deviation = columns.mean(axis=0), columns.std(axis=0)
    else:
        count = len(x) * int(np.prod(x.shape[1:-1], dtype=np.int64))
        mean = sum(piece.astype(np.float64, copy=False).sum(axis=0) for piece in _pieces(x)) / count
        squares = sum(
            ((piece.astype(np.float64, copy=False) - mean) ** 2).sum(axis=0) for piece in _pieces(x)
        )
        deviation = np.sqrt(squares / count)
    return _numbers(mean), _numbers(_without_zeros(deviation, mean))


def _byte_moments(x: Inputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns mean and deviation of each channel of bytes, from how often each of the 256 values occurs."""
    counts = np.zeros((x.shape[-1], 256), dtype=np.int64)
    for piece in _pieces(x):
        for channel in range(piece.shape[1]):
            counts[channel] += np.bincount(piece[:, channel], minlength=256)
    numbers = np.arange(256)
    mean = counts @ numbers / counts.sum(axis=1)
    squares = (counts * (numbers - mean[:, np.newaxis]) ** 2).sum(axis=1)
    return mean, np.sqrt(squares / counts.sum(axis=1))


def _pieces(x: Inputs) -> Iterator[NDArray[Any]]:
    """Yields all of `x` as `_columns`: an array as a whole, what lies in a file piece by piece."""
    if isinstance(x, np.ndarray):
        yield _columns(x)
        return
    for start, stop in chunks(x):
        yield _columns(x[start:stop])


def _columns(x: NDArray[Any]) -> NDArray[Any]:
    """Returns `x` as `(values, features)`: a feature is a column of a table, or a channel of images."""
    return x.reshape(-1, x.shape[-1])


def _without_zeros(divisor: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replaces the divisor of a constant column by 1; rounding may leave a constant one just above 0."""
    constant = divisor <= 10 * np.finfo(np.float64).eps * np.abs(centre)
    return np.where(constant | (divisor == 0), 1.0, divisor)


def _numbers(values: NDArray[np.float64]) -> Numbers:
    return tuple(cast(list[float], values.tolist()))
