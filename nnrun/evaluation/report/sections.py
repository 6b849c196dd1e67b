"""All sections, in the order of the page; each one is a module with a function `section`."""

from __future__ import annotations

from collections.abc import Callable

from nnrun.evaluation.report.beside import Beside
from nnrun.evaluation.report.blocks import Section
from nnrun.evaluation.report.material import Material
from nnrun.evaluation.report.one import (
    config,
    confusion,
    curves,
    data,
    environment,
    figures,
    history,
    mistakes,
    network,
    pairs,
    probabilities,
    residuals,
    samples,
    state,
    summary,
)
from nnrun.evaluation.report.several import classes, differences, metrics, overview
from nnrun.evaluation.report.several import curves as several_curves

OF_ONE: tuple[Callable[[Material], Section | None], ...] = (
    state.section,
    summary.section,
    curves.section,
    figures.section,
    confusion.section,
    probabilities.section,
    residuals.section,
    mistakes.section,
    data.section,
    samples.section,
    pairs.section,
    network.section,
    config.section,
    environment.section,
    history.section,
)
"""The sections about one run; each says None where it has nothing to show."""

OF_SEVERAL: tuple[Callable[[Beside], Section | None], ...] = (
    overview.section,
    several_curves.section,
    metrics.section,
    classes.section,
    differences.section,
)
"""The sections about several runs; likewise."""
