"""Whether values lie where those of the training did: the most common mistake is to scale them by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.data.preprocessing import Preprocessing

_TINY = 0.02
"""Values that take so small a part of a known range were probably divided by it."""


class RangeCheck:
    """Keeps the lowest and highest value that were seen.

    Args:
        preprocessing: Knows the range of the training, where the values had one beforehand (pixels).
    """

    def __init__(self, preprocessing: Preprocessing) -> None:
        scaling = preprocessing.scaling
        self._known: tuple[float, float] | None = None
        if preprocessing.kind == "images" and scaling.method in ("unit", "range") and len(scaling.shift) == 1:
            self._known = scaling.shift[0], scaling.shift[0] + scaling.divisor[0]
        self._low, self._high = np.inf, -np.inf

    def see(self, x: NDArray[Any]) -> None:
        """Looks at some samples."""
        if self._known is not None and x.size:
            self._low, self._high = min(self._low, float(x.min())), max(self._high, float(x.max()))

    def notes(self, label: str) -> list[str]:
        """Returns what is wrong with the range of the values that were seen, if anything is."""
        if self._known is None or self._low > self._high:
            return []
        low, high = self._known
        seen = f"{label}: the values go from {self._low:g} to {self._high:g}"
        if self._low < low or self._high > high:
            return [f"{seen}, and the network was trained on {low:g} to {high:g}"]
        if self._high <= low + (high - low) * _TINY and self._high > self._low:
            return [
                f"{seen}, and the network was trained on {low:g} to {high:g}: give them as they were, unscaled"
            ]
        return []
