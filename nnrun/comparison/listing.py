"""Runs chosen by expressions and put into an order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from nnrun.comparison.expressions import Expression
from nnrun.comparison.values import Value, flat_keys, value_of
from nnrun.config.directions import direction
from nnrun.errors import UsageError
from nnrun.rundir.reading import Run

_ASCENDING = frozenset({"id", "name", "status", "path", "device"})


@dataclass(frozen=True, slots=True)
class Order:
    """What to order runs by.

    Args:
        key: A key of `value_of`.
        ascending: From the least to the greatest; None for what suits the key.
    """

    key: str
    ascending: bool | None = None

    @classmethod
    def parse(cls, text: str) -> tuple[Self, ...]:
        """Reads `KEY`, `KEY:asc` or `KEY:desc`, and several of them with commas between.

        Raises:
            UsageError: It is something else.
        """
        orders = []
        for part in text.split(","):
            key, colon, way = part.strip().partition(":")
            if not key or (colon and way not in {"asc", "desc"}):
                raise UsageError(
                    f"--sort: expected KEY, KEY:asc or KEY:desc, received {part!r}",
                    "Several keys have commas between them: --sort name,val_loss.",
                )
            orders.append(cls(key, (way == "asc") if colon else None))
        return tuple(orders)


def select(
    runs: Sequence[Run], expressions: Sequence[Expression], orders: Sequence[Order], limit: int | None
) -> list[Run]:
    """Chooses and orders runs.

    Args:
        runs: The runs, the newest first; equal ones stay in this order.
        expressions: All of them have to hold.
        orders: The first one counts most. Without a direction, texts go from a to z, metrics from the best to the
            worst, everything else from the greatest to the least. Runs without a finite value come last.
        limit: How many to keep, or None for all.
    """
    chosen = [run for run in runs if all(expression.holds(run) for expression in expressions)]
    for order in reversed(orders):
        chosen = _ordered(chosen, order)
    return chosen[:limit]


def _ordered(runs: list[Run], order: Order) -> list[Run]:
    with_value: list[tuple[Value, Run]] = []
    without: list[Run] = []
    for run in runs:
        value = value_of(run, order.key)
        # What is not finite has no place in an order.
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            without.append(run)
        else:
            with_value.append((value, run))
    ascending = order.ascending
    if ascending is None:
        texts = order.key != "started" and all(isinstance(value, str) for value, _ in with_value)
        ascending = texts or order.key in _ASCENDING or direction(_metric(order.key)) == "min"
    # Texts and numbers under the same key cannot be compared with each other.
    with_value.sort(key=lambda item: (isinstance(item[0], str), item[0]), reverse=not ascending)
    return [*(run for _, run in with_value), *without]


def _metric(key: str) -> str:
    """Returns what a key such as `test.accuracy` measures."""
    return key.rpartition(".")[2]


def worth_showing(orders: Sequence[Order], runs: Sequence[Run]) -> tuple[str, ...]:
    """Returns the keys of an order that deserve columns of their own in a table of runs.

    Args:
        orders: What the runs are ordered by.
        runs: The runs.
    """
    monitors = {value_of(run, "monitor") for run in runs}
    # Start and duration are there in other words, and the monitor of all runs is `best`.
    there = {"started", "seconds", *(monitors if len(monitors) == 1 else ())}
    return tuple(order.key for order in orders if order.key not in there)


def unknown_keys(runs: Sequence[Run], keys: Iterable[str]) -> list[str]:
    """Returns a sentence for each key of which no run has a value: it may be misspelt.

    Args:
        runs: All runs, before any is left out; nothing is said where there are none.
        keys: The keys that were asked for.
    """
    sentences = []
    for key in dict.fromkeys(keys):
        if not runs or any(value_of(run, key) is not None for run in runs):
            continue
        from nnrun.config.spelling import nearest_of

        known = {name for run in runs[:_LOOKED_AT] for name in flat_keys(run)}
        if key in known:  # where it is null everywhere
            continue
        meant = nearest_of(key, known)
        sentences.append(f"no run has a value for {key!r}" + (f"; did you mean {meant!r}?" if meant else ""))
    return sentences


_LOOKED_AT = 50
"""In so many runs, the newest, a name is looked for that may be meant."""
