"""`plots/calibration.png`: whether the probabilities of a network come true."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from nnrun.errors import UsageError
from nnrun.evaluation.calibration import Calibration, brier_score, interval
from nnrun.evaluation.decisions import gives_probabilities
from nnrun.evaluation.evaluate import calibration_of
from nnrun.evaluation.plots.labels import labels
from nnrun.evaluation.plots.palette import BLUE, FAINT_INK
from nnrun.evaluation.plots.style import header, header_width, picture
from nnrun.evaluation.plots.subject import NO_CLASSES, Subject

_NAME = 30


def obstacle(subject: Subject) -> str | None:
    """Says why there can be no such picture."""
    if subject.class_names is None:
        return NO_CLASSES
    loss = subject.experiment.compile.loss
    return (
        None if gives_probabilities(loss) else f"the loss {loss.name} makes no probabilities of the outputs"
    )


def draw(subject: Subject) -> bytes:
    """Draws the calibration on the split that was asked for."""
    answers = subject.classes
    measured = calibration_of(answers)
    if measured is None or answers.probabilities is None:
        raise UsageError("the outputs of the network are no probabilities")
    two = len(answers.names) == 2
    of = f"of class {labels(answers.names, _NAME)[1]}" if two else "of the predicted class"
    came_true = "share of the samples that are of it" if two else "share of the predictions that are right"
    brier = brier_score(answers.truth, answers.probabilities)
    what = f"calibration error {measured.error:.4f}, Brier score {brier:.4f}"
    return calibration(
        measured, f"predicted probability {of}", came_true, f"{subject.name}: calibration",
        subject.predictions_caption(what),
    )  # fmt: skip


def calibration(measured: Calibration, x: str, y: str, title: str, subtitle: str) -> bytes:
    """Draws what came true over what was stated, and below how often it was stated.

    Args:
        measured: Both, in bins.
        x: What was stated.
        y: What came true.
        title: Stands above it.
        subtitle: Stands below the title, smaller.

    Returns:
        The content of a PNG file.
    """
    used = measured.samples > 0
    stated, observed, samples = measured.stated[used], measured.observed[used], measured.samples
    low, high = interval(observed, samples[used])

    def arrange(figure: Figure, renderer: RendererAgg) -> None:
        width, height = max(6.6, header_width(renderer, title, subtitle)), 6.4
        figure.set_size_inches(width, height)
        header(figure, title, subtitle)
        axes = figure.add_axes((0.75 / width, 2.2 / height, 1 - 1.0 / width, 3.3 / height))
        axes.plot([0, 1], [0, 1], color=FAINT_INK, linewidth=1, linestyle=(0, (4, 3)), label="perfect")
        axes.errorbar(
            stated, observed, (observed - low, high - observed),
            color=BLUE, marker="o", markersize=5, elinewidth=1, capsize=2, label="network, with 95 % intervals",
        )  # fmt: skip
        axes.set_ylabel(y)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.04, 1.04)
        axes.grid(True)
        axes.tick_params(labelbottom=False)
        axes.legend(loc="upper left")
        below = figure.add_axes((0.75 / width, 0.65 / height, 1 - 1.0 / width, 1.3 / height), sharex=axes)
        widths = np.diff(measured.edges)
        below.bar(
            measured.edges[:-1], samples, widths, align="edge", color=BLUE, alpha=0.55, edgecolor="white"
        )
        for edge, wide, count in zip(measured.edges[:-1], widths, samples, strict=True):
            below.text(edge + wide / 2, count, f"{count:,}", fontsize=7.5, ha="center", va="bottom")
        below.set_ylim(top=1.15 * samples.max())
        below.set_xlabel(x)
        below.set_ylabel("samples")
        below.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
        below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        below.grid(True, axis="y")

    return picture(5, 5, arrange)
