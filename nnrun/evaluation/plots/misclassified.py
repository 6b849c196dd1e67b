"""`plots/misclassified.png`: the mistakes that the network was most sure of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnrun.errors import UsageError
from nnrun.evaluation.numbers import percent
from nnrun.evaluation.plots.describe import described, left_out
from nnrun.evaluation.plots.images import show
from nnrun.evaluation.plots.labels import labels
from nnrun.evaluation.plots.palette import INK, ORANGE
from nnrun.evaluation.plots.pixels import displayable
from nnrun.evaluation.plots.style import header, header_width, picture, text_width
from nnrun.evaluation.plots.subject import NO_CLASSES, Subject
from nnrun.evaluation.plots.table_picture import Column, table_picture

_IMAGES = 30
_TABLE = 25
_NAME = 18
_WIDTH = 11.0


class Mistake(NamedTuple):
    """What was taken for what.

    Args:
        true: Short name of the true class.
        predicted: Short name of the predicted one.
        confidence: Probability of the predicted one; None where there are no probabilities.
    """

    true: str
    predicted: str
    confidence: float | None


def obstacle(subject: Subject) -> str | None:
    """Says why there can be no such picture."""
    return NO_CLASSES if subject.class_names is None else None


def draw(subject: Subject) -> bytes:
    """Draws the mistakes of the split that was asked for."""
    answers, split = subject.classes, subject.recalled.split_name
    wrong = answers.mistakes()
    total = len(answers.truth)
    if not len(wrong):
        raise UsageError(f"all {total:,} samples of the {split} split are classified correctly")
    raw = subject.labelled.raw
    images = raw.kind == "images"
    chosen = wrong[: _IMAGES if images else _TABLE]
    names, confidence = labels(answers.names, _NAME), answers.confidence
    mistakes = [
        Mistake(
            names[answers.truth[place]],
            names[answers.predicted[place]],
            None if confidence is None else float(confidence[place]),
        )
        for place in chosen
    ]
    title = f"{subject.name}: misclassified"
    what = f"{len(wrong):,} of {total:,} ({percent(len(wrong) / total)}) wrong"
    if len(chosen) < len(wrong):
        what += f", the {len(chosen)} most confident mistakes"
    found = subject.labelled.found(split, chosen)
    if images:
        return gallery(displayable(found), mistakes, title, subject.predictions_caption(what))
    what += left_out(raw, found.shape[1] if found.ndim > 1 else 1)
    columns = [
        Column("predicted", [one.predicted for one in mistakes], colour=ORANGE),
        Column("true", [one.true for one in mistakes]),
        Column("position", [f"{place}" for place in chosen], is_number=True),
        *described(found, raw),
    ]
    if confidence is not None:
        columns.insert(1, Column("confidence", [percent(one.confidence) for one in mistakes], is_number=True))
    return table_picture(columns, title, subject.predictions_caption(what))


def gallery(images: NDArray[np.float64], mistakes: Sequence[Mistake], title: str, subtitle: str) -> bytes:
    """Draws images with what they were taken for and what they are.

    Args:
        images: Values from 0 to 1, shape `(images, height, width)` or `(images, height, width, 3)`.
        mistakes: One for each.
        title: Stands above it.
        subtitle: Stands below the title, smaller.

    Returns:
        The content of a PNG file.
    """
    wide = min(max(images.shape[2] / images.shape[1], 0.4), 2.5)
    above = [_taken_for(one) for one in mistakes]
    below = [f"true: {one.true}" for one in mistakes]

    def arrange(figure: Figure, renderer: RendererAgg) -> None:
        room = max(1.2 * wide, *(text_width(renderer, text, 9) for text in [*above, *below])) + 0.18
        columns = min(len(images), max(3, min(6, int(_WIDTH / room))))
        lines = math.ceil(len(images) / columns)
        width = max(columns * room + 0.3, header_width(renderer, title, subtitle))
        height = 0.8 + lines * 1.8
        figure.set_size_inches(width, height)
        header(figure, title, subtitle)
        for number, image in enumerate(images):
            row, column = divmod(number, columns)
            bottom = height - 0.8 - (row + 1) * 1.8 + 0.15
            left = 0.2 + column * room
            axes = figure.add_axes((left / width, bottom / height, (room - 0.18) / width, 1.2 / height))
            show(axes, image)
            middle = (left + (room - 0.18) / 2) / width
            for text, up, colour in ((above[number], 1.41, ORANGE), (below[number], 1.24, INK)):
                place = (bottom + up) / height
                figure.text(middle, place, text, fontsize=9, color=colour, ha="center", va="bottom")

    return picture(5, 5, arrange)


def _taken_for(mistake: Mistake) -> str:
    sure = percent(mistake.confidence)
    # The name comes last: one that is written from right to left would draw what follows to its left.
    return f"predicted ({sure}): {mistake.predicted}" if sure else f"predicted: {mistake.predicted}"
