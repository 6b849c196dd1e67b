"""Lists of runs as a table for people, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from nnrun.comparison.values import EVALUATION, FACTS, Value, text, value_of
from nnrun.display.formats import duration, number, printable
from nnrun.display.paint import BOLD, RED, YELLOW
from nnrun.display.tables import Column, Paint, plain, table
from nnrun.errors import DataError, UsageError
from nnrun.events import plain as json_value
from nnrun.rundir.reading import Run

USUAL = ("id", "name", "status", "epochs", "best", "time", "when")
"""The columns of the table where none are asked for."""

_SPARE = {"time": 3, "epochs": 2, "when": 1}
_ELASTIC = frozenset({"name", "path", "reason", "command"})
_RAW = {"time": "seconds", "when": "started"}
"""What the columns that only a table has are called elsewhere."""

_COLOURS = {"failed": (RED,), "lost": (YELLOW,), "interrupted": (YELLOW,)}


def parse_columns(text: str | None) -> tuple[bool, tuple[str, ...]]:
    """Reads which columns to show.

    Args:
        text: Keys with commas between them; a `+` before the first one means beside the usual ones.

    Returns:
        Whether the usual columns are wanted too, and the keys.

    Raises:
        UsageError: There is an empty key among them.
    """
    if text is None:
        return True, ()
    more = text.lstrip().startswith("+")
    keys = tuple(key.strip() for key in text.lstrip().removeprefix("+").split(","))
    if not all(keys):
        raise UsageError(
            f"--columns: expected keys with commas between them, received {text!r}",
            "Such as --columns id,val_accuracy,fit.batch_size, or --columns +fit.batch_size for one more.",
        )
    return more, keys


def as_json(runs: Sequence[Run], columns: tuple[bool, tuple[str, ...]] = (True, ())) -> str:
    """Writes runs as a JSON array of flat objects.

    Args:
        runs: The runs.
        columns: What `parse_columns` returned; the usual ones are all facts and metrics here.
    """
    return json.dumps([json_value(_facts(run, *columns)) for run in runs], indent=2, ensure_ascii=False)


def as_csv(runs: Sequence[Run], columns: tuple[bool, tuple[str, ...]] = (True, ())) -> str:
    """Writes the same as CSV with a header; a missing value is an empty cell."""
    usual, keys = columns
    rows = [_facts(run, usual, keys) for run in runs]
    first = FACTS if usual else ()
    rest = sorted({key for row in rows for key in row} - {*first, *keys})
    writing = io.StringIO()
    writer = csv.DictWriter(writing, dict.fromkeys([*first, *rest, *keys]), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _safe(value) for key, value in row.items()} for row in rows)
    return writing.getvalue()


def as_table(
    runs: Sequence[Run],
    now: datetime,
    columns: tuple[bool, tuple[str, ...]] = (True, ()),
    width: int | None = None,
    paint: Paint = plain,
) -> str:
    """Writes runs as a table for people.

    Args:
        runs: The runs.
        now: The time to reckon ages from, with its time zone.
        columns: What `parse_columns` returned.
        width: How many cells a line may have; None for as many as it takes.
        paint: Colours a text, as `painted` does.
    """
    usual, keys = columns
    # Time and age stand at the end, whatever else is asked for.
    names = [*USUAL[:5], *keys, *USUAL[5:]] if usual else list(keys)
    return table([_column(runs, key, now, usual) for key in dict.fromkeys(names)], width, paint, BOLD)


def _column(runs: Sequence[Run], key: str, now: datetime, usual: bool) -> Column:
    special: dict[str, Callable[[Run], str]] = {
        "best": _best,
        "time": lambda run: _duration(value_of(run, "seconds")),
        "when": lambda run: ago(now, run.started),
    }
    values = [None if key in special else value_of(run, key) for run in runs]
    shown = [_shown(key, value) for value in values]
    return Column(
        key,
        [special[key](run) for run in runs] if key in special else shown,
        numeric=key == "time" or any(isinstance(value, (int, float)) for value in values),
        spare=_SPARE.get(key, 0) if usual else 0,
        elastic=int(key in _ELASTIC or "." in key),
        codes=(lambda cell: _COLOURS.get(cell, ())) if key == "status" else lambda _: (),
    )


def _shown(key: str, value: Value) -> str:
    if value is None:
        return ""
    is_metric = isinstance(value, float) and ("." not in key or EVALUATION.fullmatch(key))
    return number(value) if is_metric and isinstance(value, float) else printable(text(value))


def _facts(run: Run, usual: bool, keys: Sequence[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if usual:
        facts = {key: value_of(run, key) for key in FACTS}
        with suppress(DataError):  # `value_of` gave None for what was in it
            facts |= {key: value for key, value in run.summary.items() if key not in facts}
    for key in keys:
        known = _RAW.get(key, key)
        facts[key] = run.metric(_monitor(run)) if key == "best" else value_of(run, known)
    return facts


def _monitor(run: Run) -> str:
    return str(value_of(run, "monitor"))


def _best(run: Run) -> str:
    value = run.metric(_monitor(run))
    return "" if value is None else printable(f"{_monitor(run)} {number(value)}")


def _duration(seconds: Value) -> str:
    return duration(float(seconds)) if isinstance(seconds, (int, float)) else ""


def _safe(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe, which it does not show."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t"} else value


def ago(now: datetime, then: datetime) -> str:
    """Writes how long ago something was: `just now`, `5 min ago`, `3 h ago`, `2 d ago`."""
    seconds = (now - then).total_seconds()
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"
