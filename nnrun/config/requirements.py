"""Requirements on the metrics of a run, such as `val_accuracy>=0.97`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_PATTERN = re.compile(r"\s*(?P<metric>[A-Za-z_][\w./-]*)\s*(?P<sign>>=|<=|==|>|<)\s*(?P<bound>\S+)\s*")

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A bound on a metric.

    Args:
        metric: Name of the metric, such as `val_accuracy`.
        sign: `>=`, `<=`, `==`, `>` or `<`.
        bound: What it is compared with.
    """

    metric: str
    sign: str
    bound: float

    def holds(self, metrics: Mapping[str, float]) -> bool:
        """Returns whether the metrics meet it; a metric that is missing or not finite does not."""
        value = metrics.get(self.metric, math.nan)
        return math.isfinite(value) and _OPERATORS[self.sign](value, self.bound)

    def shortfall(self, metrics: Mapping[str, float], where: str) -> str:
        """Says that the metrics do not meet it.

        Args:
            metrics: The metrics.
            where: What has them, such as `the best epoch`.
        """
        value = metrics.get(self.metric)
        received = f"no {self.metric}" if value is None else f"{value:.6g}"
        return f"{self} is required, and {where} has {received}"

    def __str__(self) -> str:
        """Returns it as it is written."""
        return f"{self.metric}{self.sign}{self.bound:g}"


def parse_requirement(text: str) -> Requirement:
    """Reads a requirement.

    Args:
        text: A metric, a comparison and a number, such as `val_accuracy>=0.97`.

    Raises:
        ValueError: It is none; the message says what was expected.
    """
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(f"expected METRIC>=NUMBER (or >, <=, <, ==), received {text!r}")
    try:
        bound = float(found["bound"])
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise ValueError(f"expected a number after {found['sign']}, received {found['bound']!r}")
    return Requirement(found["metric"], found["sign"], bound)
