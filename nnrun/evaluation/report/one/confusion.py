"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnrun.evaluation.numbers import percent
from nnrun.evaluation.report.blocks import Block, Cell, Column, Section, SideBySide, Table
from nnrun.evaluation.report.blocks import Matrix as MatrixBlock
from nnrun.evaluation.report.charts import Heat
from nnrun.evaluation.report.material import Material, Missing
from nnrun.evaluation.report.texts import name_cell
from nnrun.evaluation.scores import Matrix, most_confused

_NUMBERED = 25
"""Up to so many classes, every cell has its count."""

_MOST = 150
"""Of more classes, those that are mistaken most often are shown."""

_PAIRS = 15


def section(material: Material) -> Section | None:
    """Returns the confusion matrix of a classification."""
    found = material.judgement
    if isinstance(found, Missing) or "confusion_matrix" not in found.record:
        return None
    names = found.names
    counts = np.array(found.record["confusion_matrix"], np.int64)
    samples, wrong = int(counts.sum()), int(counts.sum() - np.trace(counts))
    share = percent(wrong / samples) if samples else ""
    summary = f"Rows are true classes, columns predicted ones. {wrong:,} of {samples:,} samples ({share}) "
    summary += "is mistaken." if wrong == 1 else "are mistaken."
    pairs = _pairs(counts, names) if len(names) > 2 else None
    tables: list[Block] = [] if pairs is None else [pairs]
    if len(names) <= _NUMBERED:
        blocks: list[Block] = [SideBySide([MatrixBlock(names, counts.tolist()), *tables])]
    else:
        chosen = _chosen(counts)
        if len(chosen) < len(names):
            summary += f" Shown are the {len(chosen)} of {len(names):,} classes that are mistaken most often."
        blocks = [_heat(names, counts, chosen), *tables]
    return Section("confusion", "Confusion matrix", blocks, summary)


def _chosen(counts: Matrix) -> list[int]:
    count = len(counts)
    if count <= _MOST:
        return list(range(count))
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    return sorted(np.argsort(-mistakes, kind="stable")[:_MOST].tolist())


def _heat(names: Sequence[str], counts: Matrix, chosen: Sequence[int]) -> Heat:
    shown = counts[np.ix_(chosen, chosen)]
    rows, columns = np.nonzero(shown)
    cells = [
        (row, column, int(shown[row, column]))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    described = f"Confusion matrix of {len(chosen)} classes; the table below has the worst mistakes."
    return Heat([names[place] for place in chosen], cells, counts.sum(axis=1)[chosen].tolist(), described)


def _pairs(counts: Matrix, names: Sequence[str]) -> Table | None:
    found = most_confused(counts, _PAIRS)
    if not found:
        return None
    support = counts.sum(axis=1)
    rows = [
        [
            name_cell(names[row]),
            name_cell(names[column]),
            Cell(f"{count:,}", str(count)),
            Cell(percent(count / support[row]), repr(float(count / support[row]))),
        ]
        for row, column, count in found
    ]
    columns = [
        Column("true class"),
        Column("taken for"),
        Column("samples", numeric=True),
        Column("of the class", numeric=True),
    ]
    return Table(columns, rows, "What is mistaken most often", sortable=True)
