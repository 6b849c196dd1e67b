"""Which display a user gets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, TextIO

from nnrun.display.base import Display
from nnrun.display.stream import is_terminal

ProgressMode = Literal["auto", "rich", "plain", "json", "off"]
"""The values of `--progress`."""


def make_display(
    mode: ProgressMode, stream: TextIO, *, quiet: bool = False, environment: Mapping[str, str] | None = None
) -> Display:
    """Makes the display for a run.

    Args:
        mode: What `--progress` says. `auto` means bars on a terminal, and plain lines elsewhere, in CI, and
            on terminals that cannot move the cursor (`TERM=dumb`).
        stream: Where it shows: the real stderr, also while file descriptor 2 points elsewhere.
        quiet: Whether the user asked for silence; only `auto` obeys, as the other modes were asked for too.
        environment: The environment variables; by default those of this process.

    Returns:
        A listener for events, to be closed at the end.
    """
    environment = os.environ if environment is None else environment
    mode = _chosen(mode, stream, environment, quiet=quiet)
    if mode == "rich":
        from nnrun.display.bars import BarsDisplay

        return BarsDisplay(stream, environment=environment)
    if mode == "plain":
        from nnrun.display.plain import PlainDisplay

        return PlainDisplay(stream)
    if mode == "json":
        from nnrun.display.json_lines import JsonDisplay

        return JsonDisplay(stream)
    return Display()


def make_folds_display(
    mode: ProgressMode, stream: TextIO, *, quiet: bool = False, environment: Mapping[str, str] | None = None
) -> Display:
    """Makes the display for the runs of a cross-validation; see `make_display`."""
    environment = os.environ if environment is None else environment
    mode = _chosen(mode, stream, environment, quiet=quiet)
    if mode == "rich":
        from nnrun.display.fold_bars import FoldBarsDisplay

        return FoldBarsDisplay(stream, environment)
    if mode == "plain":
        from nnrun.display.fold_lines import FoldLinesDisplay

        return FoldLinesDisplay(stream)
    return make_display(mode, stream, environment=environment)


def _chosen(
    mode: ProgressMode, stream: TextIO, environment: Mapping[str, str], *, quiet: bool
) -> ProgressMode:
    if mode != "auto":
        return mode
    return "off" if quiet else _fitting(stream, environment)


def _fitting(stream: TextIO, environment: Mapping[str, str]) -> Literal["rich", "plain"]:
    in_ci = environment.get("CI", "").lower() not in {"", "0", "false"}
    if in_ci or environment.get("TERM") == "dumb" or not is_terminal(stream):
        return "plain"
    return "rich"
