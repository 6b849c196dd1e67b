"""The options that stand before the command."""

from __future__ import annotations

from dataclasses import dataclass

import typer


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """What `nnrun [options] COMMAND` was given before the command.

    Args:
        quiet: Only results and errors.
        verbose: More about what happens.
        debug: Tracebacks.
    """

    quiet: bool = False
    verbose: bool = False
    debug: bool = False


def global_options(context: typer.Context) -> GlobalOptions:
    """Returns the options that stood before the command."""
    options = context.find_root().obj
    return options if isinstance(options, GlobalOptions) else GlobalOptions()
