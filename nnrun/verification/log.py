"""`events.jsonl`, read as a history: which epochs there are when all interruptions are taken into account."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnrun.verification.reading import Unreadable, as_number, parse_object, read_file
from nnrun.verification.table import Row

_CHECKPOINT = re.compile(r"checkpoints/epoch-([0-9]{6,})")
_MODEL = re.compile(r"model/(?:best|last)\.keras")
_SHOWN = 3
"""How many problems are told one by one."""


@dataclass(slots=True)
class Log:
    """What the events of a run tell.

    Args:
        epochs: The row of each complete epoch, by its number. A resumed run repeats those after its checkpoint.
        saved_epoch: The newest epoch of which a checkpoint was saved; 0 for none.
        models: The model files that were saved, with the epoch of which each one is.
        ended: The last end of the run, as its event; None if it never ended.
        run_ids: The ids of runs that the events name.
        present: Whether there is such a file.
        lines: Complete lines.
        problems: What is wrong with the file.
        torn: Whether its last line has no end.
    """

    epochs: dict[int, Row] = field(default_factory=dict)
    saved_epoch: int = 0
    models: dict[str, object] = field(default_factory=dict)
    ended: Mapping[str, Any] | None = None
    run_ids: set[str] = field(default_factory=set)
    present: bool = True
    lines: int = 0
    problems: list[str] = field(default_factory=list)
    torn: bool = False

    def add(self, event: Mapping[str, Any]) -> None:
        """Takes the next event.

        Raises:
            Unreadable: A field of it is not what it should be.
        """
        kind = event.get("event")
        if not isinstance(kind, str) or as_number(event.get("time")) is None:
            raise Unreadable("it has no event and time")
        if kind == "run_started":
            self.run_ids.add(str(event.get("run_id")))
        elif kind == "training_started":
            first = _whole(event, "first_epoch")
            for epoch in [epoch for epoch in self.epochs if epoch >= first]:
                del self.epochs[epoch]
            self.saved_epoch = min(self.saved_epoch, first - 1)
        elif kind == "epoch_ended":
            self.epochs[_whole(event, "epoch")] = _row(event)
        elif kind == "saved":
            self._save(str(event.get("path")), event.get("epoch"))
        elif kind == "run_ended":
            self.ended = event

    def _save(self, path: str, epoch: object) -> None:
        checkpoint = _CHECKPOINT.fullmatch(path)
        if checkpoint is not None:
            self.saved_epoch = int(checkpoint[1])
        elif _MODEL.fullmatch(path):
            self.models[path] = epoch


def read_log(path: Path) -> Log:
    """Reads the events of a run; a file that does not exist has none."""
    log = Log()
    try:
        content = read_file(path)
    except Unreadable as error:
        log.problems.append(str(error))
        return log
    log.present = content is not None
    wrong = 0
    for number, line in enumerate(io.BytesIO(content or b""), start=1):
        if not line.endswith(b"\n"):
            log.torn = True
            break
        log.lines += 1
        try:
            log.add(parse_object(line))
        except Unreadable as error:
            wrong += 1
            if wrong <= _SHOWN:
                log.problems.append(f"line {number}: {error}")
    if wrong > _SHOWN:
        log.problems.append(f"{wrong - _SHOWN} more lines are damaged")
    return log


def _whole(event: Mapping[str, Any], key: str) -> int:
    value = event.get(key)
    if type(value) is not int or value < 1:
        raise Unreadable(f"expected a whole number of at least 1 at {key!r}, received {value!r}")
    return value


def _row(event: Mapping[str, Any]) -> Row:
    metrics = event.get("metrics")
    if not isinstance(metrics, dict):
        raise Unreadable(f"expected an object at 'metrics', received {metrics!r}")
    row = {name: as_number(value) for name, value in metrics.items()}
    # Those of the event win, as in the table.
    return row | {name: as_number(event.get(name)) for name in ("epoch", "seconds", "learning_rate")}
