"""One writer per run directory."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from nnrun.errors import RunInUseError
from nnrun.rundir.atomic import storage_error
from nnrun.rundir.provenance import process_facts

LOCK_FILE = ".lock"

_TRIES = 5
_PAUSE = 0.02
"""Seconds between two tries: `is_locked` holds the lock for a moment."""


@contextlib.contextmanager
def locked(run: Path) -> Iterator[None]:
    """Holds the lock of a run directory; the system lets go of it when the process ends, however it ends.

    Args:
        run: The run directory.

    Raises:
        RunInUseError: Another process holds it; the message names it.
        StorageError: The lock file cannot be written.
    """
    path = run / LOCK_FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        try:
            if not _acquired(descriptor):
                raise RunInUseError(
                    f"run {run.name} is in use by {_owner(path)}", "Wait until it has ended, or stop it."
                )
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(process_facts()).encode(), 0)
        except OSError as error:
            raise storage_error(path, error) from error
        yield
    finally:
        os.close(descriptor)


def is_locked(run: Path) -> bool | None:
    """Tells whether a process holds the lock of a run directory.

    Args:
        run: The run directory.

    Returns:
        None where the system does not tell.
    """
    try:
        descriptor = os.open(run / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


def _acquired(descriptor: int) -> bool:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


def _owner(path: Path) -> str:
    try:
        facts = json.loads(path.read_bytes())
        return f"process {facts['pid']} on {facts['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
