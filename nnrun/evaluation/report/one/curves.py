"""Loss, metrics and learning rate over the epochs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnrun.display.formats import duration
from nnrun.evaluation.history import RATE, Panel, Row, Series, panels, wants_logarithm
from nnrun.evaluation.report.blocks import Block, Cell, Column, More, Note, Section, Table
from nnrun.evaluation.report.charts import Chart, Charts, Curve, Key, Mark, at_x, thinned
from nnrun.evaluation.report.material import Material, Missing
from nnrun.evaluation.report.texts import figure, figure_cell

_SPAN = 4.0

_ROWS = 200
"""So many epochs are in the table of values, at most; of more, evenly spread ones."""


def section(material: Material) -> Section | None:
    """Returns the learning curves of a run."""
    if isinstance(material.metrics, Missing):
        return Section(
            "curves", "Learning curves", [Note("warning", f"Not shown: {material.metrics.reason}.")]
        )
    rows, best = material.metrics, material.best_epoch
    if not rows:
        return None
    found = panels(rows)
    keys = [Key("train", "train", 0)]
    if any(len(panel.validation.epochs) for panel in found):
        keys.append(Key("validation", "validation", 1))
    charts = [chart_of(panel, len(rows), best) for panel in found]
    lost = [text for panel in found for text in not_finite(panel)]
    blocks: list[Block] = [Note("warning", text) for text in lost]
    blocks += [Charts(charts, keys), More("All values", [_values(rows, best)])]
    return Section("curves", "Learning curves", blocks, _summary(material))


def chart_of(panel: Panel, epochs: int, best: int | None) -> Chart:
    """Returns the chart of a quantity of one run."""
    rate = panel.title == RATE
    curves = [
        Curve(
            panel.title.replace("_", " ") if rate else label,
            series.epochs,
            series.values,
            colour,
            [label],
            "step" if rate else "line",
        )
        for label, series, colour in (("train", panel.train, 0), ("validation", panel.validation, 1))
        if len(series.epochs)
    ]
    marks: list[Mark] = [] if best is None else [at_x(best, "best")]
    keep = [] if best is None else [float(best)]
    return Chart(
        title=panel.title.replace("_", " ") if rate else panel.title,
        described=f"{panel.title} over the epochs: " + "; ".join(_course(curve) for curve in curves),
        x="epoch",
        curves=[thinned(curve, keep) for curve in curves],
        marks=marks,
        logarithmic=wants_logarithm(panel) if spans(panel) else None,
        whole=True,
        rest=float(best or epochs),
        rest_label="best" if best is not None else "last",
        zooms=epochs > 2,
        bad=sorted({float(epoch) for series in (panel.train, panel.validation) for epoch in _lost(series)}),
    )


def not_finite(panel: Panel) -> list[str]:
    """Returns a sentence for each split on which a quantity was not always a finite number."""
    sentences = []
    for name, series in (("train", panel.train), ("validation", panel.validation)):
        lost = _lost(series)
        if len(lost):
            sentences.append(
                f"{panel.title} ({name}) is not finite in {len(lost)} of {len(series.epochs)} epochs, first in "
                f"epoch {lost[0]:.0f}."
            )
    return sentences


def _lost(series: Series) -> Sequence[float]:
    lost: Sequence[float] = series.epochs[np.isnan(series.values)].tolist()
    return lost


def spans(panel: Panel) -> bool:
    """Tells whether a logarithmic axis can show something that the other one cannot."""
    values = np.concatenate([panel.train.values, panel.validation.values])
    values = values[np.isfinite(values)]
    return len(values) > 0 and bool(values.min() > 0) and bool(values.max() / values.min() > _SPAN)


def _course(curve: Curve) -> str:
    known = curve.y[np.isfinite(curve.y)]
    if not len(known):
        return f"{curve.label} never finite"
    lowest, highest = figure(float(known.min())), figure(float(known.max()))
    between = f"from {figure(float(known[0]))} to {figure(float(known[-1]))}"
    return f"{curve.label} {between}, lowest {lowest}, highest {highest}".strip()


def _summary(material: Material) -> str:
    best, epochs = material.best_epoch, len(material.rows)
    count = f"{epochs:,} epoch{'s' if epochs != 1 else ''}"
    if best is None:
        return f"{count}."
    return f"{count}; the best is epoch {best:,}, by {material.monitor}."


def _values(rows: Sequence[Row], best: int | None) -> Table:
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name != "epoch"]
    places = range(len(rows))
    if len(rows) > _ROWS:
        spread = np.linspace(0, len(rows) - 1, _ROWS).round().astype(int).tolist()
        places = sorted({*spread, *(at for at, row in enumerate(rows) if row.get("epoch") == best)})  # type: ignore[assignment]
    cells = []
    for row in (rows[place] for place in places):
        epoch = row.get("epoch")
        marked = epoch is not None and epoch == best
        number = "" if epoch is None else f"{epoch:.0f}"
        cells.append(
            [
                Cell(f"{number} (best)" if marked else number, number, "best" if marked else ""),
                *(_value(name, row.get(name)) for name in names),
            ]
        )
    caption = (
        "Values of every epoch"
        if len(places) == len(rows)
        else f"Values of {len(places)} of {len(rows)} epochs"
    )
    return Table([Column("epoch"), *(Column(name, numeric=True) for name in names)], cells, caption)


def _value(name: str, value: float | None) -> Cell:
    if value is None:
        return figure_cell(None)
    if name.endswith("seconds"):
        return Cell(duration(value), repr(value))
    return Cell(f"{value:.4g}", repr(value)) if name == RATE else figure_cell(value)
