"""Drafts a config for a table: it trains well at once, and every choice says why it was made."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from nnrun.data.drafting_columns import Features, choose_features, shortened
from nnrun.data.drafting_plan import Plan, plan_for
from nnrun.data.drafting_table import DELIMITERS, Column, Table, look_at, quoted
from nnrun.data.drafting_text import (
    capitalised,
    column_in_yaml,
    comment,
    name_in_yaml,
    number_in_yaml,
    text_in_yaml,
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
        table = _without_empty(table, target, column, features)
        column = table.columns[column.number]
        features = choose_features(table, column)
    plan = plan_for(table, features, column)
    return "\n".join(
        [
            *_head(table, column, file),
            *_dataset(table, column, features, plan, _relative(file, folder)),
            *_model(column, features, plan),
            *_compile(column, plan),
            *_fit(plan),
            "",
        ]
    )


def _columns_of(file: Path) -> str:
    table = look_at(file, "")
    if not table.dialect.header:
        return f"columns are numbers from 0 to {len(table.columns) - 1}, as there is no header"
    names = ", ".join(quoted(column.name) for column in table.columns[:20])
    return f"the columns are {names}{' …' if len(table.columns) > 20 else ''}"


def _find_target(table: Table, target: str) -> Column:
    names = [column.name for column in table.columns]
    if target in names:
        return table.columns[names.index(target)]
    if not table.dialect.header and re.fullmatch(r"-\d{1,6}", target) and int(target) >= -len(names):
        return table.columns[int(target)]
    if not table.dialect.header:
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


def _without_empty(table: Table, target: str, column: Column, features: Features) -> Table:
    """Returns the table without the rows that `missing: drop` leaves out, or as it is if these are many."""
    rows = table.rows_with_empty((column, *features.numeric, *features.categorical))
    few = len(rows) < _MOST_LEFT_OUT * table.rows
    return look_at(table.path, target, rows) if few else table


def _relative(file: Path, folder: Path) -> str:
    """Returns the path as the config should have it: relative, unless it lies somewhere else altogether."""
    relative = Path(os.path.relpath(file.absolute(), folder))
    return str(file.absolute() if relative.parts[:3] == ("..", "..", "..") else relative)


def _head(table: Table, target: Column, file: Path) -> list[str]:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip("-._")[:80] or "table"
    return [
        *comment(
            f"A draft for {quoted(file.name)}: {table.rows:,} rows, {len(table.columns)} columns, "
            f"{quoted(target.name)} to predict. Every choice says what it was made from; change what you know better.",
            "",
        ),
        f"name: {name_in_yaml(name)}",
        "# Makes the run repeatable.",
        "seed: 0",
        "",
    ]


def _dataset(table: Table, target: Column, features: Features, plan: Plan, path: str) -> list[str]:
    dialect = table.dialect
    lines = ["dataset:", "  source: csv", f"  path: {text_in_yaml(path)}"]
    if dialect.delimiter != ",":
        lines += comment(f"The fields are divided by {DELIMITERS[dialect.delimiter]}.")
        lines.append(f"  delimiter: {quoted(dialect.delimiter)}")
    if not dialect.header:
        lines += comment(f"No header: {dialect.header_reason}. Columns are numbers from 0.")
        lines.append("  header: false")
    lines += comment(f"{capitalised(plan.task_reason)}.")
    lines.append(f"  target: {column_in_yaml(target, table)}")
    if features.excluded:
        lines.append("  exclude:")
        for column, reason in features.excluded:
            lines += comment(f"It {reason}.", "    ")
            lines.append(f"    - {column_in_yaml(column, table)}")
    if features.categorical:
        lines += comment("Text: one input per value, 1 for the row's own and 0 for the others.")
        lines.append("  categorical:")
        for column in features.categorical:
            lines += comment(_categories(column), "    ")
            lines.append(f"    - {column_in_yaml(column, table)}")
    lines += _missing(table, features)
    for column in features.codes:
        numbers = ", ".join(f"{value:g}" for value in sorted(column.numbers))
        lines += comment(
            f"{quoted(column.name)} has only the numbers {numbers}: if they are codes and no amounts, add it to "
            "`categorical`."
        )
    if features.numeric:
        lines += comment(_scaling(features))
        lines.append("  scale: standard")
    stratify = f"; {plan.stratify_reason}" if plan.stratify_reason else ""
    lines += comment(
        f"{plan.train_rows:,} rows to train on, {plan.held_out:,} to watch, {plan.held_out:,} for the test{stratify}."
    )
    share = f"validation: {plan.share:g}, test: {plan.share:g}"
    lines.append(f"  split: {{{share}{', stratify: true' if plan.stratify else ''}}}")
    return [*lines, ""]


def _missing(table: Table, features: Features) -> list[str]:
    if table.left_out:
        rows = table.rows + table.left_out
        return [
            *comment(
                f"{table.left_out:,} of {rows:,} rows lack the target or another cell. They are left out."
            ),
            "  missing: drop",
        ]
    if not features.incomplete:
        return []
    lines = [
        *comment(
            "Empty cells get the median of the column, of texts the most frequent one, by the training rows."
        ),
        "  missing:",
    ]
    for column in features.incomplete:
        are = "is" if column.empty == 1 else "are"
        lines += comment(f"{column.empty:,} of {column.rows:,} cells {are} empty.", "    ")
        lines.append(f"    {column_in_yaml(column, table)}: {features.fill(column)}")
    return lines


def _categories(column: Column) -> str:
    ordered = sorted(column.filled.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{quoted(shortened(cell))} ({count:,})" for cell, count in ordered[:5])
    rest = len(ordered) - 5
    if rest <= 0:
        return f"{len(ordered)} texts: {shown}."
    return f"{len(ordered)} texts: {shown}, and {rest} more."


def _scaling(features: Features) -> str:
    widest = max(features.numeric, key=lambda column: column.deviation)
    narrowest = min(features.numeric, key=lambda column: column.deviation)
    if widest is narrowest:
        seen = (
            f"{quoted(widest.name)} has a mean of {widest.mean:.3g} and a deviation of {widest.deviation:.3g}"
        )
    else:
        seen = (
            f"the deviations go from {narrowest.deviation:.3g} ({quoted(narrowest.name)}) to "
            f"{widest.deviation:.3g} ({quoted(widest.name)})"
        )
    return f"Mean 0 and deviation 1 for every column of numbers, by the training rows: {seen}."


def _model(target: Column, features: Features, plan: Plan) -> list[str]:
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
                "its mean.",
                "    ",
            ),
            f"    - Rescaling: {{scale: {number_in_yaml(target.deviation)}, offset: {number_in_yaml(target.mean)}}}",
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
    classes = target.counts
    largest = max(classes.values()) / target.rows
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
                f"`Rescaling: {{scale: {number_in_yaml(target.deviation)}, offset: {number_in_yaml(target.mean)}}}`."
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
