"""Task, split and network for a table: rules of thumb that train well at once, each with its reason."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

from nnrun.config.datasets import DatasetSection, SplitSection
from nnrun.data.drafting.columns import Features, shortened
from nnrun.data.drafting.table import Column, Looked, quoted
from nnrun.data.shares import shares
from nnrun.data.splitting import split_indices
from nnrun.errors import DataError

Task = Literal["binary", "classes", "values"]

SEED = 0
"""The seed of a draft; it decides which rows are trained on."""

MOST_CLASSES = 20
"""A column with more different whole numbers than this holds values."""

_LEAST_ROWS = 20
_LEAST_ROWS_PER_NUMBER = 10  # fewer rows per whole number, and they are values


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train, and how.

    Args:
        task: Two classes, several, or a number.
        task_reason: The numbers seen that decide this.
        share: Fraction of the rows for the validation split, and again for the test split.
        stratify: Whether both get the classes in proportion.
        stratify_reason: Why, or why not.
        train_rows: Rows that are left for training.
        held_out: Rows of the validation split, and again of the test split.
        units: Units of the hidden layers.
        outputs: Units of the last layer.
        dropout: Share of hidden units that are left out in each step; 0 for none.
        learning_rate: Of Adam.
        batch_size: Rows per step.
        epochs: At most.
        patience: Epochs without improvement.
        weights: Numbers that the network learns.
        largest_class: Rows of the most frequent class.
        mean: Mean of the target in the training rows, if it is a number.
        deviation: Its deviation there.
    """

    task: Task
    task_reason: str
    share: float
    stratify: bool
    stratify_reason: str
    train_rows: int
    held_out: int
    units: tuple[int, ...]
    outputs: int
    dropout: float
    learning_rate: float
    batch_size: int
    epochs: int
    patience: int
    weights: int
    largest_class: int
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class _Size:
    """What suits tables of up to so many training rows."""

    rows: float
    units: tuple[int, ...]
    dropout: float
    learning_rate: float
    batch_size: int
    epochs: int
    patience: int


_SIZES = (
    _Size(300, (16,), 0.0, 0.01, 16, 200, 30),
    _Size(3_000, (32, 16), 0.2, 0.003, 32, 200, 25),
    _Size(30_000, (64, 32), 0.0, 0.002, 64, 150, 15),
    _Size(300_000, (128, 64), 0.0, 0.001, 256, 100, 10),
    _Size(float("inf"), (256, 128), 0.0, 0.001, 1024, 60, 6),
)


def plan_for(table: Looked, features: Features, target: Column) -> Plan:
    """Decides what to train, and how.

    Args:
        table: The table.
        features: The columns to predict from.
        target: The column to predict.

    Raises:
        DataError: The target has empty cells or a single value, or there are too few rows.
    """
    _check_target(table, target)
    task, reason = _task(target)
    share = _share(table.rows)
    stratify, stratify_reason = _stratify(task, target, share)
    section = DatasetSection(split=SplitSection(validation=share, test=share))
    sizes = shares(table.rows, section)
    mean, deviation = _moments(target, section)
    train_rows = sizes.train
    size = next(size for size in _SIZES if train_rows <= size.rows)
    outputs = len(_classes(target)) if task == "classes" else 1
    widths = (features.inputs, *size.units, outputs)
    return Plan(
        task=task,
        task_reason=reason,
        share=share,
        stratify=stratify,
        stratify_reason=stratify_reason,
        train_rows=train_rows,
        held_out=sizes.test,
        units=size.units,
        outputs=outputs,
        dropout=size.dropout,
        learning_rate=size.learning_rate,
        batch_size=size.batch_size,
        epochs=size.epochs,
        patience=size.patience,
        weights=sum((wide + 1) * next_ for wide, next_ in itertools.pairwise(widths)),
        largest_class=max(_classes(target).values()) if task != "values" else 0,
        mean=mean,
        deviation=deviation,
    )


def _moments(target: Column, section: DatasetSection) -> tuple[float, float]:
    """Returns mean and deviation of a target of numbers in the rows that the draft trains on.

    Those of all rows would tell the network a little about the rows of the test.
    """
    if target.values is None:
        return 0.0, 1.0
    trained_on = target.values[split_indices(target.rows, section, SEED).train]
    return float(trained_on.mean()), float(trained_on.std()) or 1.0


def _check_target(table: Looked, target: Column) -> None:
    name = quoted(target.name)
    if target.empty:
        raise DataError(
            f"{table.path}: the target {name} is empty in {target.empty:,} of {table.rows:,} rows",
            "remove these rows: there is nothing to learn from them, and they are too many to leave out unseen",
        )
    if table.rows < _LEAST_ROWS:
        raise DataError(
            f"{table.path} has only {table.rows} rows", f"a draft needs {_LEAST_ROWS} and more to choose from"
        )
    if len(_classes(target)) < 2:
        raise DataError(
            f"{table.path}: the target {name} is {quoted(shortened(target.example))} in every row",
            "is it the right column?",
        )
    numbers = target.rows - sum(target.not_numbers.values())
    if target.not_numbers and numbers * 2 >= target.rows:
        example = quoted(shortened(next(iter(target.not_numbers))))
        raise DataError(
            f"{table.path}: {target.rows - numbers:,} of {target.rows:,} cells of the target {name} are no "
            f"numbers, such as {example}",
            "mend these cells, or remove their rows",
        )
    if target.not_numbers and target.different * 2 > target.rows:
        example = quoted(shortened(target.example))
        raise DataError(
            f"{table.path}: the target {name} has {target.different:,} different texts in {target.rows:,} "
            f"rows, such as {example}: these are no classes",
            "is it the right column?",
        )


def _classes(target: Column) -> dict[str, int]:
    """Returns how many rows each value has, by its shown form; `1` and `1.0` are one number."""
    if target.not_numbers:
        return {quoted(cell): count for cell, count in sorted(target.texts.items())}
    values, counts = (part.tolist() for part in target.numbers)
    return {
        f"{value:.0f}" if value.is_integer() else repr(value): count
        for value, count in zip(values, counts, strict=True)
    }


def _task(target: Column) -> tuple[Task, str]:
    classes = _classes(target)
    count = len(classes)
    few = count <= MOST_CLASSES and target.rows >= count * _LEAST_ROWS_PER_NUMBER
    if target.not_numbers or (target.whole and (few or count == 2)):
        kind = "texts" if target.not_numbers else "whole numbers"
        shown = ", ".join(f"{shortened(name)} ({number:,})" for name, number in list(classes.items())[:8])
        more = f", and {count - 8} more" if count > 8 else ""
        return ("binary" if count == 2 else "classes"), f"{count} different {kind}: {shown}{more}"
    kind = "whole numbers" if target.whole else "numbers"
    low, high = target.numbers[0][0], target.numbers[0][-1]
    return "values", f"{count:,} different {kind} in {target.rows:,} rows, from {low:g} to {high:g}"


def _share(rows: int) -> float:
    if rows < 1_000:
        return 0.2
    return 0.15 if rows < 20_000 else 0.1


def _stratify(task: Task, target: Column, share: float) -> tuple[bool, str]:
    if task == "values":
        return False, ""
    name, least = min(_classes(target).items(), key=lambda item: item[1])
    if least * share >= 1:
        return True, "every split has the classes in the same proportion"
    seen = f"{shortened(name)} has {least:,} rows"
    return False, f"not stratified, as not every class is in every split then: {seen}"
