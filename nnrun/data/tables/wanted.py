"""What is wanted of the columns of a table, and what a batch of rows gives of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_LEADING_ZERO = r"^\s*[+-]?0\d+\s*$"

Form = Literal["numbers", "texts", "labels"]
"""`numbers`: float64 where the cells are numbers. `texts`: whatever they look like. `labels`: numbers that are not the
same as the text of their cells, such as `007`, are texts, unless there are fractions among them."""

MAX_EXACT_INTEGER = 2**53
"""Beyond it, not every whole number is a 64-bit float."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A column that is to be read.

    Args:
        column: Its name.
        form: What is wanted of it.
    """

    column: str
    form: Form


@dataclass(frozen=True, slots=True)
class Texts:
    """Cells as texts.

    Args:
        names: The different texts.
        codes: For each row its position in `names`, shape `(rows,)`.
        typed: Whether the file says that they are texts, so that they are no mistakes among numbers.
    """

    names: list[str]
    codes: NDArray[np.int32]
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a table.

    Args:
        values: The wanted columns, shape `(rows, wanted)`; NaN for an empty cell, and in the columns of `texts`.
        texts: By position among the wanted: columns of texts, and those with a cell that is no finite number.
        whole: By position: labels that are whole numbers in their plain form, all of them in this batch.
        empty: By position: how many cells are empty, where some are; not for those of `texts`.
    """

    values: NDArray[np.float64]
    texts: Mapping[int, Texts]
    whole: frozenset[int]
    empty: Mapping[int, int]


def batch_of(
    rows: int, arrays: Mapping[str, Any], wanted: Sequence[Wanted], typed: Collection[str] = ()
) -> Batch | None:
    """Turns columns of pyarrow into a batch.

    Args:
        rows: How many rows there are.
        arrays: Columns by name: texts, float64 or int64.
        wanted: What is wanted of them.
        typed: Names of columns that the file says are texts; texts of the others may be numbers.

    Returns:
        The batch, or None if a column of numbers has some that are not finite: their text must be looked at.
    """
    values = np.empty((rows, len(wanted)), dtype=np.float64)
    texts: dict[int, Texts] = {}
    whole: set[int] = set()
    empty: dict[int, int] = {}
    for place, want in enumerate(wanted):
        array = arrays[want.column]
        numbers: Any | None = array
        if pa.types.is_string(array.type):
            numbers, kind = None, ""
            if want.column not in typed and want.form == "numbers":
                numbers = numbers_of(array)
            elif want.column not in typed and want.form == "labels":
                numbers, kind = labels_of(array)
        else:
            kind = "whole" if pa.types.is_integer(array.type) else ""
            if want.form == "texts":
                array, numbers = pc.cast(array, pa.string()), None
        if numbers is None:
            texts[place] = _texts(array, typed=want.column in typed)
            values[:, place] = 0
            continue
        if kind == "whole":
            whole.add(place)
        if numbers.null_count:
            empty[place] = numbers.null_count
        values[:, place] = numbers.to_numpy(zero_copy_only=False)
    if np.count_nonzero(np.isfinite(values)) + sum(empty.values()) != values.size:
        return None
    return Batch(values, texts, frozenset(whole), empty)


def numbers_of(cells: Any) -> Any | None:
    """Returns texts as float64, null for an empty cell; None if one is no finite number."""
    try:
        numbers = pc.cast(cells, pa.float64())
    except pa.ArrowInvalid:
        try:
            numbers = pc.cast(_stripped(cells), pa.float64())
        except pa.ArrowInvalid:
            return None
    return numbers if pc.all(pc.is_finite(numbers)).as_py() is not False else None


def labels_of(cells: Any) -> tuple[Any | None, Literal["whole", ""]]:
    """Returns texts as numbers, if nothing of them is lost, as the zeros of `007` and the last digits of long ones are.

    Args:
        cells: Texts.

    Returns:
        int64 and `whole` if all are whole numbers in their plain form, float64 if they are other finite numbers; null
        for an empty cell. None if the texts are needed.
    """
    # Most cells have no spaces around them.
    for strip in (False, True):
        texts = _stripped(cells) if strip else cells
        try:
            whole = pc.cast(texts, pa.int64())
        except pa.ArrowInvalid:
            continue
        if pc.all(pc.equal(pc.cast(whole, pa.string()), texts)).as_py() is False:
            break
        exact = all(abs(bound.as_py() or 0) <= MAX_EXACT_INTEGER for bound in pc.min_max(whole).values())
        return (whole, "whole") if exact else (None, "")
    numbers = numbers_of(cells)
    if numbers is None or pc.any(pc.match_substring_regex(cells, _LEADING_ZERO)).as_py():
        return None, ""
    return numbers, ""


def _stripped(cells: Any) -> Any:
    """Returns texts without spaces around them, null for an empty one."""
    stripped = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.equal(stripped, ""), None, stripped)


def _texts(cells: Any, *, typed: bool) -> Texts:
    encoded = pc.fill_null(cells, "").dictionary_encode()
    return Texts(encoded.dictionary.to_pylist(), encoded.indices.to_numpy(), typed)
