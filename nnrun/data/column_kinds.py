"""What the columns of a table hold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nnrun.data.rows import CHUNK_BYTES
from nnrun.data.tables.cells import COLUMN_KINDS, ColumnKind

_SHOWN = 8


def column_kinds(
    x: NDArray[np.float64], names: tuple[str, ...], kinds: Mapping[int, ColumnKind]
) -> dict[str, ColumnKind]:
    """Returns what each column of a table holds, by its name: `number`, `integer`, `category`, `date` and so on.

    Args:
        x: The table, shape `(samples, columns)`, NaN for an empty cell.
        names: Names of its columns.
        kinds: What is known of its columns of texts, by their number (`RawData.kinds`).
    """
    whole = np.ones(x.shape[1], dtype=np.bool_)
    lowest: NDArray[np.float64] = np.full(x.shape[1], np.inf)
    highest = -lowest
    rows = max(1, CHUNK_BYTES // max(1, x.shape[1] * x.itemsize))
    for start in range(0, len(x), rows):
        piece = x[start : start + rows]
        filled = ~np.isnan(piece)
        lowest = np.minimum(lowest, piece.min(axis=0, where=filled, initial=np.inf))
        highest = np.maximum(highest, piece.max(axis=0, where=filled, initial=-np.inf))
        # Most columns show at once that they are not whole, and cost nothing from then on.
        places = np.flatnonzero(whole)
        some = piece[:, places]
        whole[places] = ((some == np.floor(some)) | ~filled[:, places]).all(axis=0)
    return {
        name: kinds.get(number, _of_numbers(lowest[number], highest[number], bool(whole[number])))
        for number, name in enumerate(names)
    }


def _of_numbers(lowest: float, highest: float, whole: bool) -> ColumnKind:
    if lowest >= highest:
        return "constant"
    return "integer" if whole else "number"


def kinds_note(kinds: Mapping[str, ColumnKind]) -> str:
    """Returns a sentence on what columns hold, by their names."""
    by_kind = {kind: [name for name, own in kinds.items() if own == kind] for kind in COLUMN_KINDS}
    shown = [f"{kind}: {_listed(names)}" for kind, names in by_kind.items() if names]
    return f"features: {'; '.join(shown)}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
