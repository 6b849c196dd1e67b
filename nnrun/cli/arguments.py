"""Arguments that mix files and `KEY=VALUE`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nnrun.errors import UsageError

_KEY = re.compile(r"(?:dataset|model|compile|fit|checkpoint)(?:\.[a-z_]+|\[[0-9]+\])+")
"""An override whose `=VALUE` was forgotten."""


def split_arguments(arguments: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Divides arguments into files and overrides.

    An argument is an override if a key path and `=` begin it and no file has this name.

    Args:
        arguments: In the order of the command line.

    Returns:
        The files and the overrides.

    Raises:
        UsageError: There is no file among them, or a key without a value.
    """
    from nnrun.config.overrides import looks_like_override

    paths: list[Path] = []
    overrides: list[str] = []
    for argument in arguments:
        if looks_like_override(argument) and not Path(argument).exists():
            overrides.append(argument)
        elif _KEY.fullmatch(argument) and not Path(argument).exists():
            raise UsageError(
                f"expected a config file or KEY=VALUE, received {argument!r}", f"Write {argument}=VALUE."
            )
        else:
            paths.append(Path(argument))
    if not paths:
        raise UsageError("expected a config file, received only KEY=VALUE arguments")
    return paths, overrides
