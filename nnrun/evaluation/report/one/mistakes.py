"""The mistakes that the network was most sure of, and of numbers those that are farthest off."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnrun.data.labelled import Labelled
from nnrun.evaluation.numbers import brief, percent
from nnrun.evaluation.report.blocks import Block, Cell, Column, Note, Picture, Pictures, Section, Table
from nnrun.evaluation.report.judging import Judgement, Outcome
from nnrun.evaluation.report.material import Material, Missing
from nnrun.evaluation.report.pictures import thumbnails
from nnrun.evaluation.report.rows import Described, described, left_out
from nnrun.evaluation.report.texts import name_cell, plural

_IMAGES = 48
_ROWS = 25
_BUDGET = 2_200_000
"""Bytes of all images together."""


def section(material: Material) -> Section | None:
    """Returns what was predicted most wrongly."""
    found = material.judgement
    if isinstance(found, Missing) or found.outcome is None:
        return None
    outcome = found.outcome
    chosen, title, summary = _of_classes(outcome) if found.names else _of_values(outcome)
    if not len(chosen):
        return Section("mistakes", title, [], summary)
    labelled = material.labelled
    if isinstance(labelled, Missing) or not material.same_data:
        reason = labelled.reason if isinstance(labelled, Missing) else "they have changed since the training"
        note = f"The samples themselves are not shown, as the data cannot be used: {reason}."
        if reason == "--no-evaluate":
            note = "The samples themselves are not shown, as no data were loaded (--no-evaluate)."
        columns = _told(found, outcome, chosen[:_ROWS])
        return Section("mistakes", title, [_table(columns), Note("info", note)], summary)
    if labelled.raw.kind == "images" and found.names:
        shown = chosen[:_IMAGES]
        block: Block = _gallery(found, outcome, labelled, shown)
        summary += " Below each: its class, what it was taken for"
        summary += ", and how sure that was." if outcome.confidence is not None else "."
    else:
        shown = chosen[:_ROWS]
        x = labelled.found(found.split, shown)
        columns = [
            *_told(found, outcome, shown),
            *_places(found, labelled, shown),
            *([] if labelled.raw.kind == "images" else described(x, labelled.raw)),
        ]
        block = _table(columns)
        summary += left_out(labelled.raw, x)
    return Section("mistakes", title, [block], summary)


def _of_classes(outcome: Outcome) -> tuple[NDArray[np.int64], str, str]:
    wrong, total = outcome.mistakes, len(outcome.true)
    if not len(wrong):
        return wrong, "Mistakes", f"All {plural(total, 'sample')} are classified correctly."
    order = "the most confident ones first" if outcome.confidence is not None else "the clearest ones first"
    return wrong, "Mistakes", f"{plural(len(wrong), 'mistake')} in {total:,} samples, {order}."


def _of_values(outcome: Outcome) -> tuple[NDArray[np.int64], str, str]:
    off = np.abs(outcome.true - outcome.predicted)
    spread = np.std(outcome.true, axis=0)
    # Targets have units of their own.
    worst = (off / np.where(spread > 0, spread, 1.0)).max(axis=1)
    chosen = np.argsort(-worst, kind="stable").astype(np.int64)
    return chosen, "Largest errors", "The samples whose predictions are farthest off."


def _told(found: Judgement, outcome: Outcome, chosen: NDArray[np.int64]) -> list[Described]:
    """Returns what was predicted for samples, and what they are."""
    true, predicted = outcome.true[chosen], outcome.predicted[chosen]
    if found.names:
        columns = [
            Described(Column("predicted"), [Cell(found.names[n], mark="bad", name=True) for n in predicted]),
            Described(Column("true"), [name_cell(found.names[n]) for n in true]),
        ]
        if outcome.confidence is not None:
            sure = outcome.confidence[chosen].tolist()
            cells = [Cell(percent(share), repr(share)) for share in sure]
            columns.insert(1, Described(Column("confidence", numeric=True), cells))
        return columns
    columns = []
    targets = [str(one["name"]) for one in found.record["targets"]]
    for number, name in enumerate(targets[:4]):
        of = f" {name}" if len(targets) > 1 else ""
        both = true[:, number], predicted[:, number]
        for title, values in (
            (f"true{of}", both[0]),
            (f"predicted{of}", both[1]),
            (f"error{of}", both[0] - both[1]),
        ):
            cells = [Cell(brief(value, 5), repr(value)) for value in values.tolist()]
            columns.append(Described(Column(title, numeric=True), cells))
    return columns


def _places(found: Judgement, labelled: Labelled, chosen: NDArray[np.int64]) -> list[Described]:
    """Returns where samples are from, if the source can tell."""
    texts = _where(found, labelled, chosen)
    return [Described(Column("from"), [Cell(text, mark="faint") for text in texts])] if any(texts) else []


def _where(found: Judgement, labelled: Labelled, chosen: NDArray[np.int64]) -> Sequence[str]:
    origins = labelled.origins(found.split)
    if origins is None or origins.place is None:
        return [""] * len(chosen)
    return _without_folder([origins.place(int(sample)) for sample in origins.samples[chosen]])


def _without_folder(places: Sequence[str]) -> list[str]:
    """Returns places in files without the folder that all of these lie in."""
    folders = [place.rpartition("/")[0] for place in places]
    if not all(folder.startswith("/") for folder in folders):
        return [*places]  # the sources tell relative paths where the config has some
    return [place.removeprefix(os.path.commonpath(folders)).removeprefix("/") for place in places]


def _gallery(found: Judgement, outcome: Outcome, labelled: Labelled, chosen: NDArray[np.int64]) -> Pictures:
    images = thumbnails(labelled.found(found.split, chosen), _BUDGET)
    pictures = []
    where = _where(found, labelled, chosen)
    for source, sample, place in zip(images.sources, chosen.tolist(), where, strict=True):
        true, predicted = (found.names[values[sample]] for values in (outcome.true, outcome.predicted))
        sure = None if outcome.confidence is None else float(outcome.confidence[sample])
        pictures.append(
            Picture(
                source,
                f"an image of {true} that was taken for {predicted}",
                true,
                predicted,
                percent(sure),
                place or f"sample {sample}",
            )
        )
    return Pictures(pictures, images.width, images.height, images.sharp)


def _table(columns: Sequence[Described]) -> Table:
    rows = list(zip(*(column.cells for column in columns), strict=True))
    return Table([column.column for column in columns], rows, "The worst predictions", sortable=True)
