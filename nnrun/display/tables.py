"""Tables of text in columns, made to fit a terminal: no line is ever broken by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nnrun.display.cells import left, right, shortened, width

_GAP = "  "
_NARROWEST = 12
"""A column that is made narrower keeps so many cells."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Args:
        title: What stands above it.
        cells: One text per row.
        numeric: Whether the texts stand on the right.
        spare: How dispensable it is: where space is short, the columns with the highest number go first; 0 stays.
        elastic: Whether its texts may be cut.
        codes: Gives the colours of a text, as codes for `painted`.
    """

    title: str
    cells: Sequence[str]
    numeric: bool = False
    spare: int = 0
    elastic: bool = False
    codes: Callable[[str], tuple[str, ...]] = lambda _: ()

    @property
    def width(self) -> int:
        """How many cells it takes."""
        return max(map(width, (self.title, *self.cells)))


Paint = Callable[..., str]
"""Colours a text by codes, as `painted` does."""


def plain(text: str, *_: str) -> str:
    """Leaves a text without colours."""
    return text


def table(
    columns: Sequence[Column], columns_wide: int | None = None, paint: Paint = plain, head: str = ""
) -> str:
    """Writes a table; it ends with a newline.

    Args:
        columns: The columns, with a text in each for every row.
        columns_wide: How many cells a line may have. Where that is not enough, dispensable columns go, then texts
            are cut, and then the rest of the columns stands below, after the first one once more.
        paint: Colours a text.
        head: The code of the colour of the titles.
    """
    blocks = (
        [list(columns)]
        if columns_wide is None
        else _blocks(_fitted(list(columns), columns_wide), columns_wide)
    )
    return "\n".join(_block(block, paint, head) for block in blocks)


def _fitted(columns: list[Column], limit: int) -> list[Column]:
    while _total(columns) > limit and any(column.spare for column in columns):
        columns.remove(max(columns, key=lambda column: column.spare))
    # The widest one gives first.
    for index in sorted(range(len(columns)), key=lambda index: -columns[index].width):
        column, excess = columns[index], _total(columns) - limit
        if excess > 0 and column.elastic:
            room = max(_NARROWEST, column.width - excess)
            columns[index] = replace(
                column,
                title=shortened(column.title, room),
                cells=[shortened(cell, room) for cell in column.cells],
            )
    return columns


def _blocks(columns: list[Column], limit: int) -> list[list[Column]]:
    blocks = [columns[:1]]
    for column in columns[1:]:
        if len(blocks[-1]) > 1 and _total([*blocks[-1], column]) > limit:
            blocks.append(columns[:1])
        blocks[-1] = [*blocks[-1], column]
    return blocks


def _total(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + len(_GAP) * (len(columns) - 1)


def _block(columns: Sequence[Column], paint: Paint, head: str) -> str:
    widths = [column.width for column in columns]
    titles = [_aligned(column, column.title, cells) for column, cells in zip(columns, widths, strict=True)]
    lines = [paint(_GAP.join(titles).rstrip(), *([head] if head else []))]
    for row in range(len(columns[0].cells)):
        texts = []
        for column, cells in zip(columns, widths, strict=True):
            text = column.cells[row]
            filled = _aligned(column, text, cells)
            # The spaces stay outside of the colour, so that those at the end can go.
            texts.append(filled.replace(text, paint(text, *column.codes(text)), 1) if text else filled)
        lines.append(_GAP.join(texts).rstrip())
    return "\n".join(lines) + "\n"


def _aligned(column: Column, text: str, cells: int) -> str:
    return right(text, cells) if column.numeric else left(text, cells)
