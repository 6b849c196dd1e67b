"""`plots/confusion_matrix.png`: which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnrun.evaluation.plots.labels import labels
from nnrun.evaluation.plots.palette import BLUE, FAINT_INK, INK
from nnrun.evaluation.plots.style import header, header_width, picture, text_width
from nnrun.evaluation.plots.subject import NO_CLASSES, Subject
from nnrun.evaluation.scores import Matrix, classification, confusion_matrix, most_confused

# Up to this many classes a cell has room for its count, and up to the second number every class for its name.
_NUMBERED = 25
_NAMED = 130
_LONGEST_NAME = 24
_PAIRS = 15

_SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#cfe3f1", BLUE, "#00304d"])

# Mistakes are mostly small shares, which a linear scale would leave white.
_SCALE = PowerNorm(0.5, vmin=0, vmax=1)


def obstacle(subject: Subject) -> str | None:
    """Says why there can be no such picture."""
    return NO_CLASSES if subject.class_names is None else None


def draw(subject: Subject) -> bytes:
    """Draws the matrix of the split that was asked for."""
    answers = subject.classes
    matrix = confusion_matrix(answers.truth, answers.predicted, len(answers.names))
    accuracy = classification(matrix, answers.names).accuracy
    subtitle = subject.predictions_caption(f"accuracy {accuracy:.4f}")
    return confusion(matrix, answers.names, f"{subject.name}: confusion matrix", subtitle)


def confusion(matrix: Matrix, names: Sequence[str], title: str, subtitle: str = "") -> bytes:
    """Draws a confusion matrix, shaded by the share of each true class.

    Args:
        matrix: Counts of shape `(classes, classes)`; rows are true classes, columns predicted ones.
        names: Names of the classes.
        title: Stands above it.
        subtitle: Stands below the title, smaller.

    Returns:
        The content of a PNG file.
    """
    count = len(names)
    short = labels(names, _LONGEST_NAME)
    cell = 0.62 if count <= 10 else 0.5 if count <= _NUMBERED else max(9.0 / count, 0.105)
    side = min(max(cell * count, 2.2), 16.0)
    step = 1 if count <= _NAMED else int(np.ceil(count / (side / 0.16)))
    # In a larger one the numbers have no place, and the worst mistakes are told beside it.
    pairs = _pairs(matrix, short) if count > _NUMBERED else []

    def arrange(figure: Figure, renderer: RendererAgg) -> None:
        size = 9.0 if count <= _NUMBERED else min(9.0, 66 * side / count * step)
        label = max(text_width(renderer, name, size) for name in short)
        tilt = 0 if label <= side / count * 0.95 or count == 1 else 50 if count <= _NUMBERED else 90
        below = {0: 0.2, 50: label * 0.75 + 0.1, 90: label + 0.1}[tilt] + 0.55
        left, right, top = label + 0.55, 1.05, 0.85
        listed = max((text_width(renderer, pair, 9) for pair in pairs), default=-0.35) + 0.35
        width = max(left + side + right + listed, header_width(renderer, title, subtitle))
        height = top + side + below
        figure.set_size_inches(width, height)
        header(figure, title, subtitle)
        axes = figure.add_axes((left / width, below / height, side / width, side / height))
        support = matrix.sum(axis=1, keepdims=True)
        shares = np.divide(matrix, support, out=np.zeros(matrix.shape), where=support > 0)
        image = axes.imshow(shares, cmap=_SHADES, norm=_SCALE, interpolation="nearest", aspect="equal")
        places = list(range(0, count, step))
        axes.set_xticks(places, [short[place] for place in places], fontsize=size, rotation=tilt)
        axes.set_yticks(places, [short[place] for place in places], fontsize=size)
        if tilt == 50:
            for text in axes.get_xticklabels():
                text.set_horizontalalignment("right")
                text.set_rotation_mode("anchor")
        axes.tick_params(length=0 if step == 1 else 2, pad=3)
        axes.spines[:].set_visible(True)
        axes.spines[:].set_color(FAINT_INK)
        if count <= _NUMBERED:
            _write_counts(axes, matrix, shares, 9 if count <= 10 else 7)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        bar = figure.add_axes(((left + side + 0.18) / width, below / height, 0.14 / width, side / height))
        scale = figure.colorbar(image, cax=bar)
        scale.outline.set_visible(False)
        scale.ax.tick_params(labelsize=8, length=2)
        ticks = [0, 0.05, 0.2, 0.5, 1]
        scale.set_ticks(ticks, labels=[f"{tick:.0%}".replace("%", " %") for tick in ticks])
        scale.set_label("of the true class", fontsize=8)
        for number, pair in enumerate(pairs):
            place = ((left + side + right + 0.15) / width, 1 - (top + 0.08 + 0.2 * number) / height)
            bold = "bold" if not number else "normal"
            figure.text(*place, pair, fontsize=9, va="center", fontweight=bold)

    return picture(5, 5, arrange)


def _pairs(matrix: Matrix, names: Sequence[str]) -> list[str]:
    found = most_confused(matrix, _PAIRS)
    if not found:
        return []
    support = matrix.sum(axis=1)
    lines = [
        f"{count:,} ({count / support[row]:.0%}) {names[row]} taken for {names[column]}".replace("%", " %")
        for row, column, count in found
    ]
    return ["Most often mistaken", *lines]


def _write_counts(axes: Axes, matrix: Matrix, shares: NDArray[np.float64], size: int) -> None:
    few = len(matrix) <= 5
    for row in range(len(matrix)):
        for column in range(len(matrix)):
            value = int(matrix[row, column])
            if value == 0 and row != column and not few:
                continue  # what did not happen need not be read
            colour = "white" if shares[row, column] > 0.3 else INK if value else FAINT_INK
            axes.text(column, row, f"{value:,}", ha="center", va="center", color=colour, fontsize=size)
