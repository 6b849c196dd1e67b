"""The learning curves of the runs over each other."""

from __future__ import annotations

import numpy as np

from nnrun.evaluation.history import RATE, Panel, Series, panels, wants_logarithm
from nnrun.evaluation.report.beside import Beside
from nnrun.evaluation.report.blocks import Section
from nnrun.evaluation.report.charts import POINTS, Chart, Charts, Curve, Key, thinned
from nnrun.evaluation.report.one.curves import not_finite, spans

_FEWEST = 200
"""So many points of each line are drawn, however many runs there are."""


def section(beside: Beside) -> Section | None:
    """Returns a chart for each metric that a run has."""
    found = [
        {panel.title: panel for panel in panels(one.rows)} if one.rows else {} for one in beside.materials
    ]
    titles = list(dict.fromkeys(title for each in found for title in each))
    if not titles:
        return None
    # The learning rate comes last, whichever run has one that changes.
    titles.sort(key=lambda title: title == RATE)
    validated = any(len(panel.validation.epochs) for each in found for panel in each.values())
    keys = [
        Key(letter, f"{letter} {one.run.name}", beside.colour(place))
        for place, (letter, one) in enumerate(zip(beside.letters, beside.materials, strict=True))
        if found[place]
    ]
    if validated:
        keys += [Key("train", "train", dashed=True), Key("validation", "validation")]
    charts = [
        _chart(beside, title, [each.get(title) for each in found], dashed=validated) for title in titles
    ]
    lost = [
        f"{letter}: {text}"
        for letter, each in zip(beside.letters, found, strict=True)
        for panel in each.values()
        for text in not_finite(panel)
    ]
    return Section("curves", "Learning curves", [Charts(charts, keys)], " ".join(lost))


def _chart(beside: Beside, title: str, found: list[Panel | None], *, dashed: bool) -> Chart:
    curves = []
    for place, (letter, panel) in enumerate(zip(beside.letters, found, strict=True)):
        for split, series in (
            () if panel is None else (("train", panel.train), ("validation", panel.validation))
        ):
            if not len(series.epochs):
                continue
            train = split == "train"
            keys = [letter] if title == RATE or not dashed else [letter, split]
            label = letter if len(keys) == 1 else f"{letter} {split}"
            style = "step" if title == RATE else "line"
            colour = beside.colour(place)
            line = Curve(label, series.epochs, series.values, colour, keys, style, train and len(keys) > 1)  # type: ignore[arg-type]
            curves.append(thinned(line, points=max(_FEWEST, 2 * POINTS // len(found))))
    all_values = np.concatenate([curve.y for curve in curves])
    # How the axis should be is decided by all of them together.
    together = Panel(
        title, Series(np.arange(len(all_values), dtype=float), all_values), Series(*[np.empty(0)] * 2)
    )
    last = max(float(curve.x[-1]) for curve in curves)
    logarithmic = any(panel is not None and wants_logarithm(panel) for panel in found)
    return Chart(
        title=title.replace("_", " ") if title == RATE else title,
        described=f"{title} over the epochs, of {len(beside.materials)} runs",
        x="epoch",
        curves=curves,
        logarithmic=logarithmic if spans(together) else None,
        whole=True,
        rest=last,
        rest_label="last",
        zooms=last > 2,
    )
