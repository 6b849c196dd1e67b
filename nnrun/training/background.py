"""Work that another thread does while the network trains."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Background(Generic[Result]):
    """Does one job at a time on a thread of its own; what comes out is collected on the thread that asked for it."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="nnrun-save")
        self._job: Future[Result] | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is still going on."""
        return self._job is not None and not self._job.done()

    @property
    def failed(self) -> bool:
        """Whether the last job ended with an error that nobody has collected yet."""
        return self._job is not None and self._job.done() and self._job.exception() is not None

    def start(self, job: Callable[[], Result]) -> None:
        """Starts a job; the one before was collected."""
        if self._job is not None:
            raise RuntimeError("the job before was not collected")
        self._job = self._executor.submit(job)

    def collect(self, *, wait: bool = False) -> Result | None:
        """Returns the result of the job if it is done, once.

        Args:
            wait: Wait for its end.

        Raises:
            Exception: What the job raised.
        """
        job = self._job
        if job is None or not (wait or job.done()):
            return None
        result = job.result()
        self._job = None
        return result
