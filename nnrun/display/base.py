"""What every display is: a listener with an end, used as a context manager."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from nnrun.events import Event


class Display:
    """Shows nothing; the base of the displays that show something.

    A display is called with every event on the thread that trains, so it is quick. It never raises because
    its stream is gone.
    """

    def __call__(self, event: Event) -> None:
        """Shows one event."""

    def close(self) -> None:
        """Shows what is left and gives the terminal back as it was; a second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
