"""`plots/residuals.png`: predicted against true numbers, and what is left between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnrun.evaluation.numbers import brief
from nnrun.evaluation.plots.labels import column_labels
from nnrun.evaluation.plots.palette import BLUE, FAINT_INK, INK, ORANGE
from nnrun.evaluation.plots.style import header, header_width, picture
from nnrun.evaluation.plots.subject import Subject
from nnrun.evaluation.plots.ticks import plain_ticks
from nnrun.evaluation.scores import TargetScores, regression

_TARGETS = 6
_NAME = 40

_POINTS = 3_000
"""With more samples, their density is drawn: dots would hide each other."""

# Its lightest shade is still seen on white.
_SHADES = LinearSegmentedColormap.from_list("density", ["#b3d1e8", BLUE, "#00304d"])


def obstacle(subject: Subject) -> str | None:
    """Says why there can be no such picture."""
    return None if subject.class_names is None else "the network tells classes apart and predicts no numbers"


def draw(subject: Subject) -> bytes:
    """Draws the values of the split that was asked for."""
    answers = subject.values
    scores = regression(answers.truth, answers.predicted, answers.names)
    shown = f", {_TARGETS} of {len(scores)} targets" if len(scores) > _TARGETS else ""
    what = f"{len(answers.truth):,} samples{shown}"
    title = f"{subject.name}: residuals"
    return residuals(answers.truth, answers.predicted, scores, title, subject.predictions_caption(what))


def residuals(
    truth: NDArray[np.float64],
    predicted: NDArray[np.float64],
    scores: Sequence[TargetScores],
    title: str,
    subtitle: str,
) -> bytes:
    """Draws for each target predicted over true values, residuals over predicted values, and their histogram.

    Args:
        truth: True values, shape `(samples, targets)`.
        predicted: Predicted ones, shape `(samples, targets)`.
        scores: The figures of each target.
        title: Stands above it.
        subtitle: Stands below the title, smaller.

    Returns:
        The content of a PNG file.
    """
    shown = min(len(scores), _TARGETS)
    names = column_labels([one.name for one in scores], _NAME)
    height = 0.75 + 3.6 * shown

    def arrange(figure: Figure, renderer: RendererAgg) -> None:
        figure.set_size_inches(max(11.5, header_width(renderer, title, subtitle)), height)
        header(figure, title, subtitle)
        for target in range(shown):
            top = height - 0.75 - 3.6 * target
            places = [
                figure.add_axes((left, (top - 3.05) / height, wide, 2.65 / height))
                for left, wide in ((0.08, 0.245), (0.425, 0.245), (0.755, 0.225))
            ]
            _draw_target(places, truth[:, target], predicted[:, target], scores[target], names[target])

    return picture(11.5, height, arrange)


def _draw_target(
    places: Sequence[Axes],
    truth: NDArray[np.float64],
    predicted: NDArray[np.float64],
    scores: TargetScores,
    name: str,
) -> None:
    first, second, third = places
    left = truth - predicted
    low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
    margin = 0.04 * (high - low or 1.0)
    limits = (low - margin, high + margin)
    first.set_xlim(limits)
    first.set_ylim(limits)
    _cloud(first, truth, predicted)
    first.plot(limits, limits, color=ORANGE, linewidth=1.2, linestyle=(0, (4, 3)), zorder=4)
    first.set_xlabel("true")
    first.set_ylabel("predicted")
    figures = f"R² {scores.r2:.4f}   MAE {brief(scores.mae)}   RMSE {brief(scores.rmse)}"
    first.set_title(name, loc="left", fontsize=11, fontweight="bold", pad=18)
    first.text(0, 1.02, figures, transform=first.transAxes, fontsize=8.5, color=FAINT_INK, va="bottom")
    _cloud(second, predicted, left)
    second.axhline(0, color=ORANGE, linewidth=1.2, linestyle=(0, (4, 3)), zorder=4)
    second.set_xlabel("predicted")
    second.set_ylabel("true - predicted")
    third.hist(left, bins=_bins(left), color=BLUE, alpha=0.6, edgecolor="white", linewidth=0.5)
    third.axvline(0, color=ORANGE, linewidth=1.2, linestyle=(0, (4, 3)), zorder=4)
    third.axvline(scores.bias, color=INK, linewidth=1.2)
    mean = f"mean {brief(scores.bias)}   median {brief(scores.residuals['median'])}"
    third.text(0, 1.02, mean, transform=third.transAxes, fontsize=8.5, color=FAINT_INK, va="bottom")
    third.set_xlabel("true - predicted")
    third.set_ylabel("samples")
    for axes in places:
        axes.grid(True)
        plain_ticks(axes.xaxis, 4)
        plain_ticks(axes.yaxis, 6)


def _cloud(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    if len(x) > _POINTS:
        axes.hexbin(x, y, gridsize=45, norm=LogNorm(), cmap=_SHADES, mincnt=1, linewidths=0.1)
        return
    size, alpha = (14, 0.6) if len(x) <= 500 else (7, 0.4)
    axes.scatter(x, y, s=size, color=BLUE, alpha=alpha, linewidths=0, zorder=3)


def _bins(values: NDArray[np.float64]) -> int:
    return int(np.clip(np.sqrt(len(values)) * 2, 5, 60))
