"""The texts of one folder or table, with their labels as they are written there. Free of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnrun.config.datasets.texts import TextData
from nnrun.data.class_folders import ClassFolders, class_folders
from nnrun.data.sources.text_rows import TextRows, form_of, read_rows, short_cell
from nnrun.data.sources.utf8 import read_utf8
from nnrun.errors import DataError

SUFFIXES = (".txt",)

_LONGEST_LABEL = 1000


@dataclass(frozen=True, slots=True)
class TextPart:
    """Texts and their labels.

    Args:
        texts: The texts; empty where only the labels were asked for.
        labels: The label of each: the cell of a table, or the name of the folder.
        place: Says where a text stands, by its position.
        notes: Sentences about what was found.
    """

    texts: Sequence[str]
    labels: Sequence[str]
    place: Callable[[int], str]
    notes: tuple[str, ...]


def read_part(path: Path, section: TextData, name: str) -> TextPart:
    """Reads all texts of a folder or table.

    Args:
        path: The folder or table.
        section: How it is to be read; its own `path` does not matter.
        name: `samples`, `validation` or `test`.

    Raises:
        DataError: With the file or the row, for everything that is not as it should be.
    """
    return _from_folders(path, section, name) if path.is_dir() else _from_table(path, section)


def labels_in(path: Path, section: TextData, name: str) -> Sequence[str]:
    """Returns the labels alone: of a folder, no file is opened."""
    if not path.is_dir():
        return _from_table(path, section).labels
    folders = _folders(path, section, name)
    return [name for name, own in zip(folders.names, folders.files, strict=True) for _ in own]


def _folders(path: Path, section: TextData, name: str) -> ClassFolders:
    # A class without labels, such as `unsup` of aclImdb, may be among the texts to train on only.
    return class_folders(str(path), SUFFIXES, section.exclude, all_there=name == "samples")


def _from_folders(path: Path, section: TextData, name: str) -> TextPart:
    folders = _folders(path, section, name)
    files = [file for own in folders.files for file in own]
    return TextPart(
        texts=[read_utf8(file).decode() for file in files],
        labels=[name for name, own in zip(folders.names, folders.files, strict=True) for _ in own],
        place=lambda position: files[position],
        notes=folders.left_out,
    )


def _from_table(path: Path, section: TextData) -> TextPart:
    form = form_of(str(path), section.header, section.delimiter, section.quoting)
    rows = read_rows(str(path), form)
    assert section.text is not None and section.target is not None  # noqa: S101 - the source refused it
    text, target = rows.column("text", section.text), rows.column("target", section.target)
    if text == target:
        raise DataError(
            f"column '{section.target}' is in dataset.target and in dataset.text",
            "a network that sees the answer learns nothing",
        )
    _check_labels(rows, target)
    return TextPart(
        texts=[row[text] for row in rows.rows],
        labels=[row[target] for row in rows.rows],
        place=lambda position: f"{rows.path}, row {rows.places[position]}",
        notes=_quoting_notes(rows, text),
    )


def _check_labels(rows: TextRows, target: int) -> None:
    for place, row in zip(rows.places, rows.rows, strict=True):
        label = row[target]
        if not label.strip():
            raise DataError(
                f"{rows.path}, row {place}: the column '{rows.names[target]}' is empty",
                "every text needs a label: fill it in, or remove the row",
            )
        if len(label) > _LONGEST_LABEL:
            raise DataError(
                f"{rows.path}, row {place}: the label {short_cell(label)} has {len(label):,} characters",
                "is `dataset.target` the right column?",
            )


def _quoting_notes(rows: TextRows, text: int) -> tuple[str, ...]:
    """Tells where the quoting of the table is probably another one than the config says."""
    cells = [row[text] for row in rows.rows]
    if rows.form.quoting == "none":
        count = sum(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)
        if count * 10 <= len(cells):
            return ()
        return (
            f"{rows.path}: {count:,} of {len(cells):,} texts begin and end with a double quote; if these are "
            "not part of the texts, set `quoting: csv`",
        )
    broken = [place for place, cell in zip(rows.places, cells, strict=True) if "\n" in cell]
    if not broken:
        return ()
    return (
        f"{rows.path}, first in row {broken[0]}: several lines in double quotes in {len(broken):,} of "
        f"{len(cells):,} texts; if such a quote is part of the text, it has swallowed rows: set "
        "`quoting: none`",
    )
