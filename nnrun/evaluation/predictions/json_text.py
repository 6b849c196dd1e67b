"""Numbers and texts as JSON writes them: many at once, and numbers with as few digits as tell them apart."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def json_numbers(values: NDArray[Any]) -> list[tuple[str, ...]]:
    """Returns finite numbers of shape `(rows, columns)` as JSON, row by row.

    The digits of a 32-bit float are those that give it back, which are fewer than those of the same number in 64 bits.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [
        pc.cast(pa.array(np.ascontiguousarray(column)), pa.string()).to_pylist() for column in values.T
    ]
    return list(zip(*columns, strict=True))


def json_texts(values: Iterable[str]) -> list[str]:
    """Returns texts in quotes, as JSON."""
    return [json.dumps(value, ensure_ascii=False) for value in values]


def json_cells(column: Any) -> list[str]:
    """Returns an arrow array of texts or whole numbers as JSON."""
    import pyarrow as pa

    if pa.types.is_integer(column.type):
        return [str(value) for value in column.to_pylist()]
    return json_texts(column.to_pylist())
