"""What a quick look at a table tells before it is read. Free of NumPy and pyarrow, as `check` has to be."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nnrun.config.datasets import CsvData
from nnrun.config.facts import DataFacts
from nnrun.data.empty_cells import Fill, left_out, refuse_empty
from nnrun.data.tables.cells import (
    ColumnKind,
    date_of,
    date_parts,
    holds_text,
    is_number,
    is_whole,
    kind_of_texts,
)
from nnrun.data.tables.columns import Columns, choose_columns, files_of_parts, format_of
from nnrun.data.tables.faults import free_text, no_category, no_date
from nnrun.data.tables.files import TextFormat, UnreadableError
from nnrun.data.tables.head import Head, read_heads
from nnrun.data.tables.records import EndlessRecordError, records

SCAN_BYTES = 20_000_000
SCAN_ROWS = 100_000
"""Beyond these, a scan stops and says nothing: `check` has to stay quick."""

_KIND_ROWS = 1000
"""Rows from which a scan tells numbers from text."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of data.

    Args:
        head: The file that it is in.
        number: Its number there, as an editor gives it.
        cells: Its cells, in the order of the columns of the first file.
    """

    head: Head
    number: int
    cells: Sequence[str]

    @property
    def place(self) -> str:
        """Where it stands, such as `iris.csv, row 17`."""
        return f"{self.head.file}, row {self.number}"


def scan(section: CsvData) -> DataFacts:
    """Returns what can be told for sure.

    Args:
        section: The `dataset` section.

    Raises:
        DataError: A column that the section names is not there, or one does not hold what the section says.
    """
    own = {"validation": section.validation, "test": section.test}
    splits = frozenset(name for name, part in own.items() if part is not None)
    targets = len(section.target) if isinstance(section.target, list) else 1
    unknown = DataFacts(targets=targets, dtype=_dtype(section), splits=splits)
    form = format_of(section)
    try:
        files = files_of_parts(section, fetch=False)
        heads = read_heads([file for part in files.values() for file in part], form)
    except UnreadableError:
        # Loading will say what is wrong, with the place; a scan only helps the other checks.
        return unknown
    columns = choose_columns(heads[0].names, section, heads[0].file)
    rows = _rows(heads)
    if not rows:
        return unknown
    path = heads[0].file if len(heads) == 1 else f"{heads[0].file} and {len(heads) - 1} more"
    rows = _without_dropped(rows, heads[0].names, columns, path)
    samples = set(files["samples"])
    own_rows = [row for row in rows if row.head.file not in samples]
    rows = [row for row in rows if row.head.file in samples]
    if not rows:
        return unknown
    return _Scanned(section, columns, heads[0].names, rows, own_rows, splits, path).facts()


def _dtype(section: CsvData) -> str:
    return "int32" if section.encode == "codes" else "float32"


def _rows(heads: Sequence[Head]) -> list[_Row]:
    """Returns all rows, or none where they are too many or something is wrong with them."""
    try:
        found = list(itertools.islice(_each_row(heads), SCAN_ROWS + 1))
    except (UnreadableError, UnicodeDecodeError, EndlessRecordError, _EnoughError):
        return []
    return [] if len(found) > SCAN_ROWS else found


class _EnoughError(Exception):
    """The files are too large, or a row has not as many cells as the header."""


def _each_row(heads: Sequence[Head]) -> Iterator[_Row]:
    if any(head.form is None for head in heads) or sum(head.size or 0 for head in heads) > SCAN_BYTES:
        raise _EnoughError
    names = heads[0].names
    unpacked = 0
    for head in heads:
        order = [head.names.index(name) for name in names]
        in_order = order == sorted(order)
        for number, cells in records(head.file, head.form or TextFormat(), strict=True):
            if number < head.first:
                continue
            if head.size is None:
                unpacked += sum(map(len, cells))
            if len(cells) != len(names) or unpacked > SCAN_BYTES:
                raise _EnoughError
            yield _Row(head, number, cells if in_order else [cells[place] for place in order])


def _without_dropped(rows: list[_Row], names: Sequence[str], columns: Columns, path: str) -> list[_Row]:
    """Refuses empty cells that may not be, and leaves the rows out that `missing: drop` is about."""
    several = rows[0].head is not rows[-1].head
    found: dict[str, tuple[int, str]] = {}
    dropped: set[int] = set()
    about_rows = False
    for number in columns.used:
        cells = [row.cells[number] for row in rows]
        # Most columns have no empty cell, and this is quick.
        if all(map(str.strip, cells)):
            continue
        empty = [index for index, cell in enumerate(cells) if not cell.strip()]
        if columns.rule(number) == "drop":
            dropped.update(empty)
        elif columns.rule(number) == "error":
            first = rows[empty[0]]
            found[names[number]] = len(empty), first.place if several else f"row {first.number}"
            about_rows |= number in columns.about
    refuse_empty(path, found, about_rows=about_rows)
    if dropped:
        left_out(len(dropped), len(rows), path)
        return [row for index, row in enumerate(rows) if index not in dropped]
    return rows


@dataclass(frozen=True, slots=True)
class _Scanned:
    """A table that is small enough to be looked at as a whole.

    Args:
        section: The `dataset` section.
        columns: The columns that it names.
        names: Names of all columns.
        rows: The rows that the splits are cut from.
        own_rows: Those of splits that have files of their own.
        own: Which splits have.
        path: The files, for messages.
    """

    section: CsvData
    columns: Columns
    names: Sequence[str]
    rows: Sequence[_Row]
    own_rows: Sequence[_Row]
    own: frozenset[str]
    path: str

    def facts(self) -> DataFacts:
        """Returns what the rows tell."""
        widths = [self._width(number) for number in self.columns.features]
        known = [width for width in widths if width is not None]
        complete = len(known) == len(widths)
        codes = self.section.encode == "codes"
        shape: int | None = len(widths) if codes else sum(known) if complete else None
        labels = self._labels() if len(self.columns.targets) == 1 else DataFacts(target="values")
        return DataFacts(
            shape=None if shape is None else (shape,),
            dtype=_dtype(self.section),
            train_samples=len(self.rows),
            classes=labels.classes,
            class_names=labels.class_names,
            target=labels.target,
            targets=len(self.columns.targets),
            splits=self.own,
            # Each column has a code for what was never seen beside those of its categories.
            max_token=sum(known) + len(known) - 1 if codes and complete else None,
        )

    def _width(self, number: int) -> int | None:
        """Returns how many inputs, or with codes categories, a feature becomes; None where the split decides it."""
        cells = [row.cells[number] for row in self.rows]
        name, forced = self.names[number], number in self.columns.categorical
        head = list(itertools.islice(filter(str.strip, cells), _KIND_ROWS))
        text = forced or holds_text(sum(map(is_number, head)), len(head))
        counts = Counter(cell for cell in cells if cell.strip()) if text else Counter()
        kind = self._kind(number, counts, forced=forced) if text else None
        fill = self.columns.fill(number, name, kind)
        if self.section.encode == "codes" and kind in (None, "date"):
            raise no_category(name, "numbers" if kind is None else "dates")
        if kind in (None, "boolean") and self.section.encode == "one_hot":
            return 1
        counts = _filled(counts, len(cells), fill)
        return self._parts(counts) if kind == "date" else self._categories(counts)

    def _kind(self, number: int, counts: Mapping[str, int], *, forced: bool) -> ColumnKind:
        if forced:
            return "category"
        kind, name = kind_of_texts(counts), self.names[number]
        if kind == "text":
            raise free_text(next(iter(counts)), self.path, name, len(counts), len(self.rows))
        if kind == "date":
            wrong = {cell for cell in counts if date_of(cell) is None}
            row = next((row for row in self.rows if row.cells[number] in wrong), None)
            if row is not None:
                raise no_date(row.cells[number], row.place, name)
        return kind

    def _categories(self, counts: Mapping[str, int]) -> int | None:
        """Returns how many categories the training split has, if each is sure to be in it."""
        return len(counts) if min(counts.values(), default=0) > self._held_out() else None

    def _parts(self, counts: Mapping[str, int]) -> int | None:
        """Returns how many parts of the dates vary in the training split, if that is sure."""
        parts = [(date_parts(cell), count) for cell, count in counts.items()]
        train = len(self.rows) - self._held_out()
        varying = 0
        for place in range(len(parts[0][0] or ())):
            values: Counter[int] = Counter()
            for each, count in parts:
                values[(each or ())[place]] += count
            if len(values) > 1 and max(values.values()) >= train:
                return None
            varying += len(values) > 1
        return max(varying, 1)

    def _held_out(self) -> int:
        """Returns how many samples may lie outside the training split, at most."""
        from nnrun.data.shares import shares

        count = len(self.rows)
        return (
            count if self.columns.group is not None else count - shares(count, self.section, self.own).train
        )

    def _labels(self) -> DataFacts:
        """Returns what the labels say: classes, their names, or that they are values."""
        target = self.columns.targets[0]
        labels = Counter(row.cells[target] for row in itertools.chain(self.rows, self.own_rows))
        if not all(map(is_number, labels)):
            return DataFacts(classes=len(labels), class_names=tuple(sorted(labels)), target="classes")
        if all(map(is_whole, labels)):
            return DataFacts(classes=len(labels), class_names=tuple(sorted(labels, key=int)))
        return DataFacts(target="values" if not all(float(label).is_integer() for label in labels) else None)


def _filled(counts: Counter[str], rows: int, fill: Fill | None) -> Counter[str]:
    """Returns the counts with those of empty cells, where the config says what these become."""
    empty = rows - sum(counts.values())
    if empty and fill is not None and isinstance(fill.value, str):
        return counts + Counter({fill.value: empty})
    return counts
