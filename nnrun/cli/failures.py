"""The one place that turns an error into a message and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback

from nnrun.errors import Interrupted, NnrunError, StorageError, UsageError

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

BROKEN_PIPE = 141
"""What a shell reports for a program that wrote to a closed pipe."""


def report(error: BaseException, debug: bool) -> int:
    """Explains an error on stderr.

    Args:
        error: Anything that ended a command.
        debug: Whether to show the traceback.

    Returns:
        The exit code.
    """
    if isinstance(error, BrokenPipeError):
        # Whoever read the output has gone. Python would fail once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        _write(f"error: cannot write the output: {error.strerror}\n")
        return StorageError.exit_code
    if debug:
        _write("".join(traceback.format_exception(error)))
    if isinstance(error, NnrunError):
        _write(_message(error))
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        _write("interrupted\n")
        return 130
    _write(
        f"error: {type(error).__name__}: {error}\n"
        "  this is a bug in nnrun, please report it"
        f"{'' if debug else '; nnrun --debug COMMAND … shows the traceback'}\n"
    )
    return 1


def _message(error: NnrunError) -> str:
    from nnrun.config.problems import ConfigError
    from nnrun.config.urls import masked
    from nnrun.display.problems import printable, render, uses_colour

    if isinstance(error, ConfigError):
        return render(error.problems, uses_colour(sys.stderr)) + "\n"
    lines = "\n".join(printable(line) for line in error.message.splitlines())
    text = f"{lines}\n" if isinstance(error, Interrupted) else f"error: {lines}\n"
    if error.advice:
        text += f"  hint: {printable(error.advice)}\n"
    if isinstance(error, UsageError):
        text += "  nnrun COMMAND --help shows how\n"
    return masked(text)


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:  # nobody reads stderr any more: the exit code still tells
        return
