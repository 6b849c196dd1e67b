"""Texts: files, lines, and the rows of a table."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnrun.config.datasets import TextData
from nnrun.data.inputs import Batch, Trained, Wanted, only_path
from nnrun.data.inputs.standard_input import STDIN, as_file, label
from nnrun.data.sources.text_rows import TableForm, form_of
from nnrun.data.sources.utf8 import read_utf8
from nnrun.errors import DataError, UsageError

_BATCH_TEXTS = 1024
_BATCH_CHARACTERS = 1 << 22
"""A batch is full when it has so many texts, or so many characters."""

_MOST_CHARACTERS = 1 << 26
"""A text may have so many characters: a file that is no text may have no line end at all."""

_TABLES = (".csv", ".tsv", ".tab")


@dataclass(frozen=True, slots=True)
class _Found:
    """A text that is to be predicted.

    Args:
        name: Its id.
        text: The text.
        kept: Cells that are carried over.
        share: How much of the input is read, from 0 to 1; None where that is not known.
    """

    name: int | str
    text: str
    kept: tuple[str, ...] = ()
    share: float | None = None


@dataclass(slots=True)
class TextInput:
    """Texts.

    Args:
        found: The texts, in their order; gone through once.
        id_name: What their ids are.
        kept_names: Names of the columns that are carried over.
        hints: What the user should know.
    """

    found: Iterable[_Found]
    id_name: str
    kept_names: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    _count: int = 0
    _empty: int = 0

    def batches(self) -> Iterator[Batch]:
        """Yields the texts."""
        texts: list[_Found] = []
        characters = 0
        for one in self.found:
            texts.append(one)
            characters += len(one.text)
            if len(texts) == _BATCH_TEXTS or characters > _BATCH_CHARACTERS:
                yield self._batch(texts)
                texts, characters = [], 0
        if texts:
            yield self._batch(texts)
        elif not self._count:
            raise DataError("there is no text to predict")

    def _batch(self, found: list[_Found]) -> Batch:
        x = np.empty(len(found), dtype=object)
        x[:] = [one.text for one in found]
        self._count += len(found)
        self._empty += sum(not one.text.strip() for one in found)
        kept = [[one.kept[place] for one in found] for place in range(len(self.kept_names))]
        return Batch([one.name for one in found], x, kept=kept, share=found[-1].share)

    def notes(self) -> list[str]:
        """Returns what is not used, and how many texts are empty."""
        notes = list(self.hints)
        if self._empty:
            notes.append(
                f"{self._empty:,} of {self._count:,} texts {'is' if self._empty == 1 else 'are'} empty"
            )
        return notes


@contextmanager
def open_input(wanted: Wanted, trained: Trained) -> Iterator[TextInput]:
    """Opens texts; see `nnrun.data.inputs`."""
    section = trained.dataset if isinstance(trained.dataset, TextData) else None
    first = wanted.paths[0]
    for path in wanted.paths:
        if path != STDIN and not Path(path).exists():
            raise DataError(f"{path}: no such file or folder")
    if first != STDIN and Path(first).suffix.lower() in _TABLES and not Path(first).is_dir():
        yield _table(only_path(wanted, "a table"), wanted, section)
        return
    if wanted.id_column is not None or wanted.keep or wanted.text_column is not None:
        raise UsageError("--id, --keep and --text name columns of a table, and this is none")
    if wanted.lines or first == STDIN:
        path = only_path(wanted, "lines")
        with as_file(path) as file:
            yield TextInput(_lines(file), "line")
        return
    yield TextInput(_documents(wanted.paths), "file")


def _documents(paths: Iterable[str]) -> Iterator[_Found]:
    """Yields each file as a text; those of a folder and of all folders in it end in `.txt`."""
    for path in paths:
        if not Path(path).is_dir():
            yield _Found(path, _checked_text(path))
            continue
        files = sorted(_text_files(path))
        if not files:
            raise DataError(f"{path} has no .txt files in it")
        for number, file in enumerate(files, 1):
            yield _Found(file, _checked_text(file), share=number / len(files))


def _text_files(path: str) -> Iterator[str]:
    """Yields the `.txt` files in a folder and all folders in it, without hidden ones."""
    for folder, folders, names in os.walk(path):
        # The walk goes into what is left in the list.
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(".txt") and not name.startswith("."):
                yield str(Path(folder) / name)


def _checked_text(path: str) -> str:
    if Path(path).is_file() and Path(path).stat().st_size > 4 * _MOST_CHARACTERS:
        raise DataError(f"{path} has {Path(path).stat().st_size:,} bytes, which is too much for a text")
    return read_utf8(path).decode()


def _lines(path: str) -> Iterator[_Found]:
    """Yields each line of a file as a text."""
    size = max(Path(path).stat().st_size, 1)
    done = 0
    with _reader(path) as file:
        for number, line in enumerate(_bounded(file, path), 1):
            done += len(line)
            yield _Found(number, line.rstrip("\r\n"), share=min(done / size, 1.0))


def _table(path: str, wanted: Wanted, section: TextData | None) -> TextInput:
    header = True if section is None else section.header
    delimiter = wanted.delimiter or (None if section is None else section.delimiter)
    form = form_of(path, header, delimiter, None if section is None else section.quoting)
    names = _names(path, form)
    asked = wanted.text_column
    if asked is None:
        asked = "text" if section is None or section.text is None else str(section.text)
    if asked in names:
        text = names.index(asked)
    elif len(names) == 1:
        # The label, or whatever stood beside the texts in training, was left out.
        text = 0
    else:
        raise _no_column(path, "--text", asked, names)
    id_column = None if wanted.id_column is None else _position(path, "--id", wanted.id_column, names)
    keep = tuple(_position(path, "--keep", name, names) for name in wanted.keep)
    others = [name for number, name in enumerate(names) if number not in {text, id_column, *keep}]
    hints = (f"{path}: {_columns(others)} {'is' if len(others) == 1 else 'are'} not used",) if others else ()
    found = _rows(path, form, len(names), text, id_column, keep)
    return TextInput(
        found, "row" if id_column is None else names[id_column], tuple(names[n] for n in keep), hints
    )


def _rows(
    path: str, form: TableForm, fields: int, text: int, id_column: int | None, keep: tuple[int, ...]
) -> Iterator[_Found]:
    size = max(Path(path).stat().st_size, 1)
    done = 0
    records = _records(path, form)
    if form.header:
        next(records)
    for count, (place, row) in enumerate(records, 1):
        if len(row) != fields:
            raise DataError(
                f"{path}, row {place}: expected {fields} fields as in the first row, found {len(row)}",
                "a field that contains the delimiter must be in double quotes"
                if form.quoting == "csv"
                else "double quotes are part of the texts here, so no field can contain the delimiter",
            )
        done += sum(map(len, row)) + fields
        yield _Found(
            count if id_column is None else row[id_column],
            row[text],
            tuple(row[number] for number in keep),
            min(done / size, 1.0),
        )


def _names(path: str, form: TableForm) -> list[str]:
    first = next((row for _, row in _records(path, form)), None)
    if first is None:
        raise DataError(f"{path} is empty", "a table has one row per text")
    return first if form.header else [str(number) for number in range(len(first))]


def _records(path: str, form: TableForm) -> Iterator[tuple[int, list[str]]]:
    """Yields each row that is not blank, with its number; the header and blank ones count."""
    before = csv.field_size_limit(_MOST_CHARACTERS)
    try:
        with _reader(path) as file:
            rows = csv.reader(
                _bounded(file, path),
                delimiter=form.delimiter,
                quoting=csv.QUOTE_MINIMAL if form.quoting == "csv" else csv.QUOTE_NONE,
            )
            yield from ((number, row) for number, row in enumerate(rows, 1) if row)
    except csv.Error as error:
        raise DataError(
            f"{path} cannot be read as a table: {error}", "is a double quote not closed?"
        ) from error
    finally:
        csv.field_size_limit(before)


@contextmanager
def _reader(path: str) -> Iterator[io.TextIOWrapper]:
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        read_utf8(path)  # says which line it is
        raise DataError(f"{label(path)} is not UTF-8 text: {error}") from error
    except OSError as error:
        raise DataError(f"{label(path)} cannot be read: {error.strerror}") from error


def _bounded(file: io.TextIOWrapper, path: str) -> Iterator[str]:
    """Yields the lines of a file, with their ends."""
    number = 0
    while line := file.readline(_MOST_CHARACTERS):
        number += 1
        if len(line) == _MOST_CHARACTERS:
            raise DataError(
                f"{label(path)}, line {number}: a line of more than {_MOST_CHARACTERS:,} characters"
            )
        if "\0" in line:
            raise DataError(
                f"{label(path)}, line {number}: a NUL byte", "this is no text file, or a damaged one"
            )
        yield line


def _position(path: str, option: str, name: str, names: list[str]) -> int:
    if name not in names:
        raise _no_column(path, option, name, names)
    return names.index(name)


def _no_column(path: str, option: str, name: str, names: list[str]) -> UsageError:
    return UsageError(f"{path} has no column '{name}'", f"it has {_columns(names)}; {option} names one")


def _columns(names: list[str]) -> str:
    shown = ", ".join(f"'{name[:60]}'" for name in names[:12])
    more = f" and {len(names) - 12:,} more" if len(names) > 12 else ""
    return f"column{'s' if len(names) > 1 else ''} {shown}{more}"
