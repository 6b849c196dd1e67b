"""Looking at data of any size in bounded time: all samples where that is quick, else some of them, and it is said."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.rows import is_mapped

MOST_BYTES = 1 << 29
"""Of an array in a file, so many bytes are read, at most."""

MOST_SAMPLES = 200_000
"""What is not linear in the samples looks at so many."""


def some(total: int, most: int) -> NDArray[np.int64]:
    """Returns positions evenly spread over so many samples, shape `(at most most,)`, all of them where they fit."""
    if total <= most:
        return np.arange(total, dtype=np.int64)
    return np.linspace(0, total - 1, most).astype(np.int64)


def readable(x: NDArray[Any]) -> NDArray[np.int64]:
    """Returns the positions of the samples that can be looked at: of an array in a file, some."""
    if not is_mapped(x) or not len(x):
        return np.arange(len(x), dtype=np.int64)
    size = max(1, x.nbytes // len(x))
    return some(len(x), max(1, MOST_BYTES // size))
