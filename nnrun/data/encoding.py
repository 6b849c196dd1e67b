"""The columns of a table as the network sees them: numbers, parts of dates, truth values, categories."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnrun.data.raw import RawData
from nnrun.data.scaling import Scaling
from nnrun.data.tables.cells import DATE_PARTS, boolean_value, date_parts

Texts = Mapping[int, tuple[str, ...]]
"""For each column of texts, by its number: what the positions in it stand for."""


class UnfitCellError(Exception):
    """A cell holds something else than its column did when the network was trained.

    Args:
        number: The column.
        held: What the column held.
        cell: What the cell holds.
    """

    def __init__(self, number: int, held: str, cell: str) -> None:
        super().__init__(number, held, cell)
        self.number = number
        self.held = held
        self.cell = cell


@dataclass(frozen=True, slots=True)
class Encoding:
    """What each column of a table becomes; those that are not named here are numbers and stay what they are.

    Args:
        categories: For each column of categories, by its number: those that the training split has, sorted.
        booleans: Columns of truth values, which become 0 and 1.
        dates: For each column of dates: which of `DATE_PARTS` it becomes, those that vary in the training split.
        codes: Whether all columns are categories and become code numbers, those of each column in a range of its own.
            The first code of a range is for what the training split does not have.
    """

    categories: Texts = field(default_factory=dict)
    booleans: tuple[int, ...] = ()
    dates: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    codes: bool = False

    @property
    def texts(self) -> frozenset[int]:
        """The columns whose cells are texts."""
        return frozenset((*self.categories, *self.booleans, *self.dates))

    @property
    def some_texts(self) -> Texts:
        """For each column of texts, a text that it can hold, as the only one."""
        booleans = dict.fromkeys(self.booleans, ("true",))
        dates = dict.fromkeys(self.dates, ("2000-01-01",))
        return {number: names[:1] for number, names in self.categories.items()} | booleans | dates

    @property
    def is_plain(self) -> bool:
        """Whether all columns are numbers."""
        return not self.texts

    def feature_names(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Returns the names of the inputs, such as `island=Biscoe` for a category and `born.year` for a date.

        Args:
            columns: Names of the columns of the table.
        """
        names: list[str] = []
        for number, name in enumerate(columns):
            if number in self.dates:
                names += [f"{name}.{part}" for part in self.dates[number]]
            elif number in self.categories and not self.codes:
                names += [f"{name}={category}" for category in self.categories[number]]
            else:
                names.append(name)
        return tuple(names)

    def numbers(self, x: NDArray[Any], texts: Texts) -> NDArray[np.float64]:
        """Returns what is scaled: the columns of numbers and the parts of dates, shape `(samples, numbers)`.

        Args:
            x: The table, shape `(samples, columns)`, without empty cells.
            texts: What the positions in its columns of texts stand for.
        """
        blocks: list[NDArray[Any]] = []
        for number in range(x.shape[1]):
            if number in self.dates:
                blocks.append(self._date(number, x[:, number], texts[number]))
            elif number not in self.texts:
                blocks.append(x[:, number : number + 1])
        return np.concatenate(blocks, axis=1) if blocks else np.empty((len(x), 0))

    def encoded(self, x: NDArray[Any], texts: Texts, scaling: Scaling) -> NDArray[Any]:
        """Returns what the network sees, shape `(samples, features)`: float32, or int32 for codes.

        Args:
            x: The table, shape `(samples, columns)`, without empty cells.
            texts: What the positions in its columns of texts stand for.
            scaling: What becomes of numbers.

        Raises:
            UnfitCellError: A cell of a column of truth values or dates holds something else.
        """
        if self.codes:
            return self._code_numbers(x, texts)
        scaled = scaling.apply(self.numbers(x, texts))
        blocks: list[NDArray[np.float32]] = []
        place = 0
        for number in range(x.shape[1]):
            if number in self.categories:
                blocks.append(_one_hot(x[:, number], texts[number], self.categories[number]))
            elif number in self.booleans:
                blocks.append(self._boolean(number, x[:, number], texts[number]))
            else:
                width = len(self.dates.get(number, (number,)))
                blocks.append(scaled[:, place : place + width])
                place += width
        return np.concatenate(blocks, axis=1)

    def unseen(self, x: NDArray[Any], texts: Texts) -> Iterator[tuple[int, int]]:
        """Yields number and samples of each column with categories that the training split does not have.

        Args:
            x: The table, shape `(samples, columns)`, without empty cells.
            texts: What the positions in its columns of texts stand for.
        """
        for number, known in self.categories.items():
            missing = [code for code, name in enumerate(texts[number]) if name not in known]
            count = int(np.isin(x[:, number], missing).sum()) if missing else 0
            if count:
                yield number, count

    def _code_numbers(self, x: NDArray[Any], texts: Texts) -> NDArray[np.int32]:
        codes = np.empty(x.shape, dtype=np.int32)
        first = 0
        for number in range(x.shape[1]):
            known = self.categories[number]
            codes[:, number] = first + 1 + _positions(x[:, number], texts[number], known)
            first += 1 + len(known)
        return codes

    def _boolean(self, number: int, codes: NDArray[Any], names: tuple[str, ...]) -> NDArray[np.float32]:
        values = _looked_up(number, codes, names, [boolean_value(name) for name in names], "truth values")
        return values.astype(np.float32).reshape(-1, 1)

    def _date(self, number: int, codes: NDArray[Any], names: tuple[str, ...]) -> NDArray[np.float64]:
        parts = [date_parts(name) for name in names]
        wanted = [DATE_PARTS.index(part) for part in self.dates[number]]
        columns = [
            _looked_up(
                number, codes, names, [None if each is None else each[part] for each in parts], "dates"
            )
            for part in wanted
        ]
        return np.stack(columns, axis=1)

    def to_json(self) -> dict[str, Any]:
        """Returns a JSON object from which `from_json` makes an equal value."""
        # JSON has text keys only.
        return {
            "categories": {str(number): list(names) for number, names in self.categories.items()},
            "booleans": list(self.booleans),
            "dates": {str(number): list(parts) for number, parts in self.dates.items()},
            "codes": self.codes,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Encoding:
        """Reads what `to_json` wrote, with this version or an older one, which had only `categories`."""
        return cls(
            categories={int(number): tuple(names) for number, names in value["categories"].items()},
            booleans=tuple(value.get("booleans", ())),
            dates={int(number): tuple(parts) for number, parts in value.get("dates", {}).items()},
            codes=value.get("codes", False),
        )


def fit_encoding(
    raw: RawData, train: NDArray[np.int64], fillers: Mapping[int, float | str], *, codes: bool
) -> Encoding:
    """Learns from the training split what the columns of a table become.

    Args:
        raw: The data set; `kinds` says what its columns hold, a column of texts being one of categories otherwise.
        train: Positions of the training samples, shape `(samples of the split,)`.
        fillers: What empty cells become, by column number.
        codes: Whether categories become code numbers.
    """
    categories: dict[int, tuple[str, ...]] = {}
    booleans: list[int] = []
    dates: dict[int, tuple[str, ...]] = {}
    for number, names in raw.categories.items():
        found = np.unique(raw.samples.x[train, number])
        present = {names[code] for code in found[~np.isnan(found)].astype(np.int64).tolist()}
        if np.isnan(found).any() and number in fillers:
            present.add(str(fillers[number]))
        kind = raw.kinds.get(number)
        if kind == "boolean":
            booleans.append(number)
        elif kind == "date":
            dates[number] = _varying(present)
        else:
            categories[number] = tuple(sorted(present))
    return Encoding(categories, tuple(booleans), dates, codes)


def _varying(names: Collection[str]) -> tuple[str, ...]:
    """Returns the parts of dates that are not the same in all; the year if all are the same."""
    parts = zip(*(cast(tuple[int, ...], date_parts(name)) for name in names), strict=True)
    varying = [part for part, values in zip(DATE_PARTS, parts, strict=True) if len(set(values)) > 1]
    return tuple(varying) or DATE_PARTS[:1]


def _looked_up(
    number: int, codes: NDArray[Any], names: tuple[str, ...], values: list[int | None], what: str
) -> NDArray[np.float64]:
    """Returns the value of each cell, shape `(samples,)`; None stands for a text that has none."""
    table = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    found: NDArray[np.float64] = table[codes.astype(np.int64)]
    wrong = np.isnan(found)
    if wrong.any():
        raise UnfitCellError(number, what, names[int(codes[np.argmax(wrong)])])
    return found


def _one_hot(codes: NDArray[Any], names: tuple[str, ...], known: tuple[str, ...]) -> NDArray[np.float32]:
    """Returns shape `(samples, known)`; the codes are positions in `names`, shape `(samples,)`."""
    positions = _positions(codes, names, known)
    encoded = np.zeros((len(codes), len(known)), dtype=np.float32)
    seen = np.flatnonzero(positions >= 0)
    encoded[seen, positions[seen]] = 1
    return encoded


def _positions(codes: NDArray[Any], names: tuple[str, ...], known: tuple[str, ...]) -> NDArray[np.int64]:
    """Returns the position of each cell in `known`, -1 where it is not there, shape `(samples,)`."""
    place = {name: number for number, name in enumerate(known)}
    lookup = np.array([place.get(name, -1) for name in names], dtype=np.int64)
    found: NDArray[np.int64] = lookup[codes.astype(np.int64)]
    return found
