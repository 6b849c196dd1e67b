"""How every picture looks: colours, fonts, and text that may be in any script.

Pictures are drawn with `matplotlib.figure.Figure` on the Agg canvas: no pyplot, no windows, no global state.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.ft2font import FT2Font

from nnrun.evaluation.plots.palette import FAINT_INK, GRID, INK

# For what DejaVu Sans, which comes with matplotlib, cannot draw: the usual fonts of Linux, macOS and Windows.
_OTHER_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Noto Sans JP",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "IPAGothic",
    "Hiragino Sans",
    "PingFang SC",
    "Arial Unicode MS",
    "Apple SD Gothic Neo",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
)

_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT_INK,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10.0,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "text.color": INK,
    "text.parse_math": False,  # A class may be called "$5 to $10".
    "xtick.color": FAINT_INK,
    "xtick.labelcolor": INK,
    "ytick.color": FAINT_INK,
    "ytick.labelcolor": INK,
}


def picture(
    width: float, height: float, draw: Callable[[Figure, RendererAgg], None], dpi: int = 130
) -> bytes:
    """Draws a picture, untouched by a `matplotlibrc` of the user.

    Args:
        width: In inches.
        height: In inches.
        draw: Receives an empty figure, and its renderer for measuring text.
        dpi: Pixels per inch.

    Returns:
        The content of a PNG file.
    """
    with _style():
        figure = Figure(figsize=(width, height), dpi=dpi)
        canvas = FigureCanvasAgg(figure)
        draw(figure, canvas.get_renderer())  # type: ignore[no-untyped-call]  # matplotlib has no type for it
        target = io.BytesIO()
        # matplotlib's own version is left out: the same values give the same bytes.
        figure.savefig(target, format="png", dpi=dpi, metadata={"Software": None})
    return target.getvalue()


def header(figure: Figure, title: str, subtitle: str, left: float = 0.2) -> None:
    """Writes what a picture shows into its upper left corner.

    Args:
        figure: The picture, with its final size.
        title: Its title.
        subtitle: Stands below it, smaller.
        left: Distance from the left edge, in inches.
    """
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - 0.12 / height, title, fontsize=13, fontweight="bold", va="top")
    figure.text(left / width, 1 - 0.39 / height, subtitle, color=FAINT_INK, va="top")


def header_width(renderer: RendererAgg, title: str, subtitle: str, left: float = 0.2) -> float:
    """Returns how wide a picture must be for its header, in inches."""
    # Bold letters are about an eighth wider than those that are measured.
    return left + max(text_width(renderer, title, 13) * 1.13, text_width(renderer, subtitle, 10)) + 0.2


def text_width(renderer: RendererAgg, text: str, size: float) -> float:
    """Returns how wide a line of text of that size (points) is drawn, in inches."""
    properties = FontProperties(family=matplotlib.rcParams["font.family"], size=size)
    width, _, _ = renderer.get_text_width_height_descent(  # type: ignore[no-untyped-call]  # as above
        text, properties, False
    )
    return float(width / renderer.dpi)


def shortened(text: str, length: int) -> str:
    """Returns the text without line breaks and control characters, with `…` for what is too long.

    What no font of this machine can draw becomes one `□`.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not drawable(line):
        line = re.sub("□[□ ]*□", "□", "".join(c if drawable(c) else "□" for c in line))
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def drawable(text: str) -> bool:
    """Tells whether the fonts of this machine have all characters of the text."""
    return text.isascii() or all(ord(character) in _characters() for character in text)


@contextmanager
def _style() -> Iterator[None]:
    with matplotlib.rc_context():
        settings: dict[Any, Any] = {
            key: value
            for key, value in matplotlib.rcParamsDefault.items()
            if key not in {"backend", "backend_fallback", "toolbar"}
        }
        matplotlib.rcParams.update(settings | _STYLE | {"font.family": list(_families())})
        yield


@cache
def _families() -> tuple[str, ...]:
    installed = {font.name for font in fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in _OTHER_FONTS if name in installed))


@cache
def _characters() -> frozenset[int]:
    """Returns the code points that the fonts can draw, together."""
    return frozenset().union(*(_characters_of(family) for family in _families()))


def _characters_of(family: str) -> frozenset[int]:
    path = fontManager.findfont(FontProperties(family=family), fallback_to_default=False)
    return frozenset(FT2Font(path).get_charmap())
