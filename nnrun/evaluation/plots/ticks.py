"""Numbers on axes: in full and with as many decimals as tell them apart, never as an offset or a factor beside."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from matplotlib.axis import Axis
from matplotlib.ticker import Formatter, MaxNLocator

_DECIMALS = 4
_MILLION = 1e6
_LARGEST = 1e9


def plain_ticks(axis: Axis, most: int) -> None:
    """Gives an axis a few ticks with plain numbers.

    Args:
        axis: The axis.
        most: How many intervals there may be between the ticks.
    """
    axis.set_major_locator(MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(PlainNumbers())


class PlainNumbers(Formatter):
    """Writes all ticks of an axis alike: `0.05` and `0.10`, `10,000` and `12,500`, `2.5 M` and `5 M`."""

    def __call__(self, value: float, _: int | None = None) -> str:
        """Writes a number that stands alone."""
        return f"{value:.6g}"

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Writes the numbers of all ticks."""
        numbers = [float(value) for value in values]
        step = min((abs(b - a) for a, b in itertools.pairwise(numbers)), default=0.0)
        largest = max(map(abs, numbers), default=0.0)
        if not step or largest >= _LARGEST or step < 10**-_DECIMALS:
            return [f"{number:.9g}" for number in numbers]
        if largest >= _MILLION and step >= _MILLION / 100:
            return [f"{number / _MILLION:g} M" if number else "0" for number in numbers]
        decimals = next(
            (n for n in range(_DECIMALS) if all(abs(round(x, n) - x) < step / 100 for x in numbers)),
            _DECIMALS,
        )
        comma = "," if largest >= 10_000 else ""  # but a year has none
        return [f"{number + 0.0:{comma}.{decimals}f}" for number in numbers]
