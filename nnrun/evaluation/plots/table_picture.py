"""Samples that are no images, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnrun.evaluation.plots.palette import FAINT_INK, GRID, INK
from nnrun.evaluation.plots.style import header, header_width, picture, text_width

_SIZE = 9
_LINE = 0.26
_GAP = 0.25


class Column(NamedTuple):
    """A column of a table.

    Args:
        name: Stands above it.
        cells: One short text per row.
        is_number: Whether the cells end at the right.
        colour: Of the cells.
    """

    name: str
    cells: Sequence[str]
    is_number: bool = False
    colour: str = INK


def table_picture(columns: Sequence[Column], title: str, subtitle: str) -> bytes:
    """Draws a table.

    Args:
        columns: The columns, each with a cell for every row.
        title: Stands above it.
        subtitle: Stands below the title, smaller.

    Returns:
        The content of a PNG file.
    """
    rows = len(columns[0].cells)

    def draw(figure: Figure, renderer: RendererAgg) -> None:
        widths = [
            max(
                text_width(renderer, column.name, _SIZE) * 1.13,
                *(text_width(renderer, cell, _SIZE) for cell in column.cells),
                0.3,
            )
            for column in columns
        ]
        end = 0.2 + sum(widths) + _GAP * (len(columns) - 1)
        width = max(end + 0.2, header_width(renderer, title, subtitle))
        height = 0.95 + _LINE * (rows + 1)
        figure.set_size_inches(width, height)
        header(figure, title, subtitle)

        def line(down: float) -> None:
            figure.add_artist(Line2D([0.2 / width, end / width], [down, down], color=GRID, linewidth=0.8))

        left = 0.2
        for column, wide in zip(columns, widths, strict=True):
            place = (left + wide if column.is_number else left) / width
            side = "right" if column.is_number else "left"
            top = 1 - 0.9 / height
            figure.text(place, top, column.name, fontsize=_SIZE, fontweight="bold", ha=side, va="center")
            for row, cell in enumerate(column.cells, start=1):
                down = 1 - (0.9 + _LINE * row) / height
                colour = column.colour if cell else FAINT_INK
                figure.text(place, down, cell, fontsize=_SIZE, color=colour, ha=side, va="center")
            left += wide + _GAP
        for row in range(rows):
            line(1 - (0.9 + _LINE * (row + 0.5)) / height)

    return picture(5, 5, draw)
