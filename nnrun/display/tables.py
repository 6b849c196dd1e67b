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
        elastic: Whether its texts may be cut where that is not enough: 0 never, those with 1 before those with 2.
        codes: Gives the colours of a text, as codes for `painted`.
    """

    title: str
    cells: Sequence[str]
    numeric: bool = False
    spare: int = 0
    elastic: int = 0
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
    for level in sorted({column.elastic for column in columns} - {0}):
        elastic = [column for column in columns if column.elastic == level]
        room = limit - _total(columns) + sum(column.width for column in elastic)
        most = _level([column.width for column in elastic], room)
        columns = [_cut(column, most) if column.elastic == level else column for column in columns]
    return columns


def _level(widths: Sequence[int], room: int) -> int:
    """Returns how wide columns may be so that all of them fit: the widest ones give, until they are alike."""
    most = max(widths)
    while most > _NARROWEST and sum(min(each, most) for each in widths) > room:
        most -= 1
    return most


def _cut(column: Column, most: int) -> Column:
    cells = [shortened(cell, most) for cell in column.cells]
    return replace(column, title=shortened(column.title, most), cells=cells)


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
