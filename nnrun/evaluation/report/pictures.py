"""Samples that are images, as PNG in `data:` URIs of bounded size."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nnrun.evaluation.plots.pixels import displayable

_SIDES = (160, 128, 96, 64, 48, 32)
"""Images with more pixels per side are made smaller, and smaller again where all together are too large."""

_SHOWN = 96
"""How long the longer side is on the page, in pixels, about."""


class Thumbnails(NamedTuple):
    """Images of one size.

    Args:
        sources: A `data:` URI for each.
        width: How wide to show each, in pixels.
        height: How high.
        sharp: Whether they have so few pixels that these should be seen as squares.
    """

    sources: Sequence[str]
    width: int
    height: int
    sharp: bool


def thumbnails(images: NDArray[Any], budget: int) -> Thumbnails:
    """Returns images for the page.

    Args:
        images: As they were found, shape `(samples, height, width, channels)`; at least one.
        budget: How many bytes all of them may take.
    """
    shown = np.round(displayable(images) * 255).astype(np.uint8)
    height, width = shown.shape[1:3]
    longest = max(height, width)
    sources: list[str] = []
    for side in _SIDES:
        if side < longest or side == _SIDES[-1] or longest <= _SIDES[-1]:
            sources = [_uri(image, min(1.0, side / longest)) for image in shown]
            if sum(map(len, sources)) <= budget:
                break
    scale = _SHOWN / longest
    sharp = scale >= 2
    if sharp:
        scale = int(scale)  # whole numbers, so that all of its pixels are equally large
    return Thumbnails(sources, max(1, round(width * scale)), max(1, round(height * scale)), sharp)


def _uri(image: NDArray[np.uint8], scale: float) -> str:
    picture = Image.fromarray(image)
    if scale < 1:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    target = io.BytesIO()
    picture.save(target, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode("ascii")
