"""What sections are made of. Each kind of block has a template of its name in `templates/blocks/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from nnrun.evaluation.report.charts import Charts, Heat, Pairs

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table, or a value of a list of facts.

    Args:
        text: What is shown.
        exact: The number in full, which sorts the rows and shows when the pointer rests on it.
        mark: How it stands out: the best of its row, less important, wrong, code, a time (on one line).
        name: Whether it is a name out of the data, which may be written from right to left.
    """

    text: str
    exact: str = ""
    mark: Literal["", "best", "faint", "bad", "code", "time"] = ""
    name: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Args:
        title: What stands above it.
        numeric: Whether its cells stand on the right.
        group: What stands above the titles of neighbouring columns with the same group.
    """

    title: str
    numeric: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and columns.

    Args:
        columns: The columns; the first one names the rows.
        rows: As many cells as there are columns, each.
        totals: Rows that stay at the end, whatever the order.
        caption: What it shows, for those who hear the page.
        sortable: Whether a click on a title sorts the rows.
    """

    kind: ClassVar[str] = "table"
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: str
    totals: Sequence[Sequence[Cell]] = ()
    sortable: bool = False

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The groups of columns with how many columns they span; empty where there are none."""
        found: list[tuple[str, int]] = []
        for column in self.columns:
            if found and column.group and found[-1][0] == column.group:
                found[-1] = (column.group, found[-1][1] + 1)
            else:
                found.append((column.group, 1))
        return found if any(name for name, _ in found) else []


@dataclass(frozen=True, slots=True)
class Fact:
    """A value with its name."""

    label: str
    value: Cell


@dataclass(frozen=True, slots=True)
class Facts:
    """Values with their names, one below the other."""

    kind: ClassVar[str] = "facts"
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure that is seen at once.

    Args:
        label: What it is.
        value: The figure.
        note: Stands below it, smaller.
    """

    label: str
    value: Cell
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tiles:
    """The figures that matter most."""

    kind: ClassVar[str] = "tiles"
    tiles: Sequence[Tile]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole.

    Args:
        label: What it is.
        value: Its size, above 0.
        text: Its size, as it is shown.
    """

    label: str
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Shares:
    """The parts of a whole, as a bar with a legend."""

    kind: ClassVar[str] = "shares"
    title: str
    shares: Sequence[Share]

    @property
    def bars(self) -> list[tuple[float, float]]:
        """Beginning and width of each part, in percent."""
        whole = sum(share.value for share in self.shares)
        bars: list[tuple[float, float]] = []
        start = 0.0
        for share in self.shares:
            width = 100 * share.value / whole
            bars.append((round(start, 3), round(width, 3)))
            start += width
        return bars


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence to be seen."""

    kind: ClassVar[str] = "note"
    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of code, and what is said about it on the right."""

    text: str
    remark: str = ""
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """Lines as they were written."""

    kind: ClassVar[str] = "code"
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture.

    Args:
        source: A `data:` URI.
        alt: What is on it.
        caption: What it is.
        mistake: What it was taken for.
        sure: How sure that was.
        where: Where it is from, shown when the pointer rests on it.
    """

    source: str
    alt: str
    caption: str
    mistake: str = ""
    sure: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of one size.

    Args:
        pictures: The pictures.
        width: How wide each is shown, in pixels.
        height: How high.
        sharp: Whether their pixels are shown as squares.
    """

    kind: ClassVar[str] = "pictures"
    pictures: Sequence[Picture]
    width: int
    height: int
    sharp: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """A confusion matrix with few classes.

    Args:
        names: Of the classes.
        counts: Samples by true class (row) and predicted class.
    """

    kind: ClassVar[str] = "matrix"
    names: Sequence[str]
    counts: Sequence[Sequence[int]]

    def shade(self, row: int, column: int) -> int:
        """Returns how dark a cell is, from 0 to 10, by its share of the true class; small shares still show."""
        count = self.counts[row][column]
        return max(1, round(10 * (count / sum(self.counts[row])) ** 0.5)) if count else 0


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Blocks that stand beside each other where there is room."""

    kind: ClassVar[str] = "beside"
    blocks: Sequence[Any]


@dataclass(frozen=True, slots=True)
class More:
    """Blocks that are shown after a click on a title."""

    kind: ClassVar[str] = "more"
    title: str
    blocks: Sequence[Any]


Block = (
    Table
    | Facts
    | Tiles
    | Shares
    | Note
    | Text
    | Code
    | Pictures
    | Matrix
    | SideBySide
    | More
    | Charts
    | Heat
    | Pairs
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading.

    Args:
        id: Its anchor.
        title: Its heading.
        blocks: What is in it.
        summary: A sentence below the heading.
    """

    id: str
    title: str
    blocks: Sequence[Block]
    summary: str = ""
