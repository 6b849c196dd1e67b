"""The runs, and which is best."""

from __future__ import annotations

from nnrun.display.formats import duration
from nnrun.evaluation.report.beside import Beside
from nnrun.evaluation.report.blocks import Block, Cell, Column, Note, Section, Table
from nnrun.evaluation.report.material import Material, Missing
from nnrun.evaluation.report.texts import NONE, count_cell, figure, figure_cell, moment, name_cell, number


def section(beside: Beside) -> Section:
    """Returns the table of the runs."""
    verdict = beside.comparison.verdict()
    best = None if verdict is None else beside.best(verdict)
    rows = [
        _row(Cell(letter, mark="best" if place == best else ""), one)
        for place, (letter, one) in enumerate(zip(beside.letters, beside.materials, strict=True))
    ]
    columns = [
        Column("run"),
        Column("name"),
        Column("status"),
        Column("epochs", numeric=True),
        Column("best by"),
        Column("value", numeric=True),
        Column("in epoch", numeric=True),
        Column("parameters", numeric=True),
        Column("time", numeric=True),
        Column("started"),
        Column("id"),
    ]
    blocks: list[Block] = [Table(columns, rows, "The runs", sortable=True)]
    if beside.comparison.other_data:
        text = "The runs were not trained and judged on the same data, so their metrics cannot be compared as they are."
        blocks.insert(0, Note("warning", text))
    for letter, one in zip(beside.letters, beside.materials, strict=True):
        if one.run.status != "completed":
            blocks.append(
                Note("warning", f"{letter} is {one.run.status}: what is shown is what there is of it.")
            )
        if isinstance(one.judgement, Missing):
            blocks.append(Note("info", f"{letter} is not evaluated: {one.judgement.reason}."))
    return Section("runs", "Runs", blocks, _verdict(beside))


def _row(letter: Cell, material: Material) -> list[Cell]:
    run = material.run
    best = material.best_epoch
    seconds = number(run.record.get("seconds"))
    return [
        letter,
        name_cell(run.name),
        Cell(run.status, mark="" if run.status == "completed" else "bad"),
        count_cell(len(material.rows)),
        Cell(material.monitor or NONE, mark="code"),
        figure_cell(material.values_of(best).get(material.monitor or "")),
        count_cell(best),
        count_cell(material.past.training.get("parameters")),
        Cell(NONE, mark="faint") if seconds is None else Cell(duration(seconds), str(seconds)),
        Cell(moment(run.record["started"]), mark="time"),
        Cell(run.id, mark="code"),
    ]


def _verdict(beside: Beside) -> str:
    row = beside.comparison.verdict()
    if beside.comparison.other_data:
        return ""
    if row is None:
        return "The best epochs of these runs were not chosen by the same metric."
    name = row.key.removeprefix("best ")
    if row.best is None:
        return f"By {name}, no run is known to be better than the others."
    value = number(row.values[row.best])
    return f"By {name}, the best is {beside.letters[row.best]}{'' if value is None else f', with {figure(value)}'}."
