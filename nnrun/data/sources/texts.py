"""Texts with their classes or values: a folder of `.txt` files per class, or a table with a column of texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nnrun.config.datasets.texts import MAX_TOKENS, SEQUENCE_LENGTH, TextData
from nnrun.config.facts import DataFacts
from nnrun.data.class_folders import class_folders
from nnrun.data.sources.csv_columns import has_leading_zero, is_number, is_whole
from nnrun.data.sources.text_rows import TableForm, TextRows, form_of, read_rows, short_cell
from nnrun.data.sources.utf8 import read_utf8
from nnrun.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnrun.data.raw import RawData

SUFFIXES = (".txt",)

SCAN_BYTES = 20_000_000
"""Beyond it, `check` does not read a table: it has to stay quick."""

_LONGEST_LABEL = 1000
_MOST_LABELS = 1000  # beyond it, nobody reads which of them look alike


@dataclass(frozen=True, slots=True)
class _Found:
    """Texts and their labels.

    Args:
        texts: The texts.
        labels: The label of each; the number of its class where there are names.
        names: The classes, where folders give them.
        place: Says where a text stands, by its position.
        notes: Sentences about what was found.
    """

    texts: list[str]
    labels: Sequence[str] | Sequence[int]
    names: tuple[str, ...] | None
    place: Callable[[int], str]
    notes: tuple[str, ...]


def facts(section: TextData) -> DataFacts:
    """Scans the folder or the table; what is not there, or too large to be read quickly, is left unknown.

    Raises:
        DataError: If the folder or the table is not as it should be.
    """
    _check_options(section)
    tokens = section.output == "int"
    known = DataFacts(
        shape=(section.sequence_length or SEQUENCE_LENGTH,) if tokens else None,
        dtype="int32" if tokens else "float32",
        max_token=section.max_tokens - 1 if tokens and section.max_tokens is not None else None,
    )
    path = Path(section.path)
    if path.is_dir():
        found = class_folders(section.path, SUFFIXES, section.exclude)
        samples = sum(map(len, found.files))
        return replace(
            known,
            train_samples=samples,
            classes=len(found.names),
            class_names=found.names,
            target="classes",
        )
    if not path.is_file() or path.stat().st_size > SCAN_BYTES:
        return known
    rows, _, target = _read_table(section)
    known = replace(known, train_samples=len(rows.rows))
    labels = {row[target] for row in rows.rows}
    kind = _kind_of(labels)
    if kind == "number":
        values = any(not float(label).is_integer() for label in labels)
        return replace(known, target="values" if values else None)
    names = sorted(map(str.strip, labels), key=int) if kind == "whole" else sorted(labels)
    target_kind = None if kind == "whole" else "classes"
    return replace(known, classes=len(names), class_names=tuple(names), target=target_kind)


def load(section: TextData, seed: int) -> RawData:  # noqa: ARG001 - all sources are called alike
    """Reads the texts. Labels of a table are integers where all are whole numbers, floats where all are numbers.

    Raises:
        DataError: With the file or the row, for everything that is not as it should be.
    """
    import numpy as np

    from nnrun.data.raw import Part, RawData
    from nnrun.data.vocabulary import Vectorization

    _check_options(section)
    found = _from_folders(section) if Path(section.path).is_dir() else _from_table(section)
    texts: NDArray[Any] = np.empty(len(found.texts), dtype=object)
    texts[:] = found.texts
    labels = found.labels if found.names is not None else _values_of(map(str, found.labels))
    return RawData(
        kind="texts",
        samples=Part(texts, np.array(labels)),
        class_names=found.names,
        vectorization=Vectorization(
            max_tokens=section.max_tokens or MAX_TOKENS,
            sequence_length=section.sequence_length or SEQUENCE_LENGTH,
            standardize=section.standardize,
            tokenize=section.tokenize,
            ngrams=section.ngrams,
            output=section.output,
        ),
        notes=(*found.notes, *_empty_note(found)),
        place=found.place,
    )


def table_form(section: TextData) -> TableForm:
    """Returns how the table of a section is written."""
    return form_of(section.path, section.header, section.delimiter, section.quoting)


def _check_options(section: TextData) -> None:
    """Refuses keys that would have no effect."""
    if section.output != "int" and section.sequence_length is not None:
        raise DataError(
            f"dataset.sequence_length: it is for sequences, but `output` is {section.output}",
            "leave it out, or write `output: int`",
        )
    if section.scale != "none":
        raise DataError(
            "dataset.scale: texts are no quantities that could be scaled",
            "leave it out; see `dataset.output`",
        )
    path = Path(section.path)
    if path.is_dir():
        for key in ("text", "target", "delimiter", "quoting"):
            if getattr(section, key) is not None:
                raise DataError(
                    f"dataset.{key}: it is for tables, but {section.path} is a folder", "leave it out"
                )
    elif path.is_file():
        for key in ("text", "target"):
            if getattr(section, key) is None:
                raise DataError(
                    f"{section.path} is a table, and no key dataset.{key} says which column it is",
                    f"add `{key}` with the name of the column, or its number from 0 with `header: false`",
                )
        if section.exclude:
            raise DataError(
                f"dataset.exclude: it is for folders, but {section.path} is a file", "leave it out"
            )


def _from_folders(section: TextData) -> _Found:
    folders = class_folders(section.path, SUFFIXES, section.exclude)
    files = [file for own in folders.files for file in own]
    return _Found(
        texts=[read_utf8(file).decode() for file in files],
        labels=[number for number, own in enumerate(folders.files) for _ in own],
        names=folders.names,
        place=lambda position: files[position],
        notes=folders.left_out,
    )


def _from_table(section: TextData) -> _Found:
    rows, text, target = _read_table(section)
    texts = [row[text] for row in rows.rows]
    labels = [row[target] for row in rows.rows]
    return _Found(
        texts=texts,
        labels=labels,
        names=None,
        place=lambda position: f"{rows.path}, row {rows.places[position]}",
        notes=(*_quoting_notes(rows, text), *_alike_notes(labels)),
    )


def _read_table(section: TextData) -> tuple[TextRows, int, int]:
    """Reads the table and finds its two columns: the texts, and the target."""
    rows = read_rows(section.path, table_form(section))
    assert section.text is not None and section.target is not None  # noqa: S101 - `_check_options` refused it
    text, target = rows.column("text", section.text), rows.column("target", section.target)
    if text == target:
        raise DataError(
            f"column '{section.target}' is in dataset.target and in dataset.text",
            "a network that sees the answer learns nothing",
        )
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
    return rows, text, target


def _kind_of(labels: Iterable[str]) -> Literal["whole", "number", "text"]:
    """Returns what the labels of a table are, all of them together."""
    stripped = [label.strip() for label in labels]
    if all(map(is_whole, stripped)):
        return "whole"
    numbers = all(map(is_number, stripped)) and not any(map(has_leading_zero, stripped))
    # What is too great for a 64-bit float could not be told apart.
    return "number" if numbers and all(abs(float(label)) < float("inf") for label in stripped) else "text"


def _values_of(labels: Iterable[str]) -> list[int] | list[float] | list[str]:
    labels = list(labels)
    kind = _kind_of(set(labels))
    if kind == "whole":
        return [int(label) for label in labels]
    return [float(label) for label in labels] if kind == "number" else labels


def _quoting_notes(rows: TextRows, text: int) -> list[str]:
    """Tells where the quoting of the table is probably another one than the config says."""
    if rows.form.quoting == "none":
        count = sum(len(row[text]) > 1 and row[text][0] == row[text][-1] == '"' for row in rows.rows)
        if count * 10 > len(rows.rows):
            return [
                f"{rows.path}: {count:,} of {len(rows.rows):,} texts begin and end with a double quote; if "
                "these are not part of the texts, set `quoting: csv`"
            ]
        return []
    broken = [place for place, row in zip(rows.places, rows.rows, strict=True) if "\n" in row[text]]
    if not broken:
        return []
    return [
        f"{rows.path}, first in row {broken[0]}: several lines in double quotes in {len(broken):,} of "
        f"{len(rows.rows):,} texts; if such a quote is part of the text, it has swallowed rows: set "
        "`quoting: none`"
    ]


def _alike_notes(labels: Sequence[str]) -> list[str]:
    """Tells of classes that differ by case or spaces only."""
    counts = Counter(labels)
    if len(counts) > _MOST_LABELS or _kind_of(counts) != "text":
        return []
    alike: dict[str, list[str]] = {}
    for label in sorted(counts):
        alike.setdefault(" ".join(label.casefold().split()), []).append(label)
    return [
        f"the classes {' and '.join(f'{short_cell(label)} ({counts[label]:,})' for label in same)} differ by "
        "case or spaces only, and are different classes"
        for same in alike.values()
        if len(same) > 1
    ]


def _empty_note(found: _Found) -> list[str]:
    empty = [position for position, text in enumerate(found.texts) if not text.strip()]
    if not empty:
        return []
    count = f"{len(empty):,} of {len(found.texts):,} texts {'is' if len(empty) == 1 else 'are'} empty"
    return [f"{count} and kept all the same, the first: {found.place(empty[0])}"]
