"""Tables line up in every script and fit every terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.display.cells import left, right, shortened, width
from nnrun.display.paint import BOLD, RED, painted
from nnrun.display.tables import Column, table


@pytest.mark.parametrize(
    ("text", "cells"),
    [("abc", 3), ("数字", 4), ("e\u0301", 1), ("ｱ", 1), ("กำ", 2), ("נ", 1), ("", 0), ("👍", 2), ("a\tb", 4)],
)
def test_width_is_that_of_a_terminal(text: str, cells: int) -> None:
    """Wide letters fill two cells, marks none."""
    assert width(text) == cells


@given(st.text(max_size=20), st.integers(1, 12))
def test_a_shortened_text_fits(text: str, cells: int) -> None:
    """However wide its characters are; what fits stays as it is."""
    short = shortened(text, cells)
    assert width(short) <= cells or width(text) <= cells
    assert ("…" in short) == (width(text) > cells or "…" in text)


def test_both_ends_of_a_name_stay() -> None:
    """What tells names apart often stands at their ends."""
    assert shortened("mnist-mlp-dropout", 9) == "mnis…pout"
    assert shortened("一二三四五六", 8) == "一二…六"


def test_columns_line_up_in_cells() -> None:
    """Texts in any script stand below each other, numbers on the right."""
    text = table([Column("name", ["数字", "abc"]), Column("n", ["1", "20"], numeric=True)])
    assert text == "name   n\n数字   1\nabc   20\n"
    assert left("数", 4) + "|" == "数  |"
    assert right("数", 4) == "  数"


def test_dispensable_columns_go_first() -> None:
    """The highest number goes first, then texts are cut, then columns go below."""
    columns = [
        Column("id", ["20261124"]),
        Column("name", ["a-very-long-name-of-a-run"], elastic=1),
        Column("time", ["12s"], spare=2),
        Column("when", ["just now"], spare=1),
        Column("loss", ["0.1234"], numeric=True),
    ]
    assert "time" in table(columns, 70)
    assert table(columns, 55).splitlines()[0].split() == ["id", "name", "when", "loss"]
    assert table(columns, 43).splitlines() == [
        "id        name                         loss",
        "20261124  a-very-long-name-of-a-run  0.1234",
    ]
    narrow = table(columns, 24).splitlines()
    assert narrow == ["id        name", "20261124  a-very…a-run", "", "id          loss", "20261124  0.1234"]


def test_colours_do_not_change_what_stands_where() -> None:
    """Codes stand around the text, not around the spaces beside it."""
    column = Column("status", ["failed", "ok"], codes=lambda cell: (RED,) if cell == "failed" else ())
    text = table([column, Column("n", ["1", "2"])], paint=painted, head=BOLD)
    assert text == "\x1b[1mstatus  n\x1b[0m\n\x1b[31mfailed\x1b[0m  1\nok      2\n"
