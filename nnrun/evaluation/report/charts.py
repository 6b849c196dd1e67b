"""Charts as values, which the script of the page draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

POINTS = 2_000
"""Of a series with more points, so many are kept, about."""

DIGITS = 7
"""As many digits tell any two 32-bit floats apart that a chart can show apart."""


@dataclass(frozen=True, slots=True)
class Key:
    """What can be shown and hidden.

    Args:
        name: What a series refers to.
        label: What is shown.
        colour: Number of its colour; None where several series of other colours have it.
        dashed: Whether its lines are dashed.
    """

    name: str
    label: str
    colour: int | None = None
    dashed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A series of a chart.

    Args:
        label: What it is called where its value is shown.
        x: Where it was measured, shape `(points,)`.
        y: What was measured, shape `(points,)`; NaN where it was not finite.
        colour: Number of its colour.
        keys: Names of the keys that all have to be on for it to be seen.
        style: How it is drawn; `bars` have their middle at `x`.
        dashed: Whether its line is dashed.
        remarks: What is known about each point besides.
        low: Lower end of the interval of each point.
        high: Upper end.
        sizes: Radius of the dot of each point, in pixels.
    """

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    colour: int = 0
    keys: Sequence[str] = ()
    style: Literal["line", "step", "dots", "bars"] = "line"
    dashed: bool = False
    remarks: Sequence[str] = ()
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    sizes: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A line that is no measurement.

    Args:
        points: Two points, each as x and y; None stands for the end of the axis.
        label: What it means.
        strong: Whether it stands out.
    """

    points: tuple[tuple[float | None, float | None], tuple[float | None, float | None]]
    label: str = ""
    strong: bool = False


def at_x(x: float, label: str, *, strong: bool = True) -> Mark:
    """Returns an upright line."""
    return Mark(((x, None), (x, None)), label, strong)


def at_y(y: float) -> Mark:
    """Returns a level line."""
    return Mark(((None, y), (None, y)))


def diagonal(low: float, high: float) -> Mark:
    """Returns the line on which both values are the same."""
    return Mark(((low, low), (high, high)))


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    Args:
        title: Stands above it.
        described: What can be seen on it, in words, for those who do not see it.
        x: Title of the axis.
        y: Title of the other one; empty where the title of the chart says it.
        curves: The series.
        marks: Lines that are no measurements.
        nearest: Whether the value at the pointer's `x` is told, or the nearest `point`.
        logarithmic: Whether the upright axis is logarithmic; None where it cannot be.
        whole: Whether the values of `x` are whole numbers.
        rest: At which `x` values are told while no pointer is there.
        rest_label: What that one is.
        x_range: Limits of the axis; by default those of the series.
        y_range: Likewise.
        zooms: Whether a part of it can be enlarged.
        bad: Values of `x` where something was not finite.
        square: Whether both axes are equally long.
    """

    title: str
    described: str
    x: str
    curves: Sequence[Curve]
    y: str = ""
    marks: Sequence[Mark] = ()
    nearest: Literal["x", "point"] = "x"
    logarithmic: bool | None = None
    whole: bool = False
    rest: float | None = None
    rest_label: str = ""
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    zooms: bool = False
    bad: Sequence[float] = ()
    square: bool = False

    def values(self) -> dict[str, Any]:
        """Returns what the script needs, as a JSON object."""
        return {
            "title": self.title,
            "x": self.x,
            "y": self.y,
            "curves": [_curve(curve) for curve in self.curves],
            "marks": [{"points": m.points, "label": m.label, "strong": m.strong} for m in self.marks],
            "nearest": self.nearest,
            "logarithmic": self.logarithmic,
            "whole": self.whole,
            "rest": self.rest,
            "restLabel": self.rest_label,
            "xRange": self.x_range,
            "yRange": self.y_range,
            "zooms": self.zooms,
            "bad": list(self.bad),
            "square": self.square,
        }


@dataclass(frozen=True, slots=True)
class Charts:
    """Charts beside each other, with one legend.

    Args:
        charts: The charts; those that zoom do so together.
        keys: What can be shown and hidden in all of them.
    """

    kind: ClassVar[str] = "charts"
    charts: Sequence[Chart]
    keys: Sequence[Key] = ()


@dataclass(frozen=True, slots=True)
class Heat:
    """A confusion matrix of many classes.

    Args:
        names: Of the classes.
        cells: True class, predicted class and samples of each cell that has any.
        support: Samples of each class.
        described: What can be seen on it, in words.
    """

    kind: ClassVar[str] = "heat"
    names: Sequence[str]
    cells: Sequence[tuple[int, int, int]]
    support: Sequence[int]
    described: str

    def values(self) -> dict[str, Any]:
        """Returns what the script needs, as a JSON object."""
        return {"names": list(self.names), "cells": list(self.cells), "support": list(self.support)}


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Columns of a table against each other.

    Args:
        columns: Names of the columns.
        samples: Shape `(samples, columns)`; NaN for an empty cell.
        members: Number of the group of each sample, shape `(samples,)`.
        keys: The groups.
        described: What can be seen on it, in words.
    """

    kind: ClassVar[str] = "pairs"
    columns: Sequence[str]
    samples: NDArray[np.float64]
    members: Sequence[int]
    keys: Sequence[Key]
    described: str

    def values(self) -> dict[str, Any]:
        """Returns what the script needs, as a JSON object."""
        columns = [numbers(self.samples[:, place], digits=4) for place in range(len(self.columns))]
        return {
            "columns": list(self.columns),
            "values": columns,
            "members": list(self.members),
            "keys": [{"name": key.name, "colour": key.colour} for key in self.keys],
        }


def numbers(values: NDArray[np.float64] | Sequence[float], digits: int = DIGITS) -> list[float | int | None]:
    """Returns numbers as JSON can hold them, in few characters: None where one is not finite."""
    return [_number(float(value), digits) for value in values]


def thinned(curve: Curve, keep: Sequence[float] = (), points: int = POINTS) -> Curve:
    """Returns a series with not many more points than allowed, among them the extremes of every stretch.

    Args:
        curve: The series.
        keep: Values of `x` whose points stay.
        points: How many are allowed.
    """
    count = len(curve.x)
    if count <= points:
        return curve
    chosen = {0, count - 1, *np.flatnonzero(np.isin(curve.x, list(keep))).tolist()}
    for part in np.array_split(np.arange(count), points // 2):
        values = curve.y[part]
        known = part[np.isfinite(values)]
        if len(known) < len(part):
            chosen.add(int(part[~np.isfinite(values)][0]))
        if len(known):
            chosen |= {int(known[np.argmin(curve.y[known])]), int(known[np.argmax(curve.y[known])])}
    places = np.array(sorted(chosen))
    return Curve(
        curve.label, curve.x[places], curve.y[places], curve.colour, curve.keys, curve.style, curve.dashed
    )


def _curve(curve: Curve) -> dict[str, Any]:
    found: dict[str, Any] = {
        "label": curve.label,
        "x": numbers(curve.x),
        "y": numbers(curve.y),
        "colour": curve.colour,
        "keys": list(curve.keys),
        "style": curve.style,
        "dashed": curve.dashed,
    }
    if curve.remarks:
        found["remarks"] = list(curve.remarks)
    for name, values in (("low", curve.low), ("high", curve.high), ("sizes", curve.sizes)):
        if values is not None:
            found[name] = numbers(values, digits=5)
    return found


def _number(value: float, digits: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    if value == int(value) and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.{digits}g}")
