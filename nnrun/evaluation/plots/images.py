"""Samples that are images, as Matplotlib can show them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

_SHARP = 96
"""Images with fewer pixels per side are shown as squares, not blurred."""


def show(axes: Axes, image: NDArray[np.float64]) -> None:
    """Shows one image on axes without ticks, with its proportions."""
    interpolation = "nearest" if max(image.shape[:2]) < _SHARP else "antialiased"
    axes.imshow(image, cmap="gray", vmin=0.0, vmax=1.0, interpolation=interpolation)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
