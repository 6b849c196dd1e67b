"""`plots/confusion_matrix.png`: which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnrun.evaluation.plots.style import BLUE, FAINT_INK, INK, picture, shortened, text_width
from nnrun.evaluation.scores import Matrix

# Up to this many classes a cell has room for its count, and every class for its name.
_NUMBERED = 25
_NAMED = 60
_LONGEST_NAME = 24

_SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#cfe3f1", BLUE, "#00304d"])


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
    labels = [shortened(name, _LONGEST_NAME) for name in names]
    cell = 0.62 if count <= 10 else 0.5 if count <= _NUMBERED else max(9.0 / count, 0.06)
    side = max(cell * count, 2.2)

    def draw(figure: Figure, renderer: RendererAgg) -> None:
        size = 9 if count <= _NUMBERED else max(4.0, min(9.0, 55 * side / count))
        label = max(text_width(renderer, name, size) for name in labels)
        slanted = count > 1 and label > side / count * 0.95
        below = (label * 0.75 if slanted else 0.2) + 0.55
        left, right, top = label + 0.65, 1.05, 0.85
        # Bold letters are about an eighth wider than those that are measured.
        heading = max(text_width(renderer, title, 11) * 1.13, text_width(renderer, subtitle, 9))
        width = max(left + side + right, left + heading + 0.15)
        height = top + side + below
        figure.set_size_inches(width, height)
        axes = figure.add_axes((left / width, below / height, side / width, side / height))
        support = matrix.sum(axis=1, keepdims=True)
        shares = np.divide(matrix, support, out=np.zeros(matrix.shape), where=support > 0)
        image = axes.imshow(shares, cmap=_SHADES, vmin=0, vmax=1, interpolation="nearest", aspect="equal")
        step = 1 if count <= _NAMED else int(np.ceil(count / 25))
        places = list(range(0, count, step))
        axes.set_xticks(places, [labels[place] for place in places], fontsize=size)
        axes.set_yticks(places, [labels[place] for place in places], fontsize=size)
        if slanted:
            for text in axes.get_xticklabels():
                text.set_rotation(50)
                text.set_horizontalalignment("right")
                text.set_rotation_mode("anchor")
        axes.tick_params(length=0 if step == 1 else 2)
        axes.spines[:].set_visible(True)
        axes.spines[:].set_color(FAINT_INK)
        if count <= _NUMBERED:
            _write_counts(axes, matrix, shares, 9 if count <= 10 else 7)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        figure.text(left / width, 1 - 0.4 / height, title, fontsize=11, fontweight="bold")
        figure.text(left / width, 1 - 0.63 / height, subtitle, fontsize=9, color=FAINT_INK)
        bar = figure.add_axes(((left + side + 0.18) / width, below / height, 0.14 / width, side / height))
        scale = figure.colorbar(image, cax=bar)
        scale.outline.set_visible(False)
        scale.ax.tick_params(labelsize=8, length=2)
        scale.set_ticks([0, 0.5, 1], labels=["0 %", "50 %", "100 %"])
        scale.set_label("of the true class", fontsize=8)

    return picture(5, 5, draw)


def _write_counts(axes: Axes, matrix: Matrix, shares: NDArray[np.float64], size: int) -> None:
    for row in range(len(matrix)):
        for column in range(len(matrix)):
            value = int(matrix[row, column])
            if value == 0 and row != column:
                continue  # what did not happen need not be read
            colour = "white" if shares[row, column] > 0.45 else INK
            axes.text(column, row, f"{value:,}", ha="center", va="center", color=colour, fontsize=size)
