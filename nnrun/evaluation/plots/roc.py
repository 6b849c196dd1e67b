"""`plots/roc.png`: ROC and precision-recall curve of two classes."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure

from nnrun.errors import UsageError
from nnrun.evaluation.evaluate import ranking_of
from nnrun.evaluation.plots.labels import labels
from nnrun.evaluation.plots.palette import BLUE, FAINT_INK, ORANGE
from nnrun.evaluation.plots.style import header, header_width, picture
from nnrun.evaluation.plots.subject import NO_CLASSES, Subject
from nnrun.evaluation.ranking import Ranking

_NAME = 30


class Point(NamedTuple):
    """Where the decisions of a network lie on its curves.

    Args:
        false_positive_rate: Share of the negative samples that it takes for positive.
        true_positive_rate: Share of the positive samples that it finds.
        precision: Share of what it takes for positive that is; NaN for nothing.
    """

    false_positive_rate: float
    true_positive_rate: float
    precision: float


def obstacle(subject: Subject) -> str | None:
    """Says why there can be no such picture."""
    names = subject.class_names
    if names is None:
        return NO_CLASSES
    return None if len(names) == 2 else f"there are {len(names)} classes, and this picture is for two"


def draw(subject: Subject) -> bytes:
    """Draws the curves of the split that was asked for."""
    answers = subject.classes
    curve = ranking_of(answers)
    if curve is None or not np.isfinite(curve.roc_auc):
        raise UsageError(f"all samples of the {subject.recalled.split_name} split are of one class")
    negative, positive = labels(answers.names, _NAME)
    positives = int(answers.truth.sum())
    decided = answers.predicted == 1
    here = Point(
        float(decided[answers.truth == 0].mean()),
        float(decided[answers.truth == 1].mean()),
        float((answers.truth[decided] == 1).mean()) if decided.any() else float("nan"),
    )
    what = f"positive: {positive} ({positives:,}), negative: {negative} ({len(answers.truth) - positives:,})"
    title = f"{subject.name}: ROC"
    return roc(curve, here, positives / len(answers.truth), title, subject.predictions_caption(what))


def roc(curve: Ranking, here: Point, share: float, title: str, subtitle: str) -> bytes:
    """Draws the true over the false positive rate, and beside it the precision over the recall.

    Args:
        curve: The curves.
        here: Where the decisions of the network lie.
        share: Share of the samples that are positive: the precision of guessing.
        title: Stands above it.
        subtitle: Stands below the title, smaller.

    Returns:
        The content of a PNG file.
    """

    def arrange(figure: Figure, renderer: RendererAgg) -> None:
        width, height = max(9.8, header_width(renderer, title, subtitle)), 5.35
        figure.set_size_inches(width, height)
        header(figure, title, subtitle)
        left, right = (
            figure.add_axes((start / width, 0.6 / height, 4 / width, 4 / height)) for start in (0.7, 5.6)
        )
        left.plot([0, 1], [0, 1], color=FAINT_INK, linewidth=1, linestyle=(0, (4, 3)), label="guessing")
        x, y = curve.false_positive_rate, curve.true_positive_rate
        left.fill_between(x, y, color=BLUE, alpha=0.08, linewidth=0)
        left.plot(x, y, color=BLUE, label=f"area {curve.roc_auc:.4f}")
        _mark(left, here.false_positive_rate, here.true_positive_rate)
        _finish(left, "false positive rate", "true positive rate", "lower right")
        right.axhline(share, color=FAINT_INK, linewidth=1, linestyle=(0, (4, 3)), label="guessing")
        right.plot(
            curve.true_positive_rate,
            curve.precision,
            color=BLUE,
            drawstyle="steps-pre",
            label=f"average precision {curve.average_precision:.4f}",
        )
        _mark(right, here.true_positive_rate, here.precision)
        _finish(right, "recall (true positive rate)", "precision", "lower left")

    return picture(5, 5, arrange)


def _mark(axes: Axes, x: float, y: float) -> None:
    axes.plot([x], [y], "o", color=ORANGE, markersize=8, markeredgecolor="white", label="decisions", zorder=4)


def _finish(axes: Axes, x: str, y: str, where: Literal["lower left", "lower right"]) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.04)
    axes.grid(True)
    axes.legend(loc=where, frameon=True, framealpha=0.9, edgecolor="none")
