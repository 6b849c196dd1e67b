"""How far the proofs are: one line on a terminal, a line per config elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

from nnrun.display.cells import shortened
from nnrun.display.formats import duration, printable
from nnrun.display.stream import SafeStream, is_terminal
from nnrun.smoke.results import ConfigResult
from nnrun.smoke.supervising import Begun

_ERASE = "\r\x1b[K"


class SmokeProgress:
    """Tells on stderr what is being done.

    Args:
        stream: Where to.
        total: How many configs there are.
        environment: The environment variables, for `CI` and `TERM`.
        quiet: Say nothing.
    """

    def __init__(
        self,
        stream: TextIO,
        total: int,
        environment: Mapping[str, str] | None = None,
        *,
        quiet: bool = False,
    ) -> None:
        environment = os.environ if environment is None else environment
        self._stream = SafeStream(stream)
        self._total = total
        self._quiet = quiet
        in_ci = environment.get("CI", "").lower() not in {"", "0", "false"}
        self._live = is_terminal(stream) and not in_ci and environment.get("TERM") != "dumb"
        self._done = 0

    def __call__(self, event: Begun | ConfigResult) -> None:
        """Shows that a step begins, or that a config is done."""
        if isinstance(event, ConfigResult):
            self._done += 1
        if self._quiet:
            return
        if self._live:
            self._stream.write(_ERASE)
            if isinstance(event, Begun):
                text = f"[{event.number}/{self._total}] {printable(event.config)}: {event.step}"
                self._stream.write(shortened(text, self._stream.columns - 1))
        elif isinstance(event, ConfigResult):
            word = "FAILED" if event.failed else "passed"
            text = (
                f"[{self._done}/{self._total}] {printable(event.config)}: {word} in {duration(event.seconds)}"
            )
            self._stream.write(text + "\n")

    def close(self) -> None:
        """Removes the line."""
        if self._live and not self._quiet:
            self._stream.write(_ERASE)
