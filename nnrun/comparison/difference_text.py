"""A comparison of runs for people: what differs, on one screen, and which run is better."""

from __future__ import annotations

import math
import string
import textwrap
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nnrun.comparison.difference import Comparison, Group
from nnrun.comparison.metric_rows import MetricRow
from nnrun.comparison.output import ago
from nnrun.comparison.rows import Missing, Row
from nnrun.comparison.values import value_of
from nnrun.config.resolved import flow
from nnrun.display.formats import duration, number, printable
from nnrun.display.paint import BOLD, FAINT, GREEN
from nnrun.display.tables import Column, Paint, plain, table

_SHORT = frozenset({"data.fingerprint", "git.commit"})
_DIGITS = 12
"""So many characters tell two hashes apart."""

_TELLING = frozenset({"accuracy", "macro_f1", "roc_auc", "mae", "rmse", "r2"})
"""Of the figures of evaluations, what is shown beside the metrics of the config where not all is asked for."""

_TIMES = frozenset({"seconds", "seconds per epoch"})
"""Of the times, what is shown where not all is asked for: no two runs take equally long."""


def report(
    comparison: Comparison, now: datetime, *, complete: bool, width: int | None = None, paint: Paint = plain
) -> str:
    """Writes a comparison; it ends with a newline.

    Args:
        comparison: The comparison.
        now: The time to reckon ages from, with its time zone.
        complete: Whether equal rows are shown as well.
        width: How many cells a line may have; None for as many as it takes.
        paint: Colours a text, as `painted` does.
    """
    letters = letters_for(len(comparison.runs))
    parts = [_heads(comparison, letters, now, width, paint)]
    for group, rows in comparison.groups.items():
        shown = rows if complete else _worth_showing(comparison, group)
        if shown:
            parts.append(table(_columns(group, shown, letters), width, paint, BOLD))
    lines = _conclusions(comparison, letters)
    if width is not None:
        lines = [textwrap.fill(line, width, subsequent_indent="  ") for line in lines]
    parts.append("".join(f"{line}\n" for line in lines))
    return "\n".join(parts)


def letters_for(count: int) -> list[str]:
    """Returns what to call so many runs: A, B and so on; numbers where there are too many for letters."""
    return list(string.ascii_uppercase[:count]) if count <= 26 else [str(at) for at in range(1, count + 1)]


def _worth_showing(comparison: Comparison, group: Group) -> list[Row]:
    """Returns the rows that tell something: all phases take another time, and the last epoch may be the best."""
    rows = comparison.differing(group)
    if group == "timing":
        return [row for row in rows if row.key in _TIMES]
    if group == "metrics":
        last_is_best = all(value_of(run, "best_epoch") == run.epochs for run in comparison.runs)
        trained = {
            row.key.partition(" ")[2] for row in comparison.groups[group] if row.key.startswith("best ")
        }
        known = trained | {name.removeprefix("val_") for name in trained} | _TELLING
        rows = [row for row in rows if row.key.rpartition(" ")[2] in known]
        return [row for row in rows if not (last_is_best and row.key.startswith("last "))]
    return rows


def _heads(
    comparison: Comparison, letters: Sequence[str], now: datetime, width: int | None, paint: Paint
) -> str:
    runs = comparison.runs
    epochs = [value_of(run, "epochs") for run in runs]
    best = [value_of(run, "best_epoch") for run in runs]
    return table(
        [
            Column("run", letters, codes=lambda _: (BOLD,)),
            Column("id", [run.id for run in runs]),
            Column("name", [printable(run.name) for run in runs], elastic=1),
            Column("status", [run.status for run in runs]),
            Column(
                "epochs", ["" if count is None else str(count) for count in epochs], numeric=True, spare=2
            ),
            Column("best", ["" if epoch is None else str(epoch) for epoch in best], numeric=True, spare=3),
            Column("when", [ago(now, run.started) for run in runs], spare=1),
        ],
        width,
        paint,
        FAINT,
    )


