"""The section `dataset` of a draft: columns, empty cells, scaling and splits, with the reasons."""

from __future__ import annotations

from nnrun.data.drafting.columns import Features, shortened, varying_parts
from nnrun.data.drafting.plan import Plan
from nnrun.data.drafting.table import DELIMITERS, Column, Looked, quoted
from nnrun.data.drafting.text import capitalised, column_in_yaml, comment, text_in_yaml


def dataset_lines(table: Looked, target: Column, features: Features, plan: Plan, path: str) -> list[str]:
    """Returns the section `dataset` of a draft.

    Args:
        table: The table.
        target: The column to predict.
        features: The columns to predict from.
        plan: What to train.
        path: The file, as the config names it.
    """
    dialect = table.dialect
    lines = ["dataset:", "  source: csv", f"  path: {text_in_yaml(path)}"]
    if dialect is not None and dialect.delimiter != ",":
        lines += comment(f"The fields are divided by {DELIMITERS[dialect.delimiter]}.")
        lines.append(f"  delimiter: {quoted(dialect.delimiter)}")
    if dialect is not None and not dialect.header:
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
    lines += _booleans_and_dates(features)
    lines += _missing(table, features)
    for column in features.codes:
        numbers = ", ".join(f"{value:g}" for value in column.numbers[0])
        lines += comment(
            f"{quoted(column.name)} has only the numbers {numbers}: if they are codes and no amounts, add it to "
            "`categorical`."
        )
    if features.numeric or features.dates:
        lines += comment(_scaling(features))
        lines.append("  scale: standard")
    stratify = f"; {plan.stratify_reason}" if plan.stratify_reason else ""
    lines += comment(
        f"{plan.train_rows:,} rows to train on, {plan.held_out:,} to watch, {plan.held_out:,} for the test{stratify}."
    )
    share = f"validation: {plan.share:g}, test: {plan.share:g}"
    lines.append(f"  split: {{{share}{', stratify: true' if plan.stratify else ''}}}")
    return [*lines, ""]


def _booleans_and_dates(features: Features) -> list[str]:
    lines: list[str] = []
    for column in features.booleans:
        shown = ", ".join(f"{quoted(cell)} ({count:,})" for cell, count in column.texts.items())
        lines += comment(f"{quoted(column.name)} holds truth values, which become 0 and 1: {shown}.")
    for column in features.dates:
        parts = ", ".join(varying_parts(column))
        lines += comment(
            f"{quoted(column.name)} holds dates, from {min(column.texts)} to {max(column.texts)}, which become {parts}."
            " If the network is to predict what comes later, add `time: "
            f"{quoted(column.name)}` to `split`, instead of `stratify`: the last rows are for the test then."
        )
    return lines


def _missing(table: Looked, features: Features) -> list[str]:
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
            "Empty cells get the median of the column, or what is most frequent if it holds no numbers, by the training"
            " rows."
        ),
        "  missing:",
    ]
    for column in features.incomplete:
        are = "is" if column.empty == 1 else "are"
        lines += comment(f"{column.empty:,} of {column.rows:,} cells {are} empty.", "    ")
        lines.append(f"    {column_in_yaml(column, table)}: {features.fill(column)}")
    return lines


def _categories(column: Column) -> str:
    ordered = sorted(column.texts.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{quoted(shortened(cell))} ({count:,})" for cell, count in ordered[:5])
    rest = len(ordered) - 5
    if rest <= 0:
        return f"{len(ordered)} texts: {shown}."
    return f"{len(ordered)} texts: {shown}, and {rest} more."


def _scaling(features: Features) -> str:
    rule = "Mean 0 and deviation 1 for every column of numbers, by the training rows"
    if not features.numeric:
        return f"{rule}: the parts of dates are numbers."
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
    return f"{rule}: {seen}."
