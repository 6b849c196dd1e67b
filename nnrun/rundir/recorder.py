"""The listener that keeps what happened: `events.jsonl`, `metrics.csv` and `summary.json`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nnrun.events import (
    DataProgress,
    EpochEnded,
    Event,
    PhaseStarted,
    Progress,
    RunEnded,
    Saved,
    TrainingStarted,
    to_line,
)
from nnrun.rundir.append_file import AppendFile
from nnrun.rundir.atomic import write_json
from nnrun.rundir.metrics_file import MetricsFile

PROGRESS_SECONDS = 10.0
"""At most one `Progress` or `DataProgress` in this time goes to `events.jsonl`, which would otherwise grow without
bound."""


class Recorder:
    """Writes the events of one run into its directory.

    What is written survives the end of the process at any moment; what came before a save survives a power
    failure as well, as everything is synced when a save begins and after it. What could not be written, or was
    interrupted, is tried again with the next event, so that a run that has an end has every epoch before it.

    Args:
        directory: The run directory.
        clock: Gives seconds from any origin that never go back.
        epochs: Complete epochs of a run that is continued; later rows of its `metrics.csv` are cut off when the
            training goes on.

    Raises:
        DataError: The `metrics.csv` of a run that is continued does not hold its epochs.
        StorageError: A file cannot be made; later, from a call: cannot be written.
    """

    def __init__(
        self, directory: Path, clock: Callable[[], float] = time.monotonic, *, epochs: int = 0
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._metrics = MetricsFile(directory / "metrics.csv", epochs)
        self._events = AppendFile(directory / "events.jsonl")
        self._next_progress = clock() + PROGRESS_SECONDS
        self._monitor: str | None = None
        self._pending: deque[Callable[[], None]] = deque()

    def __call__(self, event: Event) -> None:
        """Records one event."""
        if isinstance(event, (DataProgress, Progress)):
            if self._clock() < self._next_progress:
                return
            self._next_progress = self._clock() + PROGRESS_SECONDS
        if isinstance(event, TrainingStarted):
            self._monitor = event.monitor
            self._pending.append(self._metrics.cut_back)
        self._pending.append(partial(self._events.append, to_line(event)))
        if isinstance(event, EpochEnded):
            self._pending.append(partial(self._metrics.append, event))
        while self._pending:
            # Removed when it is done: a line that was interrupted is written once more, in the same place.
            self._pending[0]()
            self._pending.popleft()
        if isinstance(event, Saved) or (isinstance(event, PhaseStarted) and event.phase == "save"):
            self.sync()
        elif isinstance(event, RunEnded):
            self.sync()
            write_json(self._directory / "summary.json", summary(event, self._monitor))

    def sync(self) -> None:
        """Returns when everything recorded so far is safe from a power failure."""
        self._events.sync()
        self._metrics.sync()

    def close(self) -> None:
        """Closes the files."""
        self._events.close()
        self._metrics.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def summary(event: RunEnded, monitor: str | None) -> dict[str, Any]:
    """Returns the content of `summary.json`: flat, so that any script can read one figure.

    Args:
        event: The end of the run.
        monitor: The metric that decided which epoch is the best, where training began.
    """
    return {
        "status": event.status,
        "epochs": event.epochs,
        "seconds": event.seconds,
        "monitor": monitor,
        "best_epoch": event.best_epoch,
        **_prefixed("best", event.best),
        **_prefixed("final", event.final),
    }


def _prefixed(prefix: str, metrics: Mapping[str, float]) -> dict[str, float]:
    return {f"{prefix}_{name}": value for name, value in metrics.items()}
