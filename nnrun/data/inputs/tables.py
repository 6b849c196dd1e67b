"""Rows of a table: columns are found by their names, and a cell means what it meant in training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import CsvData
from nnrun.data.inputs import Batch, Trained, Wanted, only_path
from nnrun.data.inputs.matching import Matched, match
from nnrun.data.inputs.standard_input import STDIN, as_file
from nnrun.data.inputs.table_rows import TableRows
from nnrun.data.tables.cells import boolean_value, date_of, is_not_finite, is_number
from nnrun.data.tables.files import TextFormat
from nnrun.data.tables.wanted import Batch as RowBatch
from nnrun.data.tables.wanted import Form, Texts
from nnrun.errors import DataError

_NAMED = 3
"""So many unseen categories of a column are named."""


@dataclass(slots=True)
class TableInput:
    """A table whose columns were found.

    Args:
        rows: Its rows.
        trained: What the run knows about them.
        matched: Where the columns are.
    """

    rows: TableRows
    trained: Trained
    matched: Matched
    _unseen: dict[int, Counter[str]] = field(default_factory=dict)

    @property
    def id_name(self) -> str:
        """Name of the column with the ids; `row` for the number of the row."""
        return "row" if self.matched.id_column is None else self.matched.names[self.matched.id_column]

    @property
    def kept_names(self) -> tuple[str, ...]:
        """Names of the columns that are carried over."""
        return tuple(self.matched.names[number] for number in self.matched.keep)

    def batches(self) -> Iterator[Batch]:
        """Yields the rows. Without a column that names them, their ids count the rows of data, from 1."""
        matched, features = self.matched, len(self.matched.features)
        texts = self.trained.preprocessing.texts
        wanted: list[tuple[int, Form]] = [
            (number, "texts" if place in texts else "numbers")
            for place, number in enumerate(matched.features)
        ]
        others = [number for number in (matched.id_column, *matched.keep) if number is not None]
        wanted += [(number, "texts") for number in others]
        start = 0
        for read in self.rows.batches(wanted):
            stop = start + len(read.values)
            if stop == start:
                continue
            x, categories = self._values(read, start)
            carried = [_cells(read.texts[features + place]) for place in range(len(others))]
            ids: Any = np.arange(start + 1, stop + 1) if matched.id_column is None else carried.pop(0)
            yield Batch(ids, x, categories, carried, self.rows.share())
            start = stop
        if not start:
            raise DataError(f"{self.rows.file} has no rows of data")

    def _values(self, read: RowBatch, start: int) -> tuple[NDArray[np.float64], dict[int, tuple[str, ...]]]:
        """Returns the features as `RawData` has them, and what the positions in its columns of texts stand for."""
        preprocessing = self.trained.preprocessing
        x = read.values[:, : len(self.matched.features)]
        categories: dict[int, tuple[str, ...]] = {}
        for place, texts in read.texts.items():
            if place >= x.shape[1]:
                continue
            if place not in preprocessing.texts:
                raise self._no_number(texts, place, start)
            categories[place] = tuple(texts.names)
            codes = np.array([code if name.strip() else np.nan for code, name in enumerate(texts.names)])
            x[:, place] = codes[texts.codes]
            self._check(texts, place, start)
            if place in preprocessing.categories:
                self._count_unseen(texts, place)
        empty = np.isnan(x)
        empty[:, list(preprocessing.fillers)] = False
        if empty.any():
            row, place = np.argwhere(empty)[0].tolist()
            raise DataError(
                f"{self._place(row, place, start)} is empty, and the run does not know what to fill it with",
                "fill it in, or train with `dataset.missing`, which says what empty cells become",
            )
        return x, categories

    def _place(self, row: int, place: int, start: int) -> str:
        return f"{self.rows.place(start + row)}, column '{self.matched.names[self.matched.features[place]]}'"

    def _no_number(self, texts: Texts, place: int, start: int) -> DataError:
        """Returns the error for the first cell that is no finite number."""
        wrong = [
            code
            for code, name in enumerate(texts.names)
            if name.strip() and not (is_number(name) and np.isfinite(float(name)))
        ]
        row = int(np.argmax(np.isin(texts.codes, wrong)))
        cell = texts.names[int(texts.codes[row])]
        what = "is not a number"
        if is_not_finite(cell) or is_number(cell):
            what = "is not a finite number"
        advice = "the network was trained on numbers in this column"
        if start + row == 0 and not self.matched.by_name:
            advice = "the run was trained on a table without a header: remove the first row, if it is one"
        return DataError(f"{self._place(row, place, start)}: {_quoted(cell)} {what}", advice)

    def _check(self, texts: Texts, place: int, start: int) -> None:
        """Refuses a cell that holds no truth value or no date, as all cells of its column did in training."""
        encoding = self.trained.preprocessing.encoding
        for test, what, columns in (
            (boolean_value, "is neither true nor false", encoding.booleans),
            (date_of, "is not a date such as 2024-05-31", encoding.dates),
        ):
            if place not in columns:
                continue
            wrong = [code for code, name in enumerate(texts.names) if name.strip() and test(name) is None]
            if wrong:
                row = int(np.argmax(np.isin(texts.codes, wrong)))
                cell = texts.names[int(texts.codes[row])]
                raise DataError(
                    f"{self._place(row, place, start)}: {_quoted(cell)} {what}",
                    "all cells of this column were, in training",
                )

    def _count_unseen(self, texts: Texts, place: int) -> None:
        known = self.trained.preprocessing.categories[place]
        counts = np.bincount(texts.codes, minlength=len(texts.names))
        unseen = {
            name: int(count)
            for name, count in zip(texts.names, counts, strict=True)
            if count and name.strip() and name not in known
        }
        if unseen:
            self._unseen.setdefault(place, Counter()).update(unseen)

    def notes(self) -> list[str]:
        """Returns which columns are not used, and which categories the training did not have."""
        notes = list(self.matched.notes)
        preprocessing = self.trained.preprocessing
        become = "they get the code for such" if preprocessing.encoding.codes else "0 in all its columns"
        for place, counts in self._unseen.items():
            name = preprocessing.columns[place] if preprocessing.columns else str(place)
            shown = ", ".join(_quoted(category) for category, _ in counts.most_common(_NAMED))
            more = f" and {len(counts) - _NAMED:,} more" if len(counts) > _NAMED else ""
            rows = "1 row has" if counts.total() == 1 else f"{counts.total():,} rows have"
            notes.append(
                f"{rows} a category in column '{name}' that the training did not have ({shown}{more}): {become}"
            )
        return notes


@contextmanager
def open_input(wanted: Wanted, trained: Trained) -> Iterator[TableInput]:
    """Opens a table; see `nnrun.data.inputs`."""
    path = only_path(wanted, "a table")
    section = trained.dataset
    table = section if isinstance(section, CsvData) else None
    named = trained.preprocessing.columns is not None and (table is None or table.header)
    delimiter = wanted.delimiter or ("," if table is None else table.delimiter)
    form = TextFormat(delimiter, named, table is None or table.quoting == "csv")
    if path != STDIN and not Path(path).exists():
        raise DataError(f"{path}: no such file")
    with as_file(path) as file:
        try:
            rows = TableRows.open(file, form)
            matched = match(path, rows.names, trained, wanted, by_name=named)
            yield TableInput(rows, trained, matched)
        except DataError as error:
            raise DataError(error.message, _for_predictions(error.advice)) from error


def _for_predictions(advice: str) -> str:
    """Returns advice that names an option of the command where it named a key of a config, or none."""
    advice = advice.replace("set `dataset.delimiter`", "say so with --delimiter")
    parts = [part for part in advice.split("; ") if "`dataset." not in part or "train" in part]
    return "; ".join(parts)


def _cells(texts: Texts) -> Any:
    """Returns cells as an arrow array of texts."""
    import pyarrow as pa

    return pa.array(texts.names, pa.string()).take(pa.array(texts.codes))


def _quoted(cell: str) -> str:
    return f"'{cell}'" if len(cell) <= 60 else f"'{cell[:57]}...'"
