"""The options that several commands have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

RunsDir = Annotated[
    Path,
    typer.Option("--runs-dir", envvar="NNRUN_RUNS_DIR", metavar="DIR", help="The folder with the runs."),
]

Device = Annotated[str, typer.Option("--device", help="auto, cpu, gpu or gpu:N.")]

Split = Annotated[
    Literal["train", "validation", "test"] | None,
    typer.Option("--split", help="By default test, else validation, else train."),
]

Weights = Annotated[
    Literal["best", "last"], typer.Option("--weights", help="Those of the best or of the last epoch.")
]

Progress = Annotated[
    Literal["auto", "rich", "plain", "json", "off"],
    typer.Option("--progress", help="How to show progress; auto: bars on a terminal, else plain lines."),
]

Require = Annotated[
    list[str] | None,
    typer.Option(
        "--require", metavar="EXPR", help="Such as 'val_accuracy>=0.97'; exit 6 where it does not hold."
    ),
]

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        max=256,
        help="Train with N processes on this machine; sets distribute.strategy to multi_worker.",
    ),
]


def _permit(allowed: bool) -> bool:
    from nnrun.data.permission import allow_code

    allow_code(allowed)
    return allowed


AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code",
        callback=_permit,
        help="Run the Python function that a config with source: python names.",
    ),
]
"""For every command that loads data. Its callback gives the permission, so a command only has to have it."""
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="EXPR",
        help="Only runs for which this holds, such as 'val_accuracy>0.9', 'status=failed or name~^smoke', "
        "'fit.batch_size=32'; repeatable: all have to hold.",
    ),
]

_FLAGS = frozenset({"-q", "--quiet", "-v", "--verbose", "--debug"})


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """What was asked for before the name of the command, or after it.

    Args:
        quiet: Only results and errors.
        verbose: More about what happens.
        debug: Tracebacks.
    """

    quiet: bool = False
    verbose: bool = False
    debug: bool = False


def global_options(context: typer.Context) -> GlobalOptions:
    """Returns the options that every command understands."""
    options = context.find_root().obj
    return options if isinstance(options, GlobalOptions) else GlobalOptions()


def global_first(arguments: Sequence[str]) -> list[str]:
    """Moves the options of all commands before the command, so that `nnrun train FILE -q` works too.

    Args:
        arguments: The arguments of the process; those after `--` stay where they are.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    first = [argument for argument in arguments[:end] if argument in _FLAGS]
    return [*first, *(argument for argument in arguments[:end] if argument not in _FLAGS), *arguments[end:]]
