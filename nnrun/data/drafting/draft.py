"""Drafts a config for a table: it trains well at once, and every choice says why it was made."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from nnrun.data.drafting.columns import Features, choose_features
from nnrun.data.drafting.dataset import dataset_lines
from nnrun.data.drafting.plan import SEED, Plan, plan_for
from nnrun.data.drafting.table import Column, Looked, look_at, quoted
from nnrun.data.drafting.text import (
    comment,
    name_in_yaml,
    number_in_yaml,
)
from nnrun.errors import DataError, UsageError

_MOST_LEFT_OUT = 0.05  # more rows without a target, or beside one, are worth a look before they are dropped


def draft_config(file: Path, target: str | None, folder: Path) -> str:
    """Returns the text of a config that trains on a table.

    Args:
        file: A text table.
        target: The column to predict: its name, or its number from 0 (from -1 backwards) without a header.
        folder: The folder that the config will lie in; its paths are relative to it.

    Raises:
        UsageError: No target was named.
        DataError: The table cannot be used as it is; the error says what to change.
    """
    if not file.is_file():
        raise DataError(f"{file}: no such file")
    if target is None:
        raise UsageError(
            "--from-csv needs the column to predict", f"add --target COLUMN; {_columns_of(file)}"
        )
    table = look_at(file, target)
    column = _find_target(table, target)
    features = choose_features(table, column)
    if column.empty:
        table = _without_empty(table, column, features)
        column = table.columns[column.number]
        features = choose_features(table, column)
    plan = plan_for(table, features, column)
    return "\n".join(
        [
            *_head(table, column, file),
            *dataset_lines(table, column, features, plan, _relative(file, folder)),
            *_model(features, plan),
            *_compile(column, plan),
            *_fit(plan),
            "",
        ]
    )


def _columns_of(file: Path) -> str:
    table = look_at(file, "")
    if not table.header:
        return f"columns are numbers from 0 to {len(table.columns) - 1}, as there is no header"
    names = ", ".join(quoted(column.name) for column in table.columns[:20])
    return f"the columns are {names}{' …' if len(table.columns) > 20 else ''}"


def _find_target(table: Looked, target: str) -> Column:
    names = [column.name for column in table.columns]
    if target in names:
        return table.columns[names.index(target)]
    if not table.header and re.fullmatch(r"-\d{1,6}", target) and int(target) >= -len(names):
        return table.columns[int(target)]
    if table.dialect is not None and not table.dialect.header:
        advice = (
            f"columns are numbers from 0 to {len(names) - 1}, or -1 for the last, as there is no header "
            f"({table.dialect.header_reason})"
        )
    else:
        close = difflib.get_close_matches(target.casefold(), [name.casefold() for name in names], n=1)
        meant = next((name for name in names if close and name.casefold() == close[0]), None)
        shown = ", ".join(map(quoted, names[:20]))
        advice = f"did you mean {quoted(meant)}?" if meant else f"the columns are {shown}"
    raise DataError(f"{table.path} has no column {quoted(target)}", advice)


def _without_empty(table: Looked, column: Column, features: Features) -> Looked:
    """Returns the table without the rows that `missing: drop` leaves out, or as it is if these are many."""
    rows = table.with_empty((column, *features.all))
    return table.without(rows) if rows.sum() < _MOST_LEFT_OUT * table.rows else table


def _relative(file: Path, folder: Path) -> str:
    """Returns the path as the config should have it: relative, unless it lies somewhere else altogether."""
    relative = Path(os.path.relpath(file.absolute(), folder))
    return str(file.absolute() if relative.parts[:3] == ("..", "..", "..") else relative)


def _head(table: Looked, target: Column, file: Path) -> list[str]:
    stem = file.name.removesuffix(".gz").rpartition(".")[0] or file.name
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:80] or "table"
    return [
        *comment(
            f"A draft for {quoted(file.name)}: {table.rows:,} rows, {len(table.columns)} columns, "
            f"{quoted(target.name)} to predict. Every choice says what it was made from; change what you know better.",
            "",
        ),
        f"name: {name_in_yaml(name)}",
        "# Makes the run repeatable.",
        f"seed: {SEED}",
        "",
    ]


def _model(features: Features, plan: Plan) -> list[str]:
    lines = [
        "model:",
        "  layers:",
        *comment(
            f"{features.inputs} inputs and {plan.train_rows:,} training rows: {len(plan.units)} hidden "
            f"layer{'s' if len(plan.units) > 1 else ''}, {plan.weights:,} weights in all.",
            "    ",
        ),
    ]
    lines += [f"    - Dense: {{units: {units}, activation: relu}}" for units in plan.units]
    if plan.dropout:
        lines += comment(
            "Few rows are soon learned by heart; leaving out hidden units at random is against it.", "    "
        )
        lines.append(f"    - Dropout: {{rate: {plan.dropout:g}}}")
    if plan.task == "binary":
        lines += comment("The probability of the second class.", "    ")
        lines.append("    - Dense: {units: 1, activation: sigmoid}")
    elif plan.task == "classes":
        lines += comment("One unit per class; softmax makes probabilities of them.", "    ")
        lines.append(f"    - Dense: {{units: {plan.outputs}, activation: softmax}}")
    else:
        lines += [
            "    - Dense: {units: 1}",
            *comment(
                "Networks are good at numbers near 0. This turns them into the target's: times its deviation, plus "
                "its mean, both of the training rows.",
                "    ",
            ),
            f"    - Rescaling: {{scale: {number_in_yaml(plan.deviation)}, offset: {number_in_yaml(plan.mean)}}}",
        ]
    return [*lines, ""]


def _compile(target: Column, plan: Plan) -> list[str]:
    lines = ["compile:", f"  optimizer: {{Adam: {{learning_rate: {plan.learning_rate:g}}}}}"]
    if plan.task == "values":
        lines += [
            *comment("For numbers. With outliers that should not count much, use mean_absolute_error."),
            "  loss: mean_squared_error",
            *comment(
                "The mean error in the target's own unit, and the share of its variance that is explained."
            ),
            "  metrics: [mean_absolute_error, R2Score]",
            "",
        ]
        return lines
    largest = plan.largest_class / target.rows
    guess = f"Always guessing the most frequent class is right in {largest:.1%} of the rows: expect more."
    if plan.task == "binary":
        lines += [
            *comment("For two classes and one sigmoid unit."),
            "  loss: binary_crossentropy",
            *comment(f"{guess} AUC does not depend on how frequent the classes are."),
            "  metrics: [accuracy, AUC]",
        ]
    else:
        lines += [*comment("For classes and softmax."), "  loss: sparse_categorical_crossentropy"]
        if not target.not_numbers:
            lines += comment(
                "If the numbers are amounts and no classes: `loss: mean_squared_error`, `metrics: "
                "[mean_absolute_error, R2Score]`, no `stratify`, and as the last layers `Dense: {units: 1}` and "
                f"`Rescaling: {{scale: {number_in_yaml(plan.deviation)}, offset: {number_in_yaml(plan.mean)}}}`."
            )
        lines += [*comment(guess), "  metrics: [accuracy]"]
    return [*lines, ""]


def _fit(plan: Plan) -> list[str]:
    steps = -(-plan.train_rows // plan.batch_size)
    return [
        "fit:",
        *comment("At most: early stopping ends it."),
        f"  epochs: {plan.epochs}",
        *comment(f"{steps:,} steps an epoch."),
        f"  batch_size: {plan.batch_size}",
        "  callbacks:",
        *comment(
            f"Stops when the validation loss has not improved for {plan.patience} epochs, and goes back to the "
            "best one.",
            "    ",
        ),
        f"    - EarlyStopping: {{monitor: val_loss, patience: {plan.patience}, restore_best_weights: true}}",
    ]
