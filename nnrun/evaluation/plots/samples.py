"""`plots/samples.png`: some samples of each class, with their labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnrun.evaluation.numbers import brief
from nnrun.evaluation.plots.choosing import first_of_each
from nnrun.evaluation.plots.describe import described, left_out
from nnrun.evaluation.plots.images import show
from nnrun.evaluation.plots.labels import column_labels, labels
from nnrun.evaluation.plots.pixels import displayable
from nnrun.evaluation.plots.style import header, header_width, picture, shortened, text_width
from nnrun.evaluation.plots.subject import Subject
from nnrun.evaluation.plots.table_picture import Column, table_picture

_ROWS = 12
"""Up to so many classes have a row of images each; more have one image each."""

_IN_A_ROW = 8
_CELLS = 100
_TABLE = 24
_NAME = 24
_SHORT_NAME = 14


def obstacle(subject: Subject) -> str | None:  # noqa: ARG001 - every kind of data has samples
    """Returns None: every kind of data has samples."""
    return None


def draw(subject: Subject) -> bytes:
    """Draws samples of the training split, or of the one that was asked for."""
    name = subject.split or "train"
    split = subject.samples(name)
    names = subject.splits.class_names
    raw = subject.labelled.raw
    images = raw.kind == "images"
    count = f"{len(split):,} samples"
    what = f"{name} split, {count}" if names is None else f"{name} split, {count}, {len(names)} classes"
    title = f"{subject.name}: samples"
    if names is None or split.class_index is None:
        chosen = np.arange(min(len(split), 5 * _IN_A_ROW if images else _TABLE))
        values = [_values(row) for row in np.asarray(split.y)[chosen]]
        found = subject.labelled.found(name, chosen)
        if images:
            return image_grid(displayable(found), values, title, subject.caption(what))
        what += left_out(raw, _width(found))
        targets = ", ".join(column_labels(subject.preprocessing.target_names or ("target",), _NAME))
        columns = [Column(shortened(targets, _NAME), values, is_number=True), *described(found, raw)]
        return table_picture(columns, title, subject.caption(what))
    if images:
        short = labels(names, _NAME if len(names) <= _ROWS else _SHORT_NAME)
        several = len(names) <= _ROWS
        chosen = first_of_each(split.class_index, len(names), _IN_A_ROW if several else 1)
        if not several and len(names) > _CELLS:
            what += f", {_CELLS} of them shown"
            chosen = chosen[:_CELLS]
        found = displayable(subject.labelled.found(name, chosen))
        numbers = split.class_index[chosen]
        if several:
            return image_rows(found, numbers, short, title, subject.caption(what))
        return image_grid(found, [short[number] for number in numbers], title, subject.caption(what))
    each = max(1, _TABLE // len(names))
    chosen = first_of_each(split.class_index, len(names), each)[:_TABLE]
    if len(names) > _TABLE:
        what += f", {_TABLE} of them shown"
    found = subject.labelled.found(name, chosen)
    what += left_out(raw, _width(found))
    short = labels(names, _NAME)
    classes = Column("class", [short[number] for number in split.class_index[chosen]])
    return table_picture([classes, *described(found, raw)], title, subject.caption(what))


def image_rows(
    images: NDArray[np.float64], classes: NDArray[Any], names: Sequence[str], title: str, subtitle: str
) -> bytes:
    """Draws a row of images for each class, its name in front.

    Args:
        images: Values from 0 to 1, shape `(images, height, width)` or `(images, height, width, 3)`.
        classes: Number of the class of each image, shape `(images,)`.
        names: Short names of the classes.
        title: Stands above it.
        subtitle: Stands below the title, smaller.

    Returns:
        The content of a PNG file.
    """
    longest = max(int(np.sum(classes == number)) for number in range(len(names)))
    wide = images.shape[2] / images.shape[1]
    cell = 0.9 * min(max(wide, 0.3), 2.5)
    high = min(0.9, max(cell / wide, 0.25))

    def arrange(figure: Figure, renderer: RendererAgg) -> None:
        left = max(text_width(renderer, name, 10) for name in names) + 0.4
        width = max(left + longest * (cell + 0.06) + 0.2, header_width(renderer, title, subtitle))
        height = 0.8 + len(names) * (high + 0.08) + 0.12
        figure.set_size_inches(width, height)
        header(figure, title, subtitle)
        for row, name in enumerate(names):
            bottom = height - 0.8 - (row + 1) * (high + 0.08) + 0.08
            middle = (bottom + high / 2) / height
            figure.text((left - 0.15) / width, middle, name, ha="right", va="center")
            for column, image in enumerate(images[classes == row]):
                place = (left + column * (cell + 0.06), bottom, cell, high)
                show(figure.add_axes(_relative(place, width, height)), image)

    return picture(5, 5, arrange)


def image_grid(images: NDArray[np.float64], captions: Sequence[str], title: str, subtitle: str) -> bytes:
    """Draws images, each with a caption above.

    Args:
        images: Values from 0 to 1, shape `(images, height, width)` or `(images, height, width, 3)`.
        captions: One for each.
        title: Stands above it.
        subtitle: Stands below the title, smaller.

    Returns:
        The content of a PNG file.
    """
    columns = min(len(images), 10 if len(images) > 40 else 8)
    lines = math.ceil(len(images) / columns)
    wide = min(max(images.shape[2] / images.shape[1], 0.4), 2.5)

    def arrange(figure: Figure, renderer: RendererAgg) -> None:
        room = max(0.95 * wide, *(text_width(renderer, caption, 8) for caption in captions)) + 0.12
        width = max(columns * room + 0.3, header_width(renderer, title, subtitle))
        height = 0.85 + lines * 1.25
        figure.set_size_inches(width, height)
        header(figure, title, subtitle)
        for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
            row, column = divmod(number, columns)
            bottom = height - 0.85 - (row + 1) * 1.25 + 0.1
            axes = figure.add_axes(_relative((0.2 + column * room, bottom, room - 0.12, 0.95), width, height))
            show(axes, image)
            axes.set_title(caption, fontsize=8, pad=3)

    return picture(5, 5, arrange)


def _relative(
    place: tuple[float, float, float, float], width: float, height: float
) -> tuple[float, float, float, float]:
    """Returns a place in inches (left, bottom, width, height) as shares of the picture."""
    return place[0] / width, place[1] / height, place[2] / width, place[3] / height


def _values(row: NDArray[Any]) -> str:
    return ", ".join(brief(value, 5) for value in np.atleast_1d(row)[:4].tolist())


def _width(found: NDArray[Any]) -> int:
    return found.shape[1] if found.ndim > 1 else 1
