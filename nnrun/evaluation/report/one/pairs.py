"""The columns of a table against each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nnrun.evaluation.plots.choosing import grouped, telling
from nnrun.evaluation.plots.subject import Subject, column_names, no_table, numeric_columns, rows_of
from nnrun.evaluation.report.beside import colour
from nnrun.evaluation.report.blocks import Section
from nnrun.evaluation.report.charts import Key, Pairs
from nnrun.evaluation.report.material import Material, Missing

_POINTS = 600
_VALUES = 5
"""Numbers to predict are put into so many groups of equal size."""


def section(material: Material) -> Section | None:
    """Returns the pairs of those columns that tell most about the target."""
    subject = material.subject
    if (
        isinstance(subject, Missing)
        or isinstance(material.labelled, Missing)
        or no_table(subject) is not None
    ):
        return None
    numeric = numeric_columns(subject)
    if len(numeric) < 2:
        return None
    splits = subject.present()
    rows = rows_of(subject, splits, _POINTS)
    classes = subject.class_names
    x = rows.found[:, numeric]
    chosen = telling(x, rows.target, classes=None if classes is None else len(classes))
    names = [column_names(subject)[numeric[place]] for place in chosen]
    names = [f"column {name}" if name.isdecimal() else name for name in names]
    members, keys = _classes(subject, rows.target) if classes is not None else _values(rows.target)
    summary = (
        f"{len(x):,} of {rows.total:,} samples." if len(x) < rows.total else f"All {rows.total:,} samples."
    )
    if len(chosen) < len(numeric):
        summary += f" Of {len(numeric)} columns, the {len(chosen)} that tell most about the target."
    described = f"Scatter plots of {', '.join(names)} against each other, coloured by the target."
    return Section(
        "pairs", "Pairs of columns", [Pairs(names, x[:, chosen], members, keys, described)], summary
    )


def _classes(
    subject: Subject, target: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> tuple[list[int], list[Key]]:
    names = subject.class_names or ()
    groups = grouped(target.astype(np.int64), names)
    members = np.zeros(len(target), np.int64)
    for number, places in enumerate(groups.members):
        members[places] = number
    others = len(groups.names) < len(names)
    # The most frequent classes have a colour each, and all others one together, which comes first.
    coloured = len(groups.names) - others
    keys = [
        Key(str(number), name, None if others and not number else colour(number - others, coloured))
        for number, name in enumerate(groups.names)
    ]
    return members.tolist(), keys


def _values(target: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[list[int], list[Key]]:
    limits = np.unique(np.quantile(target, np.linspace(0, 1, _VALUES + 1)[1:-1]))
    members = np.searchsorted(limits, target)
    edges = [float(target.min()), *limits.tolist(), float(target.max())]
    keys = [
        Key(str(number), f"target {low:.4g} to {high:.4g}", 20 + number)
        for number, (low, high) in enumerate(pairwise(edges))
    ]
    return members.tolist(), keys