def _columns(group: Group, rows: Sequence[Row], letters: Sequence[str]) -> list[Column]:
    titles = ["config by path" if group == "config" else group, *letters]
    texts = [[row.key, *(_shown(group, row.key, value) for value in row.values)] for row in rows]
    numeric = group in {"metrics", "timing"}
    cells = [[row[index] for row in texts] for index in range(len(titles))]
    columns = [Column(titles[0], [printable(key) for key in cells[0]], elastic=2)]
    columns += [
        Column(*each, numeric, elastic=0 if numeric else 1)
        for each in zip(titles[1:], cells[1:], strict=True)
    ]
    if group == "metrics":
        measured = [row for row in rows if isinstance(row, MetricRow)]
        if len(letters) == 2:
            signed = [
                "" if row.difference is None else _signed(row.difference, row.values) for row in measured
            ]
            columns.append(Column(f"{letters[1]} - {letters[0]}", signed, numeric=True))
        winners = ["" if row.best is None else letters[row.best] for row in measured]
        columns.append(Column("better" if len(letters) == 2 else "best", winners, codes=lambda _: (GREEN,)))
    if group == "timing" and len(letters) == 2:
        columns.append(
            Column(f"{letters[1]} / {letters[0]}", [_ratio(*row.values) for row in rows], numeric=True)
        )
    return columns


def _shown(group: Group, key: str, value: Any) -> str:
    if isinstance(value, Missing):
        return "-"
    if isinstance(value, float) and group == "metrics":
        return number(value)
    if isinstance(value, (int, float)) and group == "timing":
        return duration(value)
    if key in _SHORT:
        return printable(str(value)[:_DIGITS])
    if isinstance(value, int) and not isinstance(value, bool) and group in {"data", "network"}:
        return f"{value:,}"
    # An object without the braces that stand around it in a list of others.
    text = flow(value)
    return printable(text[1:-1] if isinstance(value, dict) and len(value) == 1 else text)


def _signed(difference: float, values: Sequence[Any]) -> str:
    """Writes a difference with the decimals of the values."""
    if all(1e-3 <= abs(value) < 1e6 for value in values):
        return f"{difference:+.4f}"
    return f"{'-' if difference < 0 else '+'}{number(abs(difference))}"


def _ratio(one: Any, other: Any) -> str:
    if isinstance(one, Missing) or isinstance(other, Missing) or one <= 0:
        return ""
    return f"{other / one:.2f}" if math.isfinite(other / one) else ""


def _conclusions(comparison: Comparison, letters: Sequence[str]) -> list[str]:
    if comparison.same_run:
        return [f"{' and '.join(letters[:2])} are the same run."]
    equal = [group for group, rows in comparison.groups.items() if rows and not comparison.differing(group)]
    lines = [f"equal: {', '.join(equal)}"] if equal else []
    lines += [f"note: the config of {letters[at]} cannot be read" for at in comparison.without_config]
    if comparison.other_data:
        lines.append("note: the data differ, so the metrics cannot be compared as they are")
    verdict = comparison.verdict()
    if verdict is None:
        lines.append("note: the best epochs were not chosen by the same metric")
    else:
        lines.append(_verdict(verdict, comparison, letters))
    return lines


def _verdict(row: MetricRow, comparison: Comparison, letters: Sequence[str]) -> str:
    name = printable(row.key.removeprefix("best "))
    if row.best is None:
        known = row.direction is not None and row.equal
        return f"{name}: equal" if known else f"{name}: no run is known to be better"
    values = [_shown("metrics", row.key, value) for value in row.values]
    winner = f"{letters[row.best]} ({printable(comparison.runs[row.best].name)})"
    if len(letters) > 2:
        return f"best by {name}: {winner}, {values[row.best]}"
    return f"better by {name}: {winner}, {values[row.best]} against {values[1 - row.best]}"
