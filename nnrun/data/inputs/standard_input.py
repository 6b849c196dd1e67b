"""Standard input as a file, as a table is read more than once where something is wrong with it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from nnrun.errors import DataError

STDIN = "-"
"""Instead of a path: standard input."""

NAME = "standard input"


@contextmanager
def as_file(path: str) -> Iterator[str]:
    """Gives the path of a file with the same content: a temporary one for `-`, which lies on the disk meanwhile.

    What is wrong with it is told of the standard input.

    Raises:
        DataError: The standard input cannot be read.
    """
    if path != STDIN:
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="nnrun-") as file:
        try:
            shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
            file.flush()
        except OSError as error:
            raise DataError(f"{NAME} cannot be read: {error.strerror}") from error
        try:
            yield file.name
        except DataError as error:
            raise DataError(error.message.replace(file.name, NAME), error.advice) from error


def label(path: str) -> str:
    """Returns how to call an input in messages."""
    return NAME if path == STDIN else path
