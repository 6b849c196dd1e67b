"""Which classes each run recognises, where they were evaluated on the same split."""

from __future__ import annotations

import numpy as np

from nnrun.evaluation.report.beside import Beside
from nnrun.evaluation.report.blocks import Cell, Column, Section, Table
from nnrun.evaluation.report.texts import count_cell, figure_cell, name_cell, number

_FEWEST = 1e-9
"""Values that are closer are the same."""


def section(beside: Beside) -> Section | None:
    """Returns F1 of every class in every run that tells the same classes apart."""
    judged = [
        (letter, one)
        for letter, one in zip(beside.letters, beside.judgements(), strict=True)
        if one is not None and one.names
    ]
    if len(judged) < 2:
        return None
    _, first = judged[0]
    if beside.comparison.other_data:
        return None
    alike = [(letter, one) for letter, one in judged if one.names == first.names and one.split == first.split]
    if len(alike) < 2:
        return None
    values = np.array([[number(cls["f1"]) or 0.0 for cls in one.record["classes"]] for _, one in alike])
    spread = values.max(axis=0) - values.min(axis=0)
    rows = []
    for at in np.argsort(-spread, kind="stable").tolist():
        best = np.flatnonzero(values[:, at] >= values[:, at].max() - _FEWEST)
        cells = [
            figure_cell(value, "best" if len(best) == 1 and place == best[0] else "")
            for place, value in enumerate(values[:, at].tolist())
        ]
        rows.append(
            [
                name_cell(first.names[at]),
                count_cell(first.record["classes"][at]["support"]),
                *cells,
                Cell(f"{spread[at]:.4f}", repr(float(spread[at])), "faint"),
            ]
        )
    columns = [
        Column("class"),
        Column("support", numeric=True),
        *(Column(letter, numeric=True) for letter, _ in alike),
        Column("spread", numeric=True),
    ]
    summary = f"F1 on the {first.split} split; the classes in which the runs differ most come first."
    return Section(
        "classes", "Classes", [Table(columns, rows, "F1 by class and run", sortable=True)], summary
    )
