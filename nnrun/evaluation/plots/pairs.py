"""`plots/pairs.png`: the columns of a table against each other, coloured by class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from nnrun.evaluation.plots.choosing import Groups, grouped, telling
from nnrun.evaluation.plots.labels import column_labels, labels
from nnrun.evaluation.plots.palette import BLUE
from nnrun.evaluation.plots.style import header, header_width, picture, text_width
from nnrun.evaluation.plots.subject import Subject, column_names, no_table, numeric_columns, rows_of
from nnrun.evaluation.plots.ticks import PlainNumbers, plain_ticks

_POINTS = 2_000
_NAME = 24
_PANEL = 1.75

# With fewer different values than that, a smooth density would invent others between them.
_FEW_VALUES = 12


@dataclass(frozen=True, slots=True)
class _Panels:
    """How the parts of the picture are drawn.

    Args:
        points: Draws one column over another: axes, the column across, the column up.
        alone: Draws one column: axes, the column.
        legend: Draws the legend at a place that is given by its left and upper edge, as shares of the picture.
        widest: The widest text in the legend.
        lines: How many lines it has.
    """

    points: Callable[[Axes, int, int], None]
    alone: Callable[[Axes, int], None]
    legend: Callable[[Figure, float, float], None]
    widest: str
    lines: int


def obstacle(subject: Subject) -> str | None:
    """Says why there can be no such picture."""
    other = no_table(subject)
    if other is not None:
        return other
    return None if numeric_columns(subject) else "no column holds numbers"


def draw(subject: Subject) -> bytes:
    """Draws all samples, or the split that was asked for."""
    splits = subject.several()
    rows = rows_of(subject, splits, _POINTS)
    numeric = numeric_columns(subject)
    names = column_names(subject)
    classes = subject.class_names
    x = rows.found[:, numeric]
    chosen = telling(x, rows.target, classes=None if classes is None else len(classes))
    what = f"{' and '.join(splits)}, {rows.total:,} samples"
    if len(x) < rows.total:
        what += f" ({len(x):,} drawn)"
    if len(chosen) < len(numeric):
        what += f", the {len(chosen)} of {len(numeric)} columns that tell most about the target"
    features = column_labels([names[numeric[place]] for place in chosen], _NAME)
    title = f"{subject.name}: pairs of columns"
    values, target = x[:, chosen], rows.target
    if classes is None:
        targets = subject.preprocessing.target_names
        name = column_labels(targets[:1], _NAME)[0] if targets else "target"
        return pairs_of_values(values, target, features, name, title, subject.caption(what))
    groups = grouped(target.astype(np.int64), labels(classes, _NAME))
    return pairs(values, groups, features, title, subject.caption(what))


def pairs(
    x: NDArray[np.float64], groups: Groups, features: Sequence[str], title: str, subtitle: str
) -> bytes:
    """Draws each pair of columns as points, and each column alone as a density, by class.

    Args:
        x: Values, shape `(samples, columns)`; NaN for an empty cell.
        groups: The samples of each class.
        features: Short names of the columns.
        title: Stands above it.
        subtitle: Stands below the title, smaller.

    Returns:
        The content of a PNG file.
    """

    def points(axes: Axes, across: int, up: int) -> None:
        for members, colour, mark in zip(groups.members, groups.colours, groups.marks, strict=True):
            size = 7 if len(x) > 500 else 14
            axes.scatter(
                x[members, across],
                x[members, up],
                s=size,
                color=colour,
                marker=mark,
                alpha=0.65,
                linewidths=0,
            )

    def alone(axes: Axes, column: int) -> None:
        for members, colour in zip(groups.members, groups.colours, strict=True):
            _density(axes, x[members, column], colour, x[:, column])

    def legend(figure: Figure, left: float, top: float) -> None:
        entries = [
            Line2D([], [], linestyle="", marker=mark, color=colour, markersize=6, label=name)
            for name, colour, mark in zip(groups.names, groups.colours, groups.marks, strict=True)
        ]
        figure.legend(handles=entries, loc="upper left", bbox_to_anchor=(left, top), borderaxespad=0)

    parts = _Panels(points, alone, legend, max(groups.names, key=len), len(groups.names))
    return _corner(x, features, parts, title, subtitle)


def pairs_of_values(
    x: NDArray[np.float64],
    target: NDArray[np.float64],
    features: Sequence[str],
    name: str,
    title: str,
    subtitle: str,
) -> bytes:
    """Draws each pair of columns as points, coloured by the number to predict; see `pairs`.

    Args:
        x: Values, shape `(samples, columns)`; NaN for an empty cell.
        target: The numbers, shape `(samples,)`.
        features: Short names of the columns.
        name: Short name of the target.
        title: Stands above it.
        subtitle: Stands below the title, smaller.
    """
    # A few extreme values would leave one colour for all others.
    low, high = (float(value) for value in np.quantile(target, (0.02, 0.98)))
    scale = Normalize(low, high if high > low else low + 1)

    def points(axes: Axes, across: int, up: int) -> None:
        size = 7 if len(x) > 500 else 14
        axes.scatter(
            x[:, across], x[:, up], s=size, c=target, norm=scale, cmap="viridis", alpha=0.75, linewidths=0
        )

    def alone(axes: Axes, column: int) -> None:
        _density(axes, x[:, column], BLUE, x[:, column])

    def legend(figure: Figure, left: float, top: float) -> None:
        width, height = figure.get_size_inches()
        bar = figure.add_axes((left + 0.1 / width, top - 1.5 / height, 0.13 / width, 1.3 / height))
        mapped = ScalarMappable(scale, "viridis")
        shown = figure.colorbar(mapped, cax=bar, extend="both", format=PlainNumbers())
        shown.outline.set_visible(False)
        shown.ax.tick_params(labelsize=8)
        bar.set_title(name, loc="left", fontsize=9)

    return _corner(x, features, _Panels(points, alone, legend, name, 8), title, subtitle)


def _corner(
    x: NDArray[np.float64], features: Sequence[str], parts: _Panels, title: str, subtitle: str
) -> bytes:
    """Draws a triangle of panels; its legend lies in the empty corner, or beside where that is too small."""
    count = len(features)
    inside = count > 2 and parts.lines * 0.22 < (count - 1) * _PANEL * 0.6

    def arrange(figure: Figure, renderer: RendererAgg) -> None:
        aside = max(text_width(renderer, parts.widest, 10), 0.6) + 0.7
        left, side = 0.95, count * _PANEL
        start = left + (_PANEL * max(1, count - 2) if inside else side) + 0.2
        width = max(left + side + 0.2, start + aside, header_width(renderer, title, subtitle))
        height = max(0.8 + side + 0.65, 1.0 + parts.lines * 0.24)
        figure.set_size_inches(width, height)
        header(figure, title, subtitle)
        for row in range(count):
            for column in range(row + 1):
                place = (
                    (left + column * _PANEL + 0.06) / width,
                    (height - 0.8 - (row + 1) * _PANEL + 0.06) / height,
                    (_PANEL - 0.12) / width,
                    (_PANEL - 0.12) / height,
                )
                axes = figure.add_axes(place)
                if row == column:
                    parts.alone(axes, column)
                    axes.set_ylim(bottom=0)
                    axes.set_yticks([])
                    axes.spines["left"].set_visible(False)
                else:
                    parts.points(axes, column, row)
                    axes.set_ylim(_limits(x[:, row]))
                    plain_ticks(axes.yaxis, 4)
                    axes.grid(True)
                axes.set_xlim(_limits(x[:, column]))
                # Long numbers need more room across than up.
                plain_ticks(axes.xaxis, 4 if max(map(abs, axes.get_xlim())) < 1000 else 3)
                axes.tick_params(
                    labelsize=7.5, labelleft=column == 0 and row > 0, labelbottom=row == count - 1
                )
                if row == count - 1:
                    axes.set_xlabel(features[column], fontsize=9)
                if column == 0:
                    axes.set_ylabel(features[row], fontsize=9)
                    axes.yaxis.set_label_coords(-0.62 / (_PANEL - 0.12), 0.5)
        parts.legend(figure, start / width, 1 - 0.85 / height)

    return picture(5, 5, arrange)


def _limits(values: NDArray[np.float64]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    margin = max(0.06 * (high - low), 0.6 * _bar(known)) or 0.5
    return low - margin, high + margin


def _bar(values: NDArray[np.float64]) -> float:
    """Returns how wide the bars of a few different values may be; 0 for many of them."""
    different = np.unique(values)
    if len(different) > _FEW_VALUES:
        return 0.0
    return float(np.diff(different).min()) if len(different) > 1 else 1.0


def _density(axes: Axes, values: NDArray[np.float64], colour: str, of_all: NDArray[np.float64]) -> None:
    """Draws how often values occur: smoothly, or as bars where there are only a few different ones."""
    known, all_known = values[np.isfinite(values)], of_all[np.isfinite(of_all)]
    if not len(known):
        return
    bar = _bar(all_known)
    if bar:
        different, counts = np.unique(known, return_counts=True)
        axes.bar(different, counts / len(known), 0.85 * bar, color=colour, alpha=0.35, edgecolor=colour)
        return
    low, high = float(all_known.min()), float(all_known.max())
    grid = np.linspace(low - 0.06 * (high - low), high + 0.06 * (high - low), 200)
    # Scott's rule for the bandwidth; never so narrow that a class of equal values becomes a needle.
    width = max(float(known.std()) * len(known) ** -0.2, (high - low) / 100)
    heights = np.exp(-0.5 * ((grid[:, np.newaxis] - known) / width) ** 2).mean(axis=1) / width
    axes.fill_between(grid, heights, color=colour, alpha=0.25, linewidth=0)
    axes.plot(grid, heights, color=colour, linewidth=1.3)
