"""What happens during a run, as values that listeners (displays, files, trackers) receive.

The engine emits these and knows no listener by name. `events.jsonl` and `--progress json` hold the same
events, one JSON object per line, written by `to_line`.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, get_args

Status = Literal["running", "completed", "interrupted", "failed"]

Phase = Literal["import", "data", "build", "trace", "train", "validate", "save"]
"""Where the seconds of a run go; `run.json` adds them up by these names."""


PHASES: tuple[Phase, ...] = get_args(Phase)


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""

    kind: ClassVar[str] = "event"


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The run directory exists; nothing is loaded yet.

    Args:
        run_id: `YYYYMMDD-HHMMSS-xxxx`.
        name: Name of the experiment.
        directory: The run directory, as it should be shown to the user.
        epochs: Epochs to train, at most.
    """

    kind: ClassVar[str] = "run_started"
    run_id: str
    name: str
    directory: str
    epochs: int


@dataclass(frozen=True, slots=True)
class FoldStarted(Event):
    """A fold of a cross-validation begins: the events of its run follow. Only displays receive it.

    Args:
        fold: Its number, from 1.
        folds: How many there are.
    """

    kind: ClassVar[str] = "fold_started"
    fold: int
    folds: int


@dataclass(frozen=True, slots=True)
class PhaseStarted(Event):
    """A phase that the user has to wait for began: `import`, `data`, `build`, `trace` or `save`.

    Args:
        phase: Which one.
    """

    kind: ClassVar[str] = "phase_started"
    phase: Phase


@dataclass(frozen=True, slots=True)
class DataProgress(Event):
    """Some more of the data is here. About ten a second come to the displays, one in ten seconds to files.

    Args:
        action: What is done.
        name: To what: a file or folder, as it should be shown to the user.
        done: How much is done.
        total: How much there is; None where nobody knows. It is complete where this is what is done.
        unit: What is counted.
        seconds: Time since it began.
        resumed: How much was there before it began.
    """

    kind: ClassVar[str] = "data_progress"
    action: Literal["download", "verify", "extract", "decode"]
    name: str
    done: int
    total: int | None
    unit: Literal["bytes", "files", "images"]
    seconds: float
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class TrainingStarted(Event):
    """Data and model are ready and the first epoch is about to begin.

    Args:
        epochs: Epochs to train, at most.
        first_epoch: Number of the first one, from 1; above 1 after a resume.
        steps: Batches per epoch.
        samples: Samples by split: `{"train": 75, "test": 75}`.
        parameters: Number of values in all weights of the model.
        device: What it trains on, such as `CPU` or `GPU:0`, and whether XLA compiles the loops: `CPU, XLA`.
        seed: The seed, drawn or given.
        monitor: The metric that decides which epoch is the best.
    """

    kind: ClassVar[str] = "training_started"
    epochs: int
    first_epoch: int
    steps: int
    samples: Mapping[str, int]
    parameters: int
    device: str
    seed: int
    monitor: str


@dataclass(frozen=True, slots=True)
class EpochStarted(Event):
    """An epoch began.

    Args:
        epoch: Its number, from 1.
        epochs: Epochs to train, at most.
        steps: Batches in it.
    """

    kind: ClassVar[str] = "epoch_started"
    epoch: int
    epochs: int
    steps: int


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """Some batches more are done. About ten a second come to the displays, one in ten seconds to files.

    Args:
        stage: `train`, or `validate` for the batches of the validation after an epoch.
        epoch: Number of the epoch, from 1.
        step: Batches done in this stage of this epoch.
        steps: Batches in all.
        seconds: Time spent in this stage of this epoch, without tracing.
        metrics: Running values by name, as Keras names them; empty during validation.
    """

    kind: ClassVar[str] = "progress"
    stage: Literal["train", "validate"]
    epoch: int
    step: int
    steps: int
    seconds: float
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EpochEnded(Event):
    """An epoch, with its validation, is complete.

    Args:
        epoch: Its number, from 1.
        epochs: Epochs to train, at most.
        steps: Batches in it.
        seconds: Time of the whole epoch, validation included.
        train_seconds: Time of its training batches alone.
        learning_rate: Learning rate of the optimizer at its end; None where it has none.
        metrics: Values by name: `loss` first, then the metrics, then the `val_` ones.
        best: Whether this is the best epoch so far.
    """

    kind: ClassVar[str] = "epoch_ended"
    epoch: int
    epochs: int
    steps: int
    seconds: float
    train_seconds: float
    learning_rate: float | None
    metrics: Mapping[str, float]
    best: bool


@dataclass(frozen=True, slots=True)
class Saved(Event):
    """The state was saved.

    Args:
        epoch: Last complete epoch in it.
        path: What was written, relative to the run directory.
    """

    kind: ClassVar[str] = "saved"
    epoch: int
    path: str


@dataclass(frozen=True, slots=True)
class Message(Event):
    """A sentence for the user.

    Args:
        level: `info` or `warning`.
        text: The sentence.
    """

    kind: ClassVar[str] = "message"
    level: Literal["info", "warning"]
    text: str


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """The run is over, well or not.

    Args:
        status: How it ended.
        reason: One sentence: all epochs trained, stopped early by what, interrupted, or the error.
        epochs: Complete epochs.
        seconds: Time of the whole run.
        best_epoch: The best epoch by the monitored metric; None where none was complete.
        best: All metrics of that epoch.
        final: All metrics of the last epoch.
        timing: Seconds by phase.
    """

    kind: ClassVar[str] = "run_ended"
    status: Status
    reason: str
    epochs: int
    seconds: float
    best_epoch: int | None
    best: Mapping[str, float]
    final: Mapping[str, float]
    timing: Mapping[str, float]


Listener = Callable[[Event], None]
"""Receives every event, in order, on the thread that trains: it must be quick."""


def to_record(event: Event) -> dict[str, Any]:
    """Returns the event as a JSON object: `event` is its kind, the rest are its fields, made `plain`."""
    record: dict[str, Any] = {"event": event.kind}
    for item in fields(event):
        record[item.name] = plain(getattr(event, item.name))
    return record


def to_line(event: Event) -> str:
    """Returns the event as one line of JSON, with the time of writing as `time`, in seconds since 1970."""
    return json.dumps({"time": round(time.time(), 3), **to_record(event)}, ensure_ascii=False)


def plain(value: Any) -> Any:
    """Returns a value as JSON can hold it: mappings and sequences copied, non-finite numbers as strings.

    JSON has no `NaN` and `Infinity`; they become the strings `"nan"`, `"inf"` and `"-inf"`.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
