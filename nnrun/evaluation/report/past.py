"""What happened during a run, read from its `events.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WANTED = tuple(
    f'"event": "{kind}"' for kind in ("training_started", "message", "epoch_ended", "run_ended", "saved")
)
"""Only lines with one of these are parsed: a long training has a million others."""


@dataclass(slots=True)
class Said:
    """A message.

    Args:
        time: When it first came, in seconds since 1970; None where that is not known.
        level: `info` or `warning`.
        text: The sentence.
        count: How often it came.
    """

    time: float | None
    level: str
    text: str
    count: int = 1


@dataclass(slots=True)
class Past:
    """What happened.

    Args:
        training: The event that has the sizes of data and network, of the latest start; empty before the first one.
        messages: All messages, in order; equal ones once.
        best_epoch: The epoch that was the best when it ended.
        saved: The last epoch that was saved.
        damaged: Lines that could not be read.
    """

    training: Mapping[str, Any] = field(default_factory=dict)
    messages: list[Said] = field(default_factory=list)
    best_epoch: int | None = None
    saved: int | None = None
    damaged: int = 0

    @property
    def samples(self) -> dict[str, int]:
        """Samples by split; empty where training did not begin."""
        found = self.training.get("samples")
        if not isinstance(found, Mapping):
            return {}
        return {str(name): count for name, count in found.items() if isinstance(count, int)}


def past_of(directory: Path) -> Past:
    """Reads what happened.

    Args:
        directory: The run directory. A file that is missing leaves everything unknown.
    """
    past = Past()
    known: dict[tuple[str, str], Said] = {}
    for event in _events(directory / "events.jsonl", past):
        kind = event.get("event")
        if kind == "training_started":
            past.training = event
            # A run that goes on after an earlier epoch repeats what came later.
            if past.best_epoch is not None and past.best_epoch >= _whole(event.get("first_epoch"), 1):
                past.best_epoch = None
        elif kind == "epoch_ended" and event.get("best") is True:
            past.best_epoch = _whole(event.get("epoch"), 0) or past.best_epoch
        elif kind == "saved":
            past.saved = _whole(event.get("epoch"), 0)
        elif kind == "message":
            said = Said(_time(event), str(event.get("level")), str(event.get("text")))
            earlier = known.setdefault((said.level, said.text), said)
            if earlier is said:
                past.messages.append(said)
            else:
                earlier.count += 1
    return past


def _events(path: Path, past: Past) -> Iterator[Mapping[str, Any]]:
    try:
        lines = path.open(encoding="utf-8", errors="replace")
    except OSError:
        return  # a run that ended before it wrote anything, or whose file is gone: nothing is known then
    with lines:
        for line in lines:
            if not line.endswith("\n"):
                return  # it is being written, or was cut off by a power failure
            if not any(kind in line for kind in _WANTED):
                continue
            try:
                event = json.loads(line)
            except ValueError:
                past.damaged += 1
                continue
            if isinstance(event, dict):
                yield event


def _time(event: Mapping[str, Any]) -> float | None:
    time = event.get("time")
    return float(time) if isinstance(time, (int, float)) else None


def _whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise
