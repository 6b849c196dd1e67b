"""The standard streams of the process, which the caller may have closed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnrun.display.tables import Paint


def open_standard_streams() -> None:
    """Opens those of stdin, stdout and stderr that are closed (`2>&-`), on nothing.

    Otherwise the next file that is opened would take their number, and TensorFlow, which writes to number 2,
    would write into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest number that is free, which is this one.
            os.open(os.devnull, os.O_RDWR)
    # Python has None for a stream that was closed when it started.
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace")


def style_of_stdout() -> tuple[int | None, Paint]:
    """Returns how wide the terminal behind stdout is, and what colours a text there.

    Elsewhere than on a terminal, a line may have any length (None), and nothing is coloured.
    """
    from nnrun.display.paint import painted, uses_colour
    from nnrun.display.stream import SafeStream, is_terminal
    from nnrun.display.tables import plain

    columns = SafeStream(sys.stdout).columns if is_terminal(sys.stdout) else None
    return columns, painted if uses_colour(sys.stdout) else plain
