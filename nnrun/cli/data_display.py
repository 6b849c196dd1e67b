"""What loading data tells, in commands that have no display of a training."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nnrun.data.progress import told_to

if TYPE_CHECKING:
    from nnrun.display.base import Display
    from nnrun.events import Event


@contextmanager
def showing_data(*, quiet: bool) -> Iterator[None]:
    """Within it, downloads and the like are shown on stderr; nothing is loaded for that before they happen.

    Args:
        quiet: Whether `-q` was given.
    """
    display: Display | None = None

    def show(event: Event) -> None:
        nonlocal display
        if display is None:
            from nnrun.display.choose import make_display

            display = make_display("auto", sys.stderr, quiet=quiet)
        display(event)

    try:
        with told_to(show):
            yield
    finally:
        if display is not None:
            display.close()
