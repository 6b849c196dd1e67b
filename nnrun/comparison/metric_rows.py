"""The metrics of several runs beside each other, and which is better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnrun.comparison.rows import MISSING, Row
from nnrun.config.directions import Direction, direction
from nnrun.errors import DataError
from nnrun.rundir.reading import Run


@dataclass(frozen=True, slots=True)
class MetricRow(Row):
    """A metric of several runs.

    Args:
        direction: Whether less or more is better; None where nobody knows.
    """

    direction: Direction | None = None

    @property
    def best(self) -> int | None:
        """The number of the run that is better than all others, from 0; None where there is no such one."""
        finite = [value for value in self.values if _is_finite(value)]
        if self.direction is None or len(finite) < 2:
            return None
        top = min(finite) if self.direction == "min" else max(finite)
        return list(self.values).index(top) if finite.count(top) == 1 else None

    @property
    def difference(self) -> float | None:
        """The second value less the first; None where there are not two finite ones."""
        if len(self.values) != 2 or not all(map(_is_finite, self.values)):
            return None
        return float(self.values[1] - self.values[0])

    def to_record(self) -> dict[str, Any]:
        """Returns the row as a JSON object."""
        record = Row.to_record(self)
        return record | {"direction": self.direction, "best": self.best, "difference": self.difference}


def metric_rows(runs: Sequence[Run]) -> list[MetricRow]:
    """Compares the metrics of runs: those of the best epoch, of the last epoch, and of evaluations.

    Args:
        runs: The runs, two or more.
    """
    summaries = [_summary(run) for run in runs]
    rows = []
    for prefix, title in (("best_", "best"), ("final_", "last")):
        for name in _names(summaries, prefix):
            values = [summary.get(prefix + name, MISSING) for summary in summaries]
            ways = [run.direction(name) for run in runs]
            rows.append(MetricRow(f"{title} {name}", values, next((way for way in ways if way), None)))
    for evaluation in sorted({name for run in runs for name in run.evaluations}, key=_order):
        found = [run.evaluation(evaluation) for run in runs]
        split, _, weights = evaluation.rpartition("-")
        title = split if weights == "best" else f"{split} ({weights})"
        for name in dict.fromkeys(name for figures in found for name in figures):
            values = [figures.get(name, MISSING) for figures in found]
            rows.append(MetricRow(f"{title} {name}", values, direction(name)))
    return rows


def _summary(run: Run) -> Mapping[str, Any]:
    try:
        return run.summary
    except DataError:
        return {}


def _names(summaries: Sequence[Mapping[str, Any]], prefix: str) -> list[str]:
    names = dict.fromkeys(key for summary in summaries for key in summary if key.startswith(prefix))
    return [name.removeprefix(prefix) for name in names if name != "best_epoch"]


def _order(evaluation: str) -> tuple[int, str]:
    splits = ("test", "validation", "train")
    split = evaluation.rpartition("-")[0]
    return (splits.index(split) if split in splits else len(splits), evaluation)


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
