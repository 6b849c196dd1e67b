"""Samples that are images, as values that can be shown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def displayable(images: NDArray[Any]) -> NDArray[np.float64]:
    """Returns images of any range as values from 0 to 1, all of them scaled alike.

    Bytes are from 0 to 255; of other values, the lowest becomes 0 and the greatest 1.

    Args:
        images: Shape `(samples, height, width, channels)`.

    Returns:
        Shape `(samples, height, width)` for grey images, where white is 1, else `(samples, height, width, 3)`. Of two
        channels only the first is shown, of more than three the first three.
    """
    values = images.astype(np.float64)
    if values.shape[-1] in (1, 2):
        values = values[..., 0]
    elif values.shape[-1] > 3:
        values = values[..., :3]
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if images.dtype == np.uint8 and (values.ndim == 4 or high > 64):
        low, high = 0.0, 255.0
    scaled = (values - low) / (high - low if high > low else 1.0)
    return np.nan_to_num(np.clip(scaled, 0.0, 1.0))
