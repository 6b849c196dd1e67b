"""Rows of a table: columns are found by their names, and a cell means what it meant in training."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets import CsvData
from nnrun.data.inputs import Batch, Trained, Wanted, only_path
from nnrun.data.inputs.matching import Matched, match
from nnrun.data.inputs.table_files import ParquetRows, Rows, TextRows, is_parquet, opened
from nnrun.data.sources.csv_columns import is_not_finite, is_number
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

    rows: TextRows | ParquetRows
    trained: Trained
    matched: Matched
    _unseen: dict[int, Counter[str]] = field(default_factory=dict)
    _any: bool = False

    @property
    def id_name(self) -> str:
        """Name of the column with the ids; `row` for the number of the row."""
        return "row" if self.matched.id_column is None else self.matched.names[self.matched.id_column]

    @property
    def kept_names(self) -> tuple[str, ...]:
        """Names of the columns that are carried over."""
        return tuple(self.matched.names[number] for number in self.matched.keep)

    def batches(self) -> Iterator[Batch]:
        """Yields the rows."""
        for rows in self.rows:
            self._any = True
            x, categories = self._values(rows)
            matched = self.matched
            ids: Any = (
                np.asarray(rows.places, dtype=np.int64)
                if matched.id_column is None
                else texts(rows.columns[matched.id_column])
            )
            kept = [texts(rows.columns[number]) for number in matched.keep]
            yield Batch(ids, x, categories, kept, rows.share)
        if not self._any:
            raise DataError(f"{self.rows.path} has no rows of data")

    def _values(self, rows: Rows) -> tuple[NDArray[np.float64], dict[int, tuple[str, ...]]]:
        preprocessing = self.trained.preprocessing
        x = np.empty((len(rows.places), len(self.matched.features)), dtype=np.float64)
        categories: dict[int, tuple[str, ...]] = {}
        for place, number in enumerate(self.matched.features):
            cells = rows.columns[number]
            if place in preprocessing.categories:
                categories[place], x[:, place] = _codes(texts(cells))
                self._count_unseen(place, categories[place], x[:, place])
            else:
                x[:, place] = self._numbers(cells, number, rows)
            if place not in preprocessing.fillers and np.isnan(x[:, place]).any():
                row = rows.places[int(np.argmax(np.isnan(x[:, place])))]
                raise DataError(
                    f"{self._place(row, number)} is empty, and the run does not know what to fill it with",
                    "fill it in, or train with `dataset.missing`, which says what empty cells become",
                )
        return x, categories

    def _place(self, row: int, number: int) -> str:
        return f"{self.rows.path}, row {row}, column '{self.matched.names[number]}'"

    def _count_unseen(self, place: int, names: Sequence[str], codes: NDArray[np.float64]) -> None:
        known = self.trained.preprocessing.categories[place]
        for code, name in enumerate(names):
            if name not in known and name.strip():
                counts = self._unseen.setdefault(place, Counter())
                counts[name] += int((codes == code).sum())

    def _numbers(self, cells: Any, number: int, rows: Rows) -> NDArray[np.float64]:
        """Returns cells as numbers, NaN for empty ones."""
        values, wrong = numbers(cells)
        if wrong is not None:
            cell = str(texts(cells)[wrong])
            what = "is not a finite number" if is_not_finite(cell) or is_number(cell) else "is not a number"
            shown = cell if len(cell) <= 60 else f"{cell[:57]}..."
            advice = "the network was trained on numbers in this column"
            if rows.places[wrong] == 1 and not self.matched.by_name:
                advice = "the run was trained on a table without a header: remove the first row, if it is one"
            raise DataError(f"{self._place(rows.places[wrong], number)}: '{shown}' {what}", advice)
        return values

    def notes(self) -> list[str]:
        """Returns which columns are not used, and which categories the training did not have."""
        notes = list(self.matched.notes)
        columns = self.trained.preprocessing.columns
        for place, counts in self._unseen.items():
            name = columns[place] if columns else str(place)
            shown = ", ".join(f"'{category}'" for category, _ in counts.most_common(_NAMED))
            more = f" and {len(counts) - _NAMED:,} more" if len(counts) > _NAMED else ""
            notes.append(
                f"{counts.total():,} rows have a category in column '{name}' that the training did not have "
                f"({shown}{more}): 0 in all its columns"
            )
        return notes


@contextmanager
def open_input(wanted: Wanted, trained: Trained) -> Iterator[TableInput]:
    """Opens a table; see `nnrun.data.inputs`."""
    path = only_path(wanted, "a table")
    section = trained.dataset
    table = section if isinstance(section, CsvData) else None
    named = trained.preprocessing.columns is not None and (table is None or table.header)
    if is_parquet(path):
        with closing(ParquetRows(path)) as stored:
            matched = match(stored.path, stored.cells, trained, wanted, by_name=named)
            stored.wanted = matched.used
            yield TableInput(stored, trained, matched)
        return
    delimiter = wanted.delimiter or ("," if table is None else table.delimiter)
    with opened(path) as file:
        rows = TextRows(path, file, delimiter, header=named)
        matched = match(rows.path, rows.cells, trained, wanted, by_name=named)
        yield TableInput(rows, trained, matched)


def texts(cells: Any) -> Any:
    """Returns cells as an arrow array of texts; an empty one for a cell that is null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(cells.type):
        cells = pc.cast(cells, pa.string())
    return pc.fill_null(cells, "") if cells.null_count else cells


def numbers(cells: Any) -> tuple[NDArray[np.float64], int | None]:
    """Returns cells as float64, NaN for empty ones, and the position of the first that is no finite number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(cells.type):
        if not (
            pa.types.is_integer(cells.type)
            or pa.types.is_floating(cells.type)
            or pa.types.is_boolean(cells.type)
        ):
            return np.empty(0), 0
        values = pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return values, _first(np.isinf(values))
    trimmed = pc.utf8_trim_whitespace(cells)
    empty = pc.equal(trimmed, "")
    if pc.any(empty).as_py():
        trimmed = pc.if_else(empty, None, trimmed)
    try:
        values = pc.cast(trimmed, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        # Some cell is no number, or one that pyarrow does not read, such as `+5`.
        listed = trimmed.to_pylist()
        wrong = next(
            (row for row, text in enumerate(listed) if text is not None and not is_number(text)), None
        )
        if wrong is not None:
            return np.empty(0), wrong
        values = np.array([math.nan if text is None else float(text) for text in listed])
    return values, _first(~np.isfinite(values) & ~empty.to_numpy(zero_copy_only=False))


def _first(wrong: NDArray[np.bool_]) -> int | None:
    return int(np.argmax(wrong)) if wrong.any() else None


def _codes(cells: Any) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Returns the different texts of a column, and the position of each cell in them; NaN for an empty one."""
    encoded = cells.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy().astype(np.float64)
    for code, name in enumerate(names):
        if not name.strip():
            codes[codes == code] = np.nan
    return tuple(names), codes
