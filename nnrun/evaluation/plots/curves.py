"""`plots/curves.png`: loss, metrics and learning rate over the epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from nnrun.evaluation.history import RATE, Panel, Row, Series, panels, wants_logarithm
from nnrun.evaluation.plots.palette import BLUE, FAINT_INK, GREEN, ORANGE
from nnrun.evaluation.plots.style import picture, shortened
from nnrun.evaluation.plots.subject import Subject
from nnrun.rundir.reading import Run

# Up to this many epochs, each one is a dot: a line alone would hide where the measurements are.
_DOTS = 25
_MANY = 200

# So many epochs without a finite value are marked one by one.
_MARKED = 500


@dataclass(frozen=True, slots=True)
class Best:
    """The best epoch of a run.

    Args:
        epoch: Its number, from 1.
        monitor: The metric that decided.
    """

    epoch: int
    monitor: str


def obstacle(subject: Subject) -> str | None:
    """Says why there can be no such picture."""
    return None if subject.trained.metrics else "no epoch is complete"


def draw(subject: Subject) -> bytes:
    """Draws the training of a run."""
    return curves_of(subject.trained)


def curves_of(run: Run) -> bytes:
    """Draws the training of a run that has a complete epoch."""
    best_epoch, monitor = run.summary.get("best_epoch"), run.summary.get("monitor")
    best = Best(int(best_epoch), str(monitor)) if best_epoch and monitor else None
    return curves(run.metrics, f"{run.name} {run.id}", best)


def curves(rows: Sequence[Row], title: str, best: Best | None = None) -> bytes:
    """Draws how a training went.

    Args:
        rows: The rows of `metrics.csv`, at least one. A value may be None (not measured in this epoch) or not finite.
        title: Name of the run.
        best: The best epoch, which is marked.

    Returns:
        The content of a PNG file.
    """
    shown = panels(rows)
    columns = {1: 1, 2: 2, 3: 3, 4: 2}.get(len(shown), 3)
    lines = math.ceil(len(shown) / columns)
    width = {1: 7.0, 2: 10.0}.get(columns, 13.5)
    height = 0.85 + 3.2 * lines

    def draw(figure: Figure, _: RendererAgg) -> None:
        figure.subplots_adjust(
            left=0.75 / width,
            right=1 - 0.25 / width,
            bottom=0.6 / height,
            top=1 - 0.95 / height,
            wspace=0.25,
            hspace=0.42,
        )
        for number, panel in enumerate(shown, start=1):
            axes = figure.add_subplot(lines, columns, number)
            _draw_panel(axes, panel, len(rows), best)
            if number > len(shown) - columns:
                axes.set_xlabel("epoch")
        _draw_header(figure, title, shown, rows, best)

    return picture(width, height, draw)


def _draw_panel(axes: Axes, panel: Panel, epochs: int, best: Best | None) -> None:
    axes.set_title(shortened(panel.title, 40), loc="left", fontsize=11, fontweight="bold", pad=8)
    axes.grid(True, axis="y")
    marker = "o" if epochs <= _DOTS else ""
    # Lines of many epochs zigzag, and would hide each other.
    width = 1.8 if epochs <= _MANY else 0.9
    style = "steps-post" if panel.title == RATE else "default"
    for series, color in ((panel.train, BLUE), (panel.validation, ORANGE)):
        axes.plot(
            series.epochs, series.values, color=color, marker=marker, markersize=4, zorder=3,
            linewidth=width, drawstyle=style, alpha=1.0 if epochs <= _MANY else 0.85,
        )  # fmt: skip
        if epochs == 1:
            _label_points(axes, series)
    _scale(axes, panel)
    _number_epochs(axes, panel)
    if best is not None:
        axes.axvline(best.epoch, color=GREEN, linewidth=1.2, linestyle=(0, (4, 3)), zorder=2)
        _mark_best(axes, panel, best)
    _tell_what_is_not_finite(axes, panel)


def _label_points(axes: Axes, series: Series) -> None:
    for epoch, value in zip(series.epochs, series.values, strict=True):
        if math.isfinite(value):
            axes.annotate(f"{value:.4g}", (epoch, value), (8, 0), textcoords="offset points", va="center")


def _scale(axes: Axes, panel: Panel) -> None:
    if wants_logarithm(panel):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=8))
        axes.yaxis.set_major_formatter(FuncFormatter(_plain))
        low, high = axes.get_ylim()
        # Over a few powers of ten their names alone are too few.
        between = (2.0, 5.0) if high / low < 1e3 else ()
        axes.yaxis.set_minor_locator(LogLocator(subs=between or "auto", numticks=12))
        axes.yaxis.set_minor_formatter(FuncFormatter(_plain) if between else NullFormatter())
    else:
        formatter = ScalarFormatter(useOffset=False)
        formatter.set_powerlimits((-3, 5))
        axes.yaxis.set_major_formatter(formatter)


def _plain(value: float, _: object) -> str:
    return f"{value:g}"


def _number_epochs(axes: Axes, panel: Panel) -> None:
    epochs = np.concatenate([panel.train.epochs, panel.validation.epochs])
    first, last = float(epochs.min()), float(epochs.max())
    margin = max(0.5, 0.02 * (last - first))
    axes.set_xlim(first - margin, last + margin)
    if first == last:
        axes.set_xticks([first])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10]))


def _mark_best(axes: Axes, panel: Panel, best: Best) -> None:
    """Puts a dot on the curve that decided."""
    for name, series, color in (
        (panel.title, panel.train, BLUE),
        (f"val_{panel.title}", panel.validation, ORANGE),
    ):
        if name == best.monitor:
            here = series.epochs == best.epoch
            axes.plot(
                series.epochs[here],
                series.values[here],
                color=GREEN,
                marker="o",
                markersize=8,
                markerfacecolor=color,
                markeredgewidth=1.8,
                zorder=4,
            )


def _tell_what_is_not_finite(axes: Axes, panel: Panel) -> None:
    found = []
    for name, series in (("train", panel.train), ("validation", panel.validation)):
        lost = series.epochs[np.isnan(series.values)]
        if len(lost):
            found.append(f"{name} in {len(lost)} of {len(series.epochs)} epochs, first {lost[0]:.0f}")
            for epoch in lost if len(lost) <= _MARKED else ():
                axes.axvspan(epoch - 0.5, epoch + 0.5, color=ORANGE, alpha=0.1, linewidth=0, zorder=0)
    for number, text in enumerate(reversed(found)):
        text = f"not finite: {text}"
        axes.annotate(
            text, (1, 1), (0, 3 + 11 * number), xycoords="axes fraction", textcoords="offset points",
            color=ORANGE, fontsize=8, ha="right", va="bottom",
        )  # fmt: skip


def _draw_header(
    figure: Figure, title: str, panels: Sequence[Panel], rows: Sequence[Row], best: Best | None
) -> None:
    width, height = figure.get_size_inches()
    left, top = 0.2 / width, 1 - 0.12 / height
    figure.text(left, top, shortened(title, 60), fontsize=13, fontweight="bold", va="top")
    count = f"{len(rows)} epoch" + ("s" if len(rows) != 1 else "")
    found = "" if best is None else f", best: epoch {best.epoch} by {shortened(best.monitor, 40)}"
    figure.text(left, 1 - 0.39 / height, count + found, color=FAINT_INK, va="top")
    entries = [Line2D([], [], color=BLUE, label="train")]
    if any(len(panel.validation.epochs) for panel in panels):
        entries.append(Line2D([], [], color=ORANGE, label="validation"))
    if best is not None:
        entries.append(Line2D([], [], color=GREEN, linewidth=1.2, linestyle=(0, (4, 3)), label="best epoch"))
    figure.legend(
        handles=entries,
        loc="upper right",
        bbox_to_anchor=(1 - 0.15 / width, 1 - 0.06 / height),
        ncols=len(entries),
    )
