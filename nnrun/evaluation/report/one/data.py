"""What it was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnrun.config.resolved import flow
from nnrun.data.labelled import Labelled
from nnrun.data.splits import SplitName
from nnrun.evaluation.report.blocks import Block, Cell, Column, Fact, Facts, More, Note, Section, Table
from nnrun.evaluation.report.material import Material, Missing
from nnrun.evaluation.report.texts import count_cell, mapping, name_cell, plural

_SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
_OPEN = 12
"""More classes than these are counted in a table that is closed at first."""

_CLASSES = 1_000
"""So many classes are counted, at most."""

_LISTED = 40
"""So many names of columns are listed."""


def section(material: Material) -> Section:
    """Returns the data of a run."""
    labelled = material.labelled
    blocks: list[Block] = []
    if isinstance(labelled, Missing):
        if material.wish.compute:
            blocks.append(Note("warning", f"The data cannot be loaded any more: {labelled.reason}."))
    elif material.same_data is False:
        blocks.append(
            Note("warning", "The data have changed since the training; what is shown is as they are now.")
        )
    blocks.append(Facts(_facts(material)))
    if not isinstance(labelled, Missing):
        blocks += [Note("info", text) for text in labelled.splits.notes]
        classes = _classes(labelled)
        if classes is not None:
            many = len(classes.rows) > _OPEN
            blocks.append(More("Samples by class", [classes]) if many else classes)
    return Section("data", "Data", blocks)


def _facts(material: Material) -> list[Fact]:
    dataset = mapping(material.run.config_values.get("dataset"))
    recorded = mapping(material.run.record.get("data"))
    source = [str(dataset[key]) for key in ("source", "generator", "name", "path") if dataset.get(key)]
    facts = [Fact("Source", Cell(", ".join(dict.fromkeys(source)) or "unknown"))]
    samples = material.past.samples
    if samples:
        text = ", ".join(f"{count:,} {name}" for name, count in samples.items())
        facts.append(Fact("Samples", Cell(text)))
    labelled = material.labelled
    if not isinstance(labelled, Missing):
        facts += _loaded(labelled)
    names = material.run.record.get("class_names")
    if isinstance(names, list):
        facts.append(Fact("Classes", Cell(f"{len(names)}: {_listed(names)}", name=True)))
    split = mapping(dataset.get("split"))
    if split.get("validation") is not None or split.get("test") is not None:
        facts.append(Fact("Split", Cell(_short(split), mark="code")))
    if isinstance(recorded.get("fingerprint"), str):
        facts.append(Fact("Fingerprint", Cell(recorded["fingerprint"], mark="code")))
    return facts


def _loaded(labelled: Labelled) -> list[Fact]:
    splits, raw = labelled.splits, labelled.raw
    x = splits.train.x
    facts = [
        Fact("Kind", Cell(raw.kind)),
        Fact("Input", Cell(f"{_shape(x.shape[1:])} {x.dtype}", mark="code")),
    ]
    scaling = splits.preprocessing.scaling.method
    if scaling != "none":
        facts.append(Fact("Scaling", Cell(scaling, mark="code")))
    columns = splits.preprocessing.columns
    if columns is not None:
        facts.append(Fact("Columns", Cell(f"{len(columns)}: {_listed(columns)}", name=True)))
    targets = splits.preprocessing.target_names
    if targets is not None and splits.class_names is None:
        facts.append(Fact("Targets" if len(targets) > 1 else "Target", Cell(_listed(targets), name=True)))
    return facts


def _classes(labelled: Labelled) -> Table | None:
    splits = labelled.splits
    if splits.class_names is None:
        return None
    present = [name for name in _SPLITS if splits.get(name) is not None]
    counts = []
    for name in present:
        split = splits.get(name)
        index = None if split is None else split.class_index
        if index is None:
            return None
        counts.append(np.bincount(index, minlength=len(splits.class_names)).tolist())
    count = len(splits.class_names)
    rows = [
        [name_cell(name), *(count_cell(each[number]) for each in counts)]
        for number, name in enumerate(splits.class_names[:_CLASSES])
    ]
    shown = "" if count <= _CLASSES else f", {_CLASSES:,} shown"
    totals = [[Cell(plural(count, "class", "classes") + shown), *(count_cell(sum(each)) for each in counts)]]
    columns = [Column("class"), *(Column(name, numeric=True) for name in present)]
    return Table(columns, rows, "Samples by class", totals, sortable=True)


def _listed(names: Sequence[Any]) -> str:
    shown = ", ".join(map(str, names[:_LISTED]))
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED:,} more"


def _shape(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _short(section: Mapping[str, Any]) -> str:
    return flow({key: value for key, value in section.items() if value is not None})
