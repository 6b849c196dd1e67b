"""Arguments that mix files and `KEY=VALUE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nnrun.errors import UsageError


def split_arguments(arguments: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Divides arguments into files and overrides.

    An argument is an override if a key path and `=` begin it and no file has this name.

    Args:
        arguments: In the order of the command line.

    Returns:
        The files and the overrides.

    Raises:
        UsageError: There is no file among them.
    """
    from nnrun.config.overrides import looks_like_override

    paths: list[Path] = []
    overrides: list[str] = []
    for argument in arguments:
        if looks_like_override(argument) and not Path(argument).exists():
            overrides.append(argument)
        else:
            paths.append(Path(argument))
    if not paths:
        raise UsageError("expected a config file, received only KEY=VALUE arguments")
    return paths, overrides
