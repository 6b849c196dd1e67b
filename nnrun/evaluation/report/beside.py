"""What the page about several runs is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnrun.comparison.difference import Comparison
from nnrun.comparison.metric_rows import MetricRow
from nnrun.comparison.rows import Missing as NoValue
from nnrun.evaluation.report.blocks import Cell
from nnrun.evaluation.report.judging import Judgement
from nnrun.evaluation.report.material import Material
from nnrun.evaluation.report.texts import NONE

_SMALL, _LARGE = 7, 10
"""Up to so many things have the colours of one palette, and of the other one."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Runs beside each other.

    Args:
        materials: What is known of each.
        letters: What each is called.
        comparison: In what they differ.
    """

    materials: Sequence[Material]
    letters: Sequence[str]
    comparison: Comparison

    def judgements(self) -> list[Judgement | None]:
        """Returns their evaluations; None for a run that has none."""
        return [
            material.judgement if isinstance(material.judgement, Judgement) else None
            for material in self.materials
        ]

    def best(self, row: MetricRow) -> int | None:
        """Returns the number of the run that is best by a metric; None where that is nobody, or means nothing."""
        return None if self.comparison.other_data else row.best

    def colour(self, place: int) -> int:
        """Returns the number of the colour of a run."""
        return colour(place, len(self.materials))


def colour(place: int, count: int) -> int:
    """Returns the number of the colour of one of several things, which are told apart as long as there are few."""
    return place if count <= _SMALL else _LARGE + place % _LARGE


def value_cell(value: object, text: str) -> Cell:
    """Returns a cell with what a run has under a key."""
    return Cell(NONE, mark="faint") if isinstance(value, NoValue) or value is None else Cell(text, name=True)
