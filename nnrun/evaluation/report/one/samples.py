"""Some samples, as they were found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnrun.data.labelled import Labelled
from nnrun.evaluation.numbers import brief
from nnrun.evaluation.plots.choosing import first_of_each
from nnrun.evaluation.report.blocks import Block, Cell, Column, Picture, Pictures, Section, Table
from nnrun.evaluation.report.material import Material, Missing
from nnrun.evaluation.report.pictures import thumbnails
from nnrun.evaluation.report.rows import Described, described, left_out
from nnrun.evaluation.report.texts import name_cell

_IMAGES = 40
_ROWS = 12
_BUDGET = 1_600_000
"""Bytes of all images together."""


def section(material: Material) -> Section | None:
    """Returns samples of the training split, the first ones of each class."""
    labelled = material.labelled
    if isinstance(labelled, Missing):
        return None
    images = labelled.raw.kind == "images"
    chosen = _chosen(labelled, _IMAGES if images else _ROWS)
    x = labelled.found("train", chosen)
    labels = _labels(labelled, chosen)
    summary = f"{len(chosen)} of {len(labelled.splits.train):,} samples of the training split"
    summary += (
        ", as they were found." if labelled.splits.class_names is None else ", of each class the first ones."
    )
    if images:
        found = thumbnails(x, _BUDGET)
        pictures = [
            Picture(source, f"an image, {label.text}", label.text)
            for source, label in zip(found.sources, labels.cells, strict=True)
        ]
        block: Block = Pictures(pictures, found.width, found.height, found.sharp)
    else:
        columns = [labels, *described(x, labelled.raw)]
        rows = list(zip(*(column.cells for column in columns), strict=True))
        block = Table([column.column for column in columns], rows, "Samples")
        summary += left_out(labelled.raw, x)
    return Section("samples", "Samples", [block], summary)


def _chosen(labelled: Labelled, most: int) -> NDArray[np.int64]:
    train, names = labelled.splits.train, labelled.splits.class_names
    if names is None or train.class_index is None:
        return np.arange(min(len(train), most))
    each = max(1, most // len(names))
    return first_of_each(train.class_index, len(names), each)[:most]


def _labels(labelled: Labelled, chosen: NDArray[np.int64]) -> Described:
    splits = labelled.splits
    if splits.class_names is not None and splits.train.class_index is not None:
        numbers = splits.train.class_index[chosen].tolist()
        return Described(Column("class"), [name_cell(splits.class_names[number]) for number in numbers])
    values = np.asarray(splits.train.y)[chosen].reshape(len(chosen), -1)
    targets = splits.preprocessing.target_names or ("target",)
    cells = [Cell(", ".join(brief(value, 5) for value in row[:4])) for row in values.tolist()]
    return Described(Column(", ".join(targets[:4]), numeric=True), cells)
