"""What should be looked at before training, the most serious first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nnrun.data.summary.columns import ColumnSummary
from nnrun.data.summary.duplicates import Duplicates
from nnrun.data.summary.leaks import Leak
from nnrun.data.summary.splits import SplitSummary

_LISTED = 5

_MOSTLY_MISSING = 0.5

_RARE = 10
"""A class with fewer training samples can hardly be learned."""

_UNBALANCED = 0.9
"""Share of one class from which always guessing it looks like success."""

_MANY_CATEGORIES = 50


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that should be looked at.

    Args:
        kind: Stable name of the kind of warning.
        message: What was found.
    """

    kind: str
    message: str


def warnings_of(
    columns: Sequence[ColumnSummary],
    leaks: Sequence[Leak],
    duplicates: Duplicates,
    splits: Sequence[SplitSummary],
    changed: Sequence[str] | None,
) -> tuple[Warned, ...]:
    """Returns all warnings."""
    found: list[Warned] = []
    if changed:
        how = "; ".join(changed)
        found.append(Warned("data-changed", f"these are not the data that the run was trained on: {how}"))
    for leak in leaks:
        target = "the target" if leak.target is None else f"the target '{leak.target}'"
        found.append(
            Warned(
                "leak",
                f"column '{leak.column}' tells {target} by itself: {leak.reason}; is it known before the target?",
            )
        )
    found += _of_duplicates(duplicates)
    found += _of_classes(splits)
    found += _of_columns(columns)
    return tuple(found)


def _of_duplicates(duplicates: Duplicates) -> list[Warned]:
    found = [
        Warned(
            "duplicates-across-splits",
            f"{_samples(count, 'is', 'are')} in the {first} split and in the {second} split, whose figures are better "
            "for it",
        )
        for (first, second), count in duplicates.across.items()
        if count
    ]
    if duplicates.conflicting:
        equal = _samples(duplicates.conflicting, "equals another one", "equal others")
        found.append(Warned("conflicting-labels", f"{equal} with another label"))
    for split, count in duplicates.within.items():
        if count:
            repeated = _samples(count, "repeats another one", "repeat others")
            found.append(Warned("duplicates", f"{repeated} of the {split} split"))
    return found


def _samples(count: int, one: str, several: str) -> str:
    return f"1 sample {one}" if count == 1 else f"{count:,} samples {several}"


def _of_classes(splits: Sequence[SplitSummary]) -> list[Warned]:
    train = splits[0]
    if not train.classes:
        return []
    found: list[Warned] = []
    name, most = max(train.classes.items(), key=lambda item: item[1])
    if most > _UNBALANCED * train.samples:
        found.append(
            Warned(
                "unbalanced-classes",
                f"{most / train.samples:.1%} of the training samples are of class '{name}': always guessing it is "
                "right as often, so look at precision and recall, and consider `fit.class_weight`",
            )
        )
    rare = {name: count for name, count in train.classes.items() if count < _RARE}
    if rare:
        found.append(
            Warned(
                "rare-classes",
                f"fewer than {_RARE} training samples of {_listed(rare)}",
            )
        )
    for split in splits[1:]:
        absent = [name for name, count in (split.classes or {}).items() if not count]
        if absent:
            names = ", ".join(f"'{name}'" for name in absent[:_LISTED])
            more = f" and {len(absent) - _LISTED:,} more" if len(absent) > _LISTED else ""
            found.append(
                Warned(
                    "class-missing",
                    f"the {split.name} split has no sample of class {names}{more}: `stratify: true` gives every "
                    "split some",
                )
            )
    return found


def _listed(counts: Mapping[str, int]) -> str:
    shown = ", ".join(f"'{name}' ({count:,})" for name, count in list(counts.items())[:_LISTED])
    return f"{shown} and {len(counts) - _LISTED:,} more classes" if len(counts) > _LISTED else shown


def _of_columns(columns: Sequence[ColumnSummary]) -> list[Warned]:
    found: list[Warned] = []
    constant = [one.name for one in columns if one.is_constant]
    if constant:
        names = ", ".join(f"'{name}'" for name in constant[:_LISTED])
        more = f" and {len(constant) - _LISTED:,} more" if len(constant) > _LISTED else ""
        found.append(
            Warned(
                "constant-column",
                f"nothing can be learned from {names}{more}: one value everywhere; leave it out with "
                "`dataset.exclude`",
            )
        )
    for one in columns:
        cells = one.missing + one.known
        if cells and one.missing > _MOSTLY_MISSING * cells:
            found.append(
                Warned(
                    "mostly-missing",
                    f"column '{one.name}' is empty in {one.missing / cells:.0%} of the samples",
                )
            )
    found += [
        Warned(
            "many-categories",
            f"column '{one.name}' has {one.distinct:,} different values, each of which becomes a column of its own",
        )
        for one in columns
        if one.kind == "category" and one.distinct > _MANY_CATEGORIES
    ]
    return found
