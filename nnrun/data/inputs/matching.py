"""Which columns of a table are the features that a network was trained on."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from nnrun.data.inputs import Trained, Wanted
from nnrun.data.inputs.standard_input import label
from nnrun.data.tables.cells import is_number
from nnrun.data.tables.records import OTHER_DELIMITERS
from nnrun.errors import DataError, UsageError

_LISTED = 12


@dataclass(frozen=True, slots=True)
class Matched:
    """Columns of a table by number, from 0.

    Args:
        names: Names of all columns; their numbers as text where the table has no header.
        features: The column of each feature, in the order of the training.
        id_column: The column with the ids; None for the number of the row.
        keep: Columns that are carried over.
        by_name: Whether the columns were found by name.
        notes: What the user should know.
    """

    names: tuple[str, ...]
    features: tuple[int, ...]
    id_column: int | None
    keep: tuple[int, ...]
    by_name: bool
    notes: tuple[str, ...]

    @property
    def used(self) -> list[int]:
        """All columns that are read, in the order of the file."""
        others = () if self.id_column is None else (self.id_column,)
        return sorted({*self.features, *self.keep, *others})


def match(path: str, names: tuple[str, ...], trained: Trained, wanted: Wanted, *, by_name: bool) -> Matched:
    """Finds the columns.

    Args:
        path: The table, for messages.
        names: Names of its columns; their numbers from 0 as text where there is no header.
        trained: What the run was trained on.
        wanted: What the user wants.
        by_name: Whether the table has a header, as that of the training had.

    Raises:
        DataError: A feature is missing, or a name stands twice.
        UsageError: `--id` or `--keep` names a column that is not there.
    """
    path = label(path)
    features = (_by_name if by_name else _by_position)(path, names, trained)
    id_column = None if wanted.id_column is None else _option(path, names, "--id", wanted.id_column)
    keep = tuple(_option(path, names, "--keep", name) for name in wanted.keep)
    return Matched(
        names,
        features,
        id_column,
        keep,
        by_name,
        tuple(_notes(path, names, {*features, *keep, id_column})),
    )


def _by_name(path: str, names: Sequence[str], trained: Trained) -> tuple[int, ...]:
    wanted = trained.preprocessing.columns or ()
    missing = [name for name in wanted if name not in names]
    if missing:
        raise DataError(
            f"{path} lacks {_columns(missing)}, which the network was trained on; it has {_columns(names)}",
            _advice(missing, names),
        )
    for name in wanted:
        if names.count(name) > 1:
            places = " and ".join(str(number + 1) for number, other in enumerate(names) if other == name)
            raise DataError(f"{path}: columns {places} have the same name '{name}'", "rename one of them")
    return tuple(names.index(name) for name in wanted)


def _advice(missing: Sequence[str], names: Sequence[str]) -> str:
    if len(names) == 1:
        others = [name for sign, name in OTHER_DELIMITERS.items() if sign in names[0]]
        if others:
            return f"is the delimiter {others[0]}? Then say so with --delimiter"
    if names and sum(map(is_number, names)) * 2 > len(names):
        return "the first row looks like data: the table needs the names of its columns there, as in training"
    folded = {name.strip().casefold(): name for name in names}
    close = difflib.get_close_matches(missing[0].strip().casefold(), folded, n=1)
    if close:
        return f"is '{missing[0]}' the one that is called '{folded[close[0]]}'?"
    return "the columns may stand in any order, and there may be others, but none may be missing"


def _by_position(path: str, names: Sequence[str], trained: Trained) -> tuple[int, ...]:
    """Finds the columns of a table without a header: where they were in training, or all columns there are."""
    columns, count = trained.preprocessing.columns, len(names)
    if columns is None:
        shape = trained.preprocessing.raw_shape
        places = tuple(range(shape[0] if shape else count))
    else:
        places = tuple(int(name) for name in columns)
    if count == len(places):
        # Only the features, in their order: what was between them, such as the target, was left out.
        return tuple(range(count))
    if max(places) < count:
        return places
    raise DataError(
        f"{path} has {count} columns, and the network was trained on {len(places)}: numbers "
        f"{', '.join(map(str, places[:_LISTED]))}{', …' if len(places) > _LISTED else ''}, counted from 0",
        "give the columns of the training in the same order, with the target or without it",
    )


def _option(path: str, names: Sequence[str], option: str, name: str) -> int:
    if name in names:
        return names.index(name)
    close = difflib.get_close_matches(name, names, n=1)
    advice = f"did you mean '{close[0]}'?" if close else f"it has {_columns(names)}"
    raise UsageError(f"{option} {name}: {path} has no such column", advice)


def _notes(path: str, names: Sequence[str], used: set[int | None]) -> list[str]:
    others = [name for number, name in enumerate(names) if number not in used]
    if not others:
        return []
    return [f"{path}: {_columns(others)} {'is' if len(others) == 1 else 'are'} not used"]


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_LISTED])
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return f"column{'s' if len(names) > 1 else ''} {shown}{more}"
