"""Predicted against true numbers, and how the errors are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.evaluation.report.blocks import Block, Column, Section, Table
from nnrun.evaluation.report.charts import Chart, Charts, Curve, at_x, at_y, diagonal
from nnrun.evaluation.report.material import Material, Missing
from nnrun.evaluation.report.texts import figure, figure_cell, name_cell, number
from nnrun.evaluation.scores import QUANTILES

_TARGETS = 4
_POINTS = 1_500
_QUANTILES = {"p05": "5 %", "p25": "25 %", "p75": "75 %", "p95": "95 %"}


def section(material: Material) -> Section | None:
    """Returns what is left between predicted and true numbers."""
    found = material.judgement
    if isinstance(found, Missing) or "targets" not in found.record:
        return None
    targets: Sequence[Mapping[str, Any]] = found.record["targets"]
    blocks: list[Block] = []
    summary = "Residuals are true minus predicted values."
    if found.outcome is not None:
        true, predicted = found.outcome.true, found.outcome.predicted
        step = max(1, -(-len(true) // _POINTS))
        several = len(targets) > 1
        for place, target in enumerate(targets[:_TARGETS]):
            name = str(target["name"]) if several else ""
            blocks.append(Charts(_charts(true[:, place], predicted[:, place], step, target, name)))
        if step > 1:
            summary += f" Every {step}th sample is drawn; the histogram counts all of them."
        if len(targets) > _TARGETS:
            summary += f" The first {_TARGETS} of {len(targets)} targets are drawn."
    blocks.append(_spread(targets))
    return Section("residuals", "Residuals", blocks, summary)


def _charts(
    true: NDArray[np.float64],
    predicted: NDArray[np.float64],
    step: int,
    target: Mapping[str, Any],
    name: str,
) -> list[Chart]:
    left = true - predicted
    remarks = [f"residual {figure(value)}" for value in left[::step].tolist()]
    low, high = float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))
    limits = _wider(low, high)
    before = f"{name}: " if name else ""
    fit = figure(number(target["r2"]) or 0.0)
    counts, edges = np.histogram(left, bins=_bins(left))
    middles = (edges[1:] + edges[:-1]) / 2
    return [
        Chart(
            title=f"{before}R\u00b2 {fit}",
            described=f"Predicted over true values of {name or 'the target'}; R\u00b2 is {fit}.",
            x="true",
            y="predicted",
            curves=[Curve("predicted", true[::step], predicted[::step], style="dots", remarks=remarks)],
            marks=[diagonal(*limits)],
            nearest="point",
            x_range=limits,
            y_range=limits,
            square=True,
        ),
        Chart(
            title=f"{before}residuals",
            described="Residuals over predicted values; where they are well predicted, no pattern shows.",
            x="predicted",
            y="residual",
            curves=[Curve("residual", predicted[::step], left[::step], style="dots")],
            marks=[at_y(0)],
            nearest="point",
            square=True,
        ),
        Chart(
            title=f"{before}distribution",
            described=f"Histogram of the residuals; their mean is {figure(float(left.mean()))}.",
            x="residual",
            y="samples",
            curves=[Curve("samples", middles, counts.astype(np.float64), style="bars")],
            marks=[at_x(0, "", strong=False)],
            square=True,
        ),
    ]


def _wider(low: float, high: float) -> tuple[float, float]:
    margin = 0.04 * (high - low or 1.0)
    return low - margin, high + margin


def _bins(values: NDArray[np.float64]) -> int:
    return int(np.clip(np.sqrt(len(values)) * 2, 5, 50))


def _spread(targets: Sequence[Mapping[str, Any]]) -> Table:
    names = ["mean", *QUANTILES]
    rows = [
        [name_cell(str(one["name"])), *(figure_cell(one["residuals"].get(name)) for name in names)]
        for one in targets
    ]
    columns = [Column("target"), *(Column(_QUANTILES.get(name, name), numeric=True) for name in names)]
    return Table(columns, rows, "How the residuals are spread")
