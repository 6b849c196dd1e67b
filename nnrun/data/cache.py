"""The folder where nnrun keeps what it fetched, extracted and decoded: losing it costs time and nothing else.

Processes share it. What is in it appears complete under its name or not at all, and is made by one process while the
others that want the same wait for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nnrun.data.progress import tell
from nnrun.errors import StorageError
from nnrun.rundir.atomic import new_folder, storage_error

T = TypeVar("T")

VARIABLE = "NNRUN_CACHE"
"""The environment variable that names the folder."""

_POLL_SECONDS = 0.1
_SILENT_SECONDS = 1.0
"""A process that waits longer for another one says so."""


def cache_folder() -> Path:
    """Returns the folder: what `NNRUN_CACHE` says, else the place that the platform has for caches."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "nnrun"
    # The XDG Base Directory Specification: a path that is not absolute is to be ignored.
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "nnrun"


def folder_in_cache(*names: str) -> Path:
    """Returns a folder of the cache, which is made if it is not there.

    Raises:
        StorageError: It cannot be made.
    """
    path = cache_folder().joinpath(*names)
    with cache_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def cache_errors(path: Path) -> Iterator[None]:
    """Turns what the system says about a file of the cache into an error that names the way out."""
    try:
        yield
    except OSError as error:
        fault = storage_error(path, error)
        raise StorageError(fault.message, _with_way_out(fault.advice)) from error
    except StorageError as error:
        raise StorageError(error.message, _with_way_out(error.advice)) from error


def _with_way_out(advice: str) -> str:
    """Adds to an advice that the cache can lie elsewhere, once."""
    way_out = f"set {VARIABLE} to a folder for the cache on another disk"
    return advice if way_out in advice else f"{advice.partition(';')[0].rstrip('.')}, or {way_out}"


def key_of(*parts: object) -> str:
    """Returns a name for what these parts determine: 32 hexadecimal digits."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()[:32]


@contextmanager
def locked(name: str, doing: str) -> Iterator[None]:
    """Holds a lock of the cache; waits for a process that has it. The system lets go of it when a process ends.

    Args:
        name: What the lock is for: a name from `key_of`.
        doing: What another process that has it is doing, for the user: `decoding photos`.

    Raises:
        StorageError: The lock cannot be made.
    """
    path = folder_in_cache("locks") / name
    with cache_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        began = time.monotonic()
        told = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told and time.monotonic() - began > _SILENT_SECONDS:
                    told = True
                    tell(f"waiting for another process that is {doing}")
                time.sleep(_POLL_SECONDS)
            except OSError as error:
                raise storage_error(path, error) from error
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is made from a source, for `made_once`.

    There is one folder for each kind, source and options. When the state of the source has changed it is made anew, and
    the old one is removed.

    Args:
        kind: What is made: `images`.
        source: The file or folder that it is made from.
        options: What else decides about the content; compared by its `repr`.
        state: Says which content the source has now: a name from `key_of`.
        doing: What making it is, for whoever waits: `decoding photos`.
    """

    kind: str
    source: str
    options: object
    state: str
    doing: str


class DamagedEntryError(Exception):
    """What is in a folder of the cache is not what was put there: it is made again."""


def slot_of(entry: Entry) -> str:
    """Returns the name of the folder that has the folders of all states of a source."""
    return key_of(entry.kind, entry.source, entry.options)


def made_once(entry: Entry, make: Callable[[Path], None], read: Callable[[Path], T]) -> T:
    """Returns what is in a folder of the cache, which is made first if it is not there.

    Args:
        entry: Which folder.
        make: Fills a new empty folder.
        read: Reads, or opens, what is in it; it may raise `DamagedEntryError`. Nobody removes the folder meanwhile;
            what is open stays open.

    Raises:
        StorageError: It cannot be written.
    """
    slot = slot_of(entry)
    with locked(slot, entry.doing):
        folder = folder_in_cache(entry.kind, slot)
        path = folder / entry.state
        if path.is_dir():
            with suppress(OSError):  # for whoever wants to know what has not been used for long
                os.utime(path)
            with suppress(DamagedEntryError):
                return read(path)
        with cache_errors(path):
            # Of a source that has changed, and what a killed process left.
            for old in folder.iterdir():
                shutil.rmtree(old)
            with new_folder(path) as temporary:
                make(temporary)
        return read(path)
