"""`plots/decision_boundary.png`: the class that a network decides for, over the plane of its two features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from nnrun.errors import DataError, UsageError
from nnrun.evaluation.decisions import predicted_classes, probabilities_of, threshold_of
from nnrun.evaluation.plots.labels import column_labels, labels
from nnrun.evaluation.plots.palette import INK, MOST, colours, marks
from nnrun.evaluation.plots.style import header, header_width, picture, text_width
from nnrun.evaluation.plots.subject import (
    NO_CLASSES,
    Subject,
    column_names,
    no_table,
    numeric_columns,
    rows_of,
)
from nnrun.evaluation.plots.ticks import plain_ticks
from nnrun.training.recall import respond

_MARGIN = 0.1
_NAME = 24
_POINTS = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """What a network decides over a grid of two features.

    Args:
        across: Values of the first feature, shape `(columns,)`.
        up: Values of the second one, shape `(rows,)`.
        classes: Number of the class that it decides for, shape `(rows, columns)`.
        probability: Of the second of two classes, else of the class that it decides for, shape `(rows, columns)`; None
            without probabilities.
        lead: By how much it decides for it, over the class that comes next, shape `(rows, columns)`.
    """

    across: NDArray[np.float64]
    up: NDArray[np.float64]
    classes: NDArray[np.int64]
    probability: NDArray[np.float64] | None
    lead: NDArray[np.float64]


def obstacle(subject: Subject) -> str | None:
    """Says why there can be no such picture."""
    if subject.class_names is None:
        return NO_CLASSES
    other = no_table(subject)
    if other is not None:
        return other
    names = column_names(subject)
    if len(names) != 2:
        return f"the network has {len(names)} features, and this picture is for two"
    if len(numeric_columns(subject)) != 2:
        return "a feature is no number but a category"
    return None


def draw(subject: Subject) -> bytes:
    """Draws the plane with all samples on it, or those of the split that was asked for."""
    run, names = subject.trained, subject.class_names
    if names is None:
        raise UsageError(NO_CLASSES)
    splits = subject.several()
    look = subject.look
    rows = rows_of(subject, splits, _POINTS)
    x, y = rows.seen if look.scaled else rows.found, rows.target.astype(np.int64)
    known = np.isfinite(x).all(axis=1)  # what was filled has no place of its own
    x, y = x[known], y[known]
    across, up = (_axis(x[:, column], look.span, look.resolution) for column in (0, 1))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    inputs = grid.astype(np.float32) if look.scaled else subject.preprocessing.apply(grid)
    outputs = respond(run, inputs, subject.weights, subject.device)
    plane = decided(outputs.reshape(len(outputs), -1), across, up, subject)
    unit = ", in the units of the network" if look.scaled else ""
    drawn = f" ({len(x):,} drawn)" if len(x) < rows.total else ""
    what = f"{subject.weights} weights, {' and '.join(splits)}, {rows.total:,} samples{drawn}{unit}"
    title = f"{subject.name}: decision boundary"
    features = column_labels(column_names(subject), _NAME * 2)
    shown = labels(names, _NAME)
    return boundary(plane, x, y, features, shown, title, subject.caption(what))


def decided(
    outputs: NDArray[Any], across: NDArray[np.float64], up: NDArray[np.float64], subject: Subject
) -> Plane:
    """Returns what outputs of shape `(rows * columns, outputs)` say about a grid."""
    if not np.isfinite(outputs).all():
        raise DataError("the outputs of the network are no finite numbers", "Its weights have diverged.")
    shape = (len(up), len(across))
    classes = predicted_classes(outputs, threshold_of(subject.experiment))
    probabilities = probabilities_of(outputs, subject.experiment)
    probability = None
    if probabilities is not None:
        two = len(subject.class_names or ()) == 2
        probability = probabilities[:, 1] if two else probabilities[np.arange(len(classes)), classes]
        probability = probability.reshape(shape)
    return Plane(across, up, classes.reshape(shape), probability, _lead(outputs, subject).reshape(shape))


def _lead(outputs: NDArray[Any], subject: Subject) -> NDArray[np.float64]:
    exact = outputs.astype(np.float64)
    if exact.shape[1] == 1:
        return np.abs(exact[:, 0] - threshold_of(subject.experiment))
    first_two = np.partition(exact, -2, axis=1)[:, -2:]
    return np.asarray(first_two[:, 1] - first_two[:, 0])


def boundary(
    plane: Plane,
    points: NDArray[np.float64],
    classes: NDArray[np.int64],
    features: Sequence[str],
    names: Sequence[str],
    title: str,
    subtitle: str,
) -> bytes:
    """Draws regions of classes, paler where the network is less sure, with samples on top.

    Args:
        plane: What the network decides.
        points: Features of the samples, shape `(samples, 2)`.
        classes: Numbers of their true classes, shape `(samples,)`.
        features: Short names of the two features.
        names: Short names of the classes.
        title: Stands above it.
        subtitle: Stands below the title, smaller.

    Returns:
        The content of a PNG file.
    """
    wide, high = float(np.ptp(plane.across)), float(np.ptp(plane.up))
    # Features of one kind, such as two coordinates, keep their proportions.
    ratio = high / wide if 0.4 < high / wide < 2.5 else 1.0
    side = 6.0
    tall = min(max(side * ratio, 3.2), 7.5)
    across = tall / ratio if tall != side * ratio else side
    two_sided = len(names) == 2 and plane.probability is not None

    def arrange(figure: Figure, renderer: RendererAgg) -> None:
        left, below, top = 0.85, 0.65, 0.85
        beside = 0.35 + (0.75 if two_sided else max(text_width(renderer, name, 10) for name in names) + 0.55)
        if len(names) > MOST:
            beside = 0.3
        width = max(left + across + beside, header_width(renderer, title, subtitle))
        height = top + tall + below
        if two_sided:
            height += 0.3
        figure.set_size_inches(width, height)
        header(figure, title, subtitle)
        axes = figure.add_axes((left / width, below / height, across / width, tall / height))
        extent = (plane.across[0], plane.across[-1], plane.up[0], plane.up[-1])
        if two_sided:
            _draw_probability(figure, axes, plane, names, extent, (left + across + 0.2) / width)
        else:
            _draw_regions(axes, plane, len(names), extent)
        _draw_points(axes, points, classes, len(names))
        axes.set_xlim(extent[:2])
        axes.set_ylim(extent[2:])
        plain_ticks(axes.xaxis, 7)
        plain_ticks(axes.yaxis, 7)
        axes.set_xlabel(features[0])
        axes.set_ylabel(features[1])
        if len(names) > MOST:
            _name_regions(axes, points, classes, names)
        else:
            _draw_legend(figure, axes, names, two_sided=two_sided)

    return picture(5, 5, arrange)


def _axis(
    values: NDArray[np.float64], span: tuple[float, float] | None, resolution: int
) -> NDArray[np.float64]:
    if span is not None:
        return np.linspace(*span, resolution)
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    margin = _MARGIN * (high - low) or 0.5
    return np.linspace(low - margin, high + margin, resolution)


def _draw_probability(
    figure: Figure,
    axes: Axes,
    plane: Plane,
    names: Sequence[str],
    extent: tuple[float, float, float, float],
    left: float,
) -> None:
    first, second = (to_rgb(colour) for colour in colours(2))
    shades = LinearSegmentedColormap.from_list("classes", [first, (0.97, 0.97, 0.97), second])
    probability = plane.probability
    assert probability is not None  # noqa: S101 - the caller has looked
    image = axes.imshow(
        probability, extent=extent, origin="lower", cmap=shades, vmin=0, vmax=1, alpha=0.6,
        interpolation="bilinear", aspect="auto",
    )  # fmt: skip
    _line(axes, plane, 1)
    place = axes.get_position()
    bar = figure.add_axes((left, place.y0, 0.018, place.height))
    shown = figure.colorbar(image, cax=bar)
    shown.outline.set_visible(False)
    shown.ax.tick_params(labelsize=8)
    shown.set_ticks([0, 0.25, 0.5, 0.75, 1])
    shown.set_label(f"probability of class {names[1]}", fontsize=9)


def _draw_regions(axes: Axes, plane: Plane, count: int, extent: tuple[float, float, float, float]) -> None:
    shades = np.array([to_rgb(colour) for colour in colours(count)])[plane.classes]
    if plane.probability is None:
        strength = np.full(plane.classes.shape, 0.35)
    else:
        # From the least that the winner of so many classes can have to certainty.
        strength = 0.08 + 0.42 * np.clip((plane.probability - 1 / count) / (1 - 1 / count), 0, 1)
    pale = 1 - strength[..., np.newaxis] * (1 - shades)
    axes.imshow(pale, extent=extent, origin="lower", interpolation="nearest", aspect="auto")
    for number in np.unique(plane.classes):
        _line(axes, plane, int(number))


def _line(axes: Axes, plane: Plane, number: int) -> None:
    """Draws the border of the region of a class."""
    inside = plane.classes == number
    if inside.any() and not inside.all():
        # The lead passes 0 between two points of the grid where the classes draw level.
        lead = np.where(inside, plane.lead, -plane.lead)
        axes.contour(plane.across, plane.up, lead, levels=[0.0], colors=[INK], linewidths=0.9)


def _draw_points(axes: Axes, points: NDArray[np.float64], classes: NDArray[np.int64], count: int) -> None:
    size = 26 if len(points) <= 300 else 15 if len(points) <= 1500 else 8
    for number, (colour, mark) in enumerate(zip(colours(count), marks(count), strict=True)):
        mine = points[classes == number]
        axes.scatter(
            mine[:, 0],
            mine[:, 1],
            s=size,
            color=colour,
            marker=mark,
            edgecolors="white",
            linewidths=0.5,
            zorder=3,
        )


def _draw_legend(figure: Figure, axes: Axes, names: Sequence[str], *, two_sided: bool) -> None:
    entries = [
        Line2D([], [], linestyle="", marker=mark, color=colour, markersize=6, label=name)
        for name, colour, mark in zip(names, colours(len(names)), marks(len(names)), strict=True)
    ]
    place = axes.get_position()
    if two_sided:
        anchor = (place.x0, place.y1)
        figure.legend(handles=entries, loc="lower left", bbox_to_anchor=anchor, ncols=2, borderaxespad=0.3)
    else:
        anchor = (place.x1, place.y1)
        figure.legend(handles=entries, loc="upper left", bbox_to_anchor=anchor, borderaxespad=0.3)


def _name_regions(
    axes: Axes, points: NDArray[np.float64], classes: NDArray[np.int64], names: Sequence[str]
) -> None:
    """Writes the name of each class where its samples are: so many colours fit into no legend."""
    for number in np.unique(classes):
        x, y = np.median(points[classes == number], axis=0)
        axes.text(
            x, y, names[number], fontsize=7.5, ha="center", va="center", zorder=5, clip_on=True,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )  # fmt: skip
