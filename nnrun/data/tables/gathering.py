"""A column while it is read: whether it holds numbers or texts shows only at the end."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nnrun.data.tables.cells import holds_text, is_not_finite, is_number
from nnrun.data.tables.faults import no_number
from nnrun.data.tables.table import Column
from nnrun.data.tables.wanted import Form, Texts, Wanted


class Gathered:
    """What is known of a column while it is read.

    Args:
        want: What is wanted of it.
        form: As what it is read at first, as `Wanted.form`.
    """

    def __init__(self, want: Wanted, form: Form) -> None:
        self.want = want
        self.form = form
        self.whole = True
        self.empty = 0
        self.first_empty = 0
        self._codes: dict[str, int] = {}
        """Of each text that is not empty, its code: in the order in which they were met."""
        self._as_texts = False
        """Whether some of the labels are not the same as numbers."""
        self._typed = False
        """Whether a file says that it holds texts."""
        self._others = 0
        """In a column that is read as numbers: cells that are none, not even infinite ones."""
        self._wrong: list[tuple[int, str]] = []
        """In such a column: row and text of cells that are no finite numbers, the first of each batch."""
        self._wrong_cells = 0

    def count_empty(self, values: NDArray[np.float64], row: int) -> None:
        """Takes note of empty cells, of which there are some.

        Args:
            values: A batch of its values, shape `(rows,)`.
            row: The first of these rows.
        """
        empty = np.isnan(values)
        if not self.empty:
            self.first_empty = row + int(np.argmax(empty))
        self.empty += int(np.count_nonzero(empty))

    def take(self, texts: Texts, row: int) -> NDArray[np.float64]:
        """Returns the values for the rows of a batch, shape `(rows,)`.

        Args:
            texts: Their texts.
            row: The first of these rows.
        """
        self._typed |= texts.typed
        if self.form == "labels":
            self._as_texts = True
            return np.zeros(len(texts.codes))
        if self.form == "texts":
            codes = self._codes
            places = [codes.setdefault(name, len(codes)) if name.strip() else np.nan for name in texts.names]
            values = np.array(places, dtype=np.float64)[texts.codes]
            if np.nan in places:
                self.count_empty(values, row)
            return values
        numbers = [_finite(name) for name in texts.names]
        counts = np.bincount(texts.codes, minlength=len(numbers))
        wrong = [
            place
            for place, (name, number) in enumerate(zip(texts.names, numbers, strict=True))
            if number is None and name.strip()
        ]
        if wrong:
            self._wrong_cells += int(counts[wrong].sum())
            others = [place for place in wrong if not _is_numeric(texts.names[place])]
            self._others += int(counts[others].sum())
            first = int(np.argmax(np.isin(texts.codes, wrong)))
            self._wrong.append((row + first, texts.names[texts.codes[first]]))
        blank = [place for place, name in enumerate(texts.names) if not name.strip()]
        if blank:
            self.count_empty(np.where(np.isin(texts.codes, blank), np.nan, 0), row)
        return np.array([np.nan if number is None else number for number in numbers])[texts.codes]

    def judge(self, values: NDArray[np.float64], place: Callable[[int], str]) -> bool:
        """Decides whether the column holds numbers or texts, once all rows are read.

        Args:
            values: Its values, shape `(rows,)`.
            place: Says where a row stands.

        Returns:
            Whether it must be read again, as texts.

        Raises:
            DataError: It holds numbers, and some cell is none.
        """
        if self.want.form == "texts":
            return False
        if self.form == "texts":
            if self.want.form == "numbers" and not self._typed:
                self._refuse_texts_among_numbers(values, place)
            return False
        if self._typed or self._as_texts:
            return True
        if not self._wrong:
            return False
        if self.want.form == "labels":
            return True
        cells = int(np.count_nonzero(~np.isnan(values))) + self._wrong_cells
        if holds_text(cells - self._others, cells):
            return True
        row, cell = self._wrong[0]
        raise no_number(cell, place(row), self.want.column)

    def _refuse_texts_among_numbers(self, values: NDArray[np.float64], place: Callable[[int], str]) -> None:
        """Refuses a column that began with texts, if most of its cells are numbers."""
        codes = values[~np.isnan(values)].astype(np.int64)
        counts = np.bincount(codes, minlength=len(self._codes))
        numeric = np.array([_is_numeric(name) for name in self._codes], dtype=np.bool_)
        if holds_text(int(counts[numeric].sum()), len(codes)) or not len(codes):
            return
        names = list(self._codes)
        wrong = [code for code, name in enumerate(names) if _finite(name) is None]
        if wrong:
            row = int(np.argmax(np.isin(values, wrong)))
            raise no_number(names[int(values[row])], place(row), self.want.column)

    def finished(self, values: NDArray[np.float64]) -> Column:
        """Returns the column; the codes of texts in `values` become those of their sorted order.

        Args:
            values: Its values, shape `(rows,)`.
        """
        if self.form != "texts":
            return Column(self.want.column, values, None, self.whole, self.empty, self.first_empty)
        order = sorted(self._codes)
        lookup = np.empty(len(order))
        lookup[[self._codes[name] for name in order]] = np.arange(len(order))
        filled = ~np.isnan(values)
        values[filled] = lookup[values[filled].astype(np.int64)]
        return Column(self.want.column, values, tuple(order), False, self.empty, self.first_empty)


def _is_numeric(text: str) -> bool:
    return is_number(text) or is_not_finite(text)


def _finite(text: str) -> float | None:
    """Returns a number that is finite, or None."""
    number = float(text) if is_number(text) else math.inf
    return number if math.isfinite(number) else None
