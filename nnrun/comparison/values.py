"""What a run can be asked for by a key: facts of its record, metrics, evaluations and keys of its config."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from nnrun.errors import DataError
from nnrun.rundir.reading import Run

Value = str | int | float | bool | None

EVALUATION = re.compile(r"(train|validation|test)(-best|-last)?\.(.+)")
"""The key of a figure of an evaluation."""

_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")

FACTS = ("id", "name", "status", "started", "epochs", "seconds", "seed", "path")
"""What every run can be asked for."""

_OF_THE_RUN = frozenset({"id", "name", "status"})


def value_of(run: Run, key: str) -> Value:
    """Returns a value of a run; None where it has none.

    Args:
        run: The run.
        key: One of

            - `id`, `name`, `status`, `path`, `started` (ISO 8601, UTC), `epochs`, `seconds`, `seed`;
            - a metric, which means its value in the best epoch, or a key of `summary.json` (`final_loss`);
            - `test.accuracy`: a figure that `nnrun evaluate` wrote for a split, with the best weights;
              `test-last.accuracy` with the last ones;
            - a path in `run.json`, such as `device` or `git.commit`;
            - a path in the config, such as `fit.batch_size`. Class names may be left out, as in overrides; a
              Keras object counts as its name, a list as its items in brackets.
    """
    if key in _OF_THE_RUN:
        return str(getattr(run, key))
    if key == "started":
        return run.started.isoformat()
    if key == "path":
        return str(run.path)
    try:
        if key == "epochs":
            return run.epochs
        summary = run.summary
    except DataError:
        summary = {}
    # Of a run that was resumed, the summary has the seconds of its last part only.
    value = run.record.get(key) if key == "seconds" else None
    if value is None:
        value = summary.get(key, summary.get(f"best_{key}"))
    if value is None:
        value = _evaluated(run, key)
    if value is None:
        value = _at(run.record, _path(key))
    if value is None:
        value = _at(run.config_values, _path(key))
    return as_value(value)


def as_value(value: Any) -> Value:
    """Returns a value of a config as one that can be compared and shown; None for a mapping of several keys."""
    if isinstance(value, list):
        return f"[{', '.join(map(text, map(as_value, value)))}]"
    if isinstance(value, Mapping):
        return str(next(iter(value))) if len(value) == 1 else None
    return value if isinstance(value, (str, int, float)) else None


def text(value: Value) -> str:
    """Writes a value as a config has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def flat_keys(run: Run) -> Iterator[str]:
    """Yields the keys by which the values of a run can be had, without those of evaluations."""
    yield from FACTS
    with suppress(DataError):
        yield from (key.removeprefix("best_") for key in run.summary)
    yield from _leaves(run.record, "")
    yield from _leaves(run.config_values, "")


def _leaves(values: Mapping[str, Any], before: str) -> Iterator[str]:
    for key, value in values.items():
        items = enumerate(value) if isinstance(value, list) else ()
        yield f"{before}{key}"
        for name, inner in ((f"{before}{key}[{index}]", item) for index, item in items):
            yield name
            if isinstance(inner, Mapping):
                yield from _leaves(inner, f"{name}.")
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{before}{key}.")


@cache
def _path(key: str) -> tuple[str | int, ...]:
    return tuple(int(index) if index else name for index, name in _STEP.findall(key))


def _at(values: Any, path: tuple[str | int, ...]) -> Any:
    """Returns what lies at a path, or None; the only key of a mapping may be missing in the path."""
    for part in path:
        if isinstance(values, Mapping) and part not in values and len(values) == 1:
            values = next(iter(values.values()))
        if isinstance(values, Mapping):
            values = values.get(part)
        elif isinstance(values, list) and isinstance(part, int) and part < len(values):
            values = values[part]
        else:
            return None
    return values


def _evaluated(run: Run, key: str) -> Any:
    found = EVALUATION.fullmatch(key)
    if found is None:
        return None
    split, weights, metric = found.groups()
    return run.evaluation(f"{split}{weights or '-best'}").get(metric)
