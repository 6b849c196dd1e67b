"""The listener that logs a run to MLflow, in a thread of its own: neither a slow nor a broken server holds it up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from nnrun.config.urls import redact
from nnrun.events import EpochEnded, EpochStarted, Event, Listener, Message, RunEnded, TrainingStarted
from nnrun.tracking.mlflow_run import MlflowRun

RETRY_SECONDS = 30.0
"""After a failure, MLflow is left in peace for so long."""

LAST_ATTEMPTS = 3
PAUSE_SECONDS = 1.0
"""At the end, it is tried so often, with a pause after each failure."""

PATIENCE_SECONDS = 60.0
"""At the end of a run, MLflow gets so long to take what is left."""

INTERRUPTED_SECONDS = 10.0
"""The same for a run that somebody wants to end."""

_UNNOTICED_SECONDS = 2.0
"""A wait that needs no explanation."""

_QUIETLY = {
    # It would tell its makers of every use.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",  # what goes wrong is told by nnrun
    # Seven attempts of two minutes each, otherwise: the thread would hang for most of the training.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


class MlflowTracker:
    """Logs the events of one run to MLflow.

    Args:
        run: The run in MLflow, which is not there yet.
        tell: Receives messages about it, on the thread that trains.
    """

    def __init__(self, run: MlflowRun, tell: Listener) -> None:
        self._run = run
        self._tell = tell
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pending: list[tuple[EpochEnded, int]] = []
        self._ended: RunEnded | None = None
        self._patience = PATIENCE_SECONDS
        self.complete = True
        """Whether MLflow has everything so far."""

    def __call__(self, event: Event) -> None:
        """Takes note of one event; the thread does the rest."""
        if isinstance(event, TrainingStarted):
            # Not before: MLflow imports packages that are hidden while Keras is imported.
            self._thread = threading.Thread(target=self._work, name="MLflow", daemon=True)
            self._thread.start()
        if self._thread is not None and isinstance(event, EpochStarted | EpochEnded | RunEnded):
            self._events.put(event)
        if isinstance(event, RunEnded) and event.status == "interrupted":
            self._patience = INTERRUPTED_SECONDS
        self._pass_on()

    def close(self) -> None:
        """Waits until MLflow has everything, as long as that is bearable."""
        if self._thread is None:
            return
        self._events.put(None)
        self._thread.join(_UNNOTICED_SECONDS)
        if self._thread.is_alive():
            self._tell(Message("info", f"waiting for MLflow, at most {self._patience:.0f} seconds"))
            self._thread.join(self._patience)
        self._pass_on()
        if self._thread.is_alive():
            self.complete = False
            self._warn(f"no answer in {self._patience:.0f} seconds", final=True)
            self._pass_on()

    def _pass_on(self) -> None:
        while not self._messages.empty():
            self._tell(self._messages.get())

    def _warn(self, reason: str, *, final: bool) -> None:
        rest = f"it lacks a part of this run, which is all in {self._run.path}"
        text = f"MLflow: {reason}; {rest if final else 'the training goes on, and it is tried again'}"
        self._messages.put(Message("warning", text))

    def _work(self) -> None:
        """Takes events until there are no more; several epochs that ended meanwhile are logged at once."""
        os.environ |= {name: value for name, value in _QUIETLY.items() if name not in os.environ}
        going = True
        quiet_until = 0.0
        while going:
            going = self._collect()
            if going and time.monotonic() < quiet_until:
                continue
            for attempt in range(1 if going else LAST_ATTEMPTS, 0, -1):
                try:
                    self._log(final=not going)
                    self.complete = True
                    break
                except Exception as error:  # noqa: BLE001, RUF100 - whatever a tracker raises, the training goes on
                    quiet_until = time.monotonic() + RETRY_SECONDS
                    if self.complete or (not going and attempt == 1):
                        self._warn(sentence(error), final=not going and attempt == 1)
                    self.complete = False
                    if attempt > 1:
                        time.sleep(PAUSE_SECONDS)

    def _collect(self) -> bool:
        """Waits for an event and takes all that there are; returns whether there will be more."""
        event = self._events.get()
        while event is not None:
            if isinstance(event, EpochEnded):
                self._pending.append((event, int(time.time() * 1000)))
            elif isinstance(event, RunEnded):
                self._ended = event
            try:
                event = self._events.get_nowait()
            except Empty:
                return True
        return False

    def _log(self, *, final: bool) -> None:
        if final and self._ended is None:
            # Nothing was trained: the config or the data were no good, and the run directory is gone, too.
            self._run.withdraw()
            return
        opened = self._run.open()
        if opened:
            self._messages.put(Message("info", opened))
        self._run.log_epochs(self._pending)
        self._pending.clear()
        if final and self._ended is not None:
            self._run.finish(self._ended)


def sentence(error: Exception) -> str:
    """Returns the beginning of a message on one line, without what a URL in it should keep to itself."""
    text = " ".join(str(error).split()).partition(" with exception ")[0].partition(" (Background on this")[0]
    text = redact(text) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:199]}…"


def within(seconds: float, job: Callable[[], None]) -> str:
    """Does something that may hang or fail.

    Args:
        seconds: How long to wait for it at most.
        job: What to do, in a thread that ends with the process.

    Returns:
        What went wrong; empty where nothing did.
    """
    problems = [f"no answer in {seconds:.0f} seconds"]

    def work() -> None:
        try:
            job()
            problems.clear()
        except Exception as error:  # noqa: BLE001, RUF100 - it is told
            problems[0] = sentence(error)

    thread = threading.Thread(target=work, name="MLflow", daemon=True)
    thread.start()
    thread.join(seconds)
    return "".join(problems)
