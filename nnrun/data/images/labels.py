"""A table that says which image has which label. Free of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnrun.config.datasets.images import LabelsSection
from nnrun.data.names import clean, listed, path_fault, quoted
from nnrun.data.sources.text_rows import TableForm, TextRows, read_rows
from nnrun.errors import DataError

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images with labels.

    Args:
        positions: Position of each among all images.
        labels: Its label, as the table has it.
        place: Says where it stands, by its number here.
        notes: Sentences about what was left out.
    """

    positions: Sequence[int]
    labels: Sequence[str]
    place: Callable[[int], str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelTable:
    """The table, read.

    Args:
        rows: Its rows.
        file: Number of the column with the names of files.
        target: Number of the column with the labels.
        suffix: What is missing at the end of each name.
        key: The section of the config, for messages: `labels`.
    """

    rows: TextRows
    file: int
    target: int
    suffix: str
    key: str

    @property
    def labels(self) -> list[str]:
        """The label of each row."""
        return [row[self.target] for row in self.rows.rows]

    def where(self, row: int) -> str:
        """Returns where a row stands in the file."""
        return f"{self.rows.path}, row {self.rows.places[row]}"

    def match(
        self, names: Sequence[str], unreadable: Mapping[str, str], root: str, *, skip: bool
    ) -> Labelled:
        """Finds the images of the rows.

        Args:
            names: All images that can be read.
            unreadable: The others, with the reason.
            root: What their names begin below, which the table may have in front of them.
            skip: Whether rows whose image cannot be read, or is not there, are left out instead of refused.

        Raises:
            DataError: A row has no image or no label, or an image has two rows.
        """
        numbers = {name: number for number, name in enumerate(names)}
        positions: list[int] = []
        kept: list[int] = []
        seen: dict[str, int] = {}
        without: list[tuple[int, str, str]] = []
        for row, cells in enumerate(self.rows.rows):
            name = self._name(row, cells[self.file])
            if name not in numbers and name not in unreadable:
                name = name.removeprefix(root)
            if name in seen:
                raise DataError(
                    f"{self.where(row)}: {quoted(name)} has a row already, row {self.rows.places[seen[name]]}",
                    "one of the two labels is wrong, or not needed",
                )
            seen[name] = row
            if not cells[self.target].strip():
                raise DataError(
                    f"{self.where(row)}: {quoted(name)} has no label", "give it one, or remove the row"
                )
            if name in numbers:
                positions.append(numbers[name])
                kept.append(row)
            else:
                without.append((row, name, unreadable.get(name, "not there")))
        self._check(without, len(kept), skip=skip)
        labels = self.labels
        return Labelled(
            positions,
            [labels[row] for row in kept],
            lambda number: f"{self.where(kept[number])} ({names[positions[number]]})",
            tuple(self._notes(without, [name for name in names if name not in seen])),
        )

    def _name(self, row: int, cell: str) -> str:
        name = cell.strip() + self.suffix
        fault = path_fault(name)
        if fault is not None:
            raise DataError(
                f"{self.where(row)}: {quoted(name)} is no name of an image: {fault}",
                "names of files are relative to the folder or archive of the images",
            )
        return clean(name)

    def _check(self, without: Sequence[tuple[int, str, str]], found: int, *, skip: bool) -> None:
        if not without or (skip and found):
            return
        row, name, reason = without[0]
        more = f" ({len(without):,} rows in all are like that)" if len(without) > 1 else ""
        if not found and not self.suffix and "." not in name:
            advice = f"if the names lack their ending, write `{self.key}.suffix: .jpg`"
        elif reason == "not there":
            advice = "names of files are relative to the folder or archive of the images"
        else:
            advice = "mend or remove it, or leave it out with `dataset.unreadable: skip`"
        raise DataError(f"{self.where(row)}: image {quoted(name)} is {reason}{more}", advice)

    def _notes(self, without: Sequence[tuple[int, str, str]], unnamed: list[str]) -> list[str]:
        notes: list[str] = []
        if without:
            shown = [
                f"{quoted(name)} (row {self.rows.places[row]}: {reason})" for row, name, reason in without
            ]
            more = f" and {len(shown) - _SHOWN:,} more" if len(shown) > _SHOWN else ""
            notes.append(
                f"{self.rows.path}: {len(without):,} of {len(self.rows.rows):,} rows have no image that can be read "
                f"and are left out: {', '.join(shown[:_SHOWN])}{more}"
            )
        if unnamed:
            notes.append(
                f"{len(unnamed):,} images are not in {self.rows.path} and are left out: {listed(unnamed, _SHOWN)}"
            )
        return notes


def read_labels(section: LabelsSection, key: str) -> LabelTable:
    """Reads the table of labels.

    Args:
        section: How it is to be read.
        key: What the section is called below `dataset`: `labels` or `test.labels`.

    Raises:
        DataError: With the row, for everything that is not as it should be.
    """
    if not Path(section.path).is_file():
        raise DataError(
            f"dataset.{key}.path: {section.path}: no such file", "it is relative to the folder of the config"
        )
    rows = read_rows(section.path, TableForm(header=True, delimiter=section.delimiter, quoting="csv"))
    return LabelTable(
        rows,
        rows.column(f"{key}.file", section.file),
        rows.column(f"{key}.target", section.target),
        section.suffix,
        f"dataset.{key}",
    )
