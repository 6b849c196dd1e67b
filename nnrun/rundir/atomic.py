"""The only way in which nnrun writes to disk: a file is either what it was before, or complete and synced.

A new content goes to a temporary name in the same folder, is synced, and takes the place of the old one by
a rename; then the folder is synced, as the rename itself is only durable after that. Files that grow are
written by `nnrun.rundir.append_file`, one whole line at a time. Nothing here needs more than the standard library,
so that hundreds of crashes can be tried in seconds.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nnrun.errors import StorageError
from nnrun.events import plain

TEMPORARY_PREFIX = ".tmp-"
"""Files with this prefix are unfinished; a killed process leaves them behind and nothing ever reads them."""

_CHUNK = 1 << 20

_MANY_FILES = 1000

_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)
"""On macOS `fsync` leaves the data in the cache of the drive; this command does not."""

_ADVICE = {
    errno.ENOSPC: "Free some space on that disk",
    errno.EDQUOT: "Free some space within the disk quota",
    errno.EFBIG: "Raise the limit for the size of a file (see `ulimit -f`)",
    errno.EACCES: "Give yourself the permission to write to that folder, or choose another one",
    errno.EPERM: "Give yourself the permission to write to that folder, or choose another one",
    errno.EROFS: "Choose a folder on a disk that is not read-only",
    errno.EIO: "Check the disk: it failed to store the data",
    errno.ENOENT: "Check that the folder was not moved or deleted meanwhile",
    errno.EMFILE: "Raise the limit for open files (see `ulimit -n`)",
    errno.ENAMETOOLONG: "Choose a shorter name",
}


def storage_error(path: Path, error: OSError) -> StorageError:
    """Returns the error to show for a failed write: the file, the system's reason, and what to do.

    Args:
        path: The file that should have been written.
        error: What the operating system, or a library on its behalf, said.
    """
    reason = error.strerror or str(error) or type(error).__name__
    advice = _ADVICE.get(error.errno or 0, "Check the disk and the folder")
    return StorageError(f"cannot write {path}: {reason}", f"{advice}; what was saved before is untouched.")


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a whole file atomically.

    Args:
        path: The file; its folder exists.
        data: Its new content.

    Raises:
        StorageError: It could not be written; the old content is still there.
    """
    with replacing(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view[:_CHUNK]) :]
        finally:
            os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Writes a whole text file atomically, as UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Writes a value as indented JSON, atomically; non-finite numbers become strings; see `write_bytes`."""
    write_bytes(path, json_bytes(value))


def json_text(value: Any) -> str:
    """Returns a value as indented JSON; non-finite numbers become strings."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def json_bytes(value: Any) -> bytes:
    """Returns what `write_json` writes."""
    return as_utf8(json_text(value))


def as_utf8(text: str) -> bytes:
    r"""Returns a JSON text as UTF-8.

    A file name that is not UTF-8 has half characters in Python (PEP 383): they become `\udcff`, which is how JSON
    writes them.
    """
    return text.encode("utf-8", "backslashreplace")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary file to fill, which then takes the place of `path`.

    The temporary file lies in the same folder and its name ends like that of `path`, because some writers
    choose the format by the suffix. It is empty at first, and removed if anything goes wrong.

    Args:
        path: The file to write or replace; its folder exists.

    Yields:
        The path of the temporary file.

    Raises:
        StorageError: It could not be written, synced or renamed; the old content is still there. Any
            `OSError` out of the `with` block counts as that.
    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(4)}-{path.name}")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield temporary
            sync(temporary)
            temporary.replace(path)
        except BaseException:
            # A failing disk may refuse this too; the reason to tell is the first one.
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync(path.parent)
    except OSError as error:
        raise storage_error(path, error) from error


def make_folder(path: Path) -> None:
    """Makes a folder in one that exists, unless it is there.

    Raises:
        StorageError: It cannot be made.
    """
    try:
        if not path.is_dir():
            path.mkdir(exist_ok=True)
            sync(path.parent)
    except OSError as error:
        raise storage_error(path, error) from error


def make_folders(path: Path) -> None:
    """Makes a folder and those above it that are missing.

    Raises:
        StorageError: One of them cannot be made.
    """
    for folder in reversed([each for each in (path, *path.parents) if not each.exists()]):
        make_folder(folder)
    make_folder(path)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Gives a temporary folder to fill, which then appears under its name, complete.

    Args:
        path: The folder to make, which must not exist; its parent exists.

    Yields:
        The path of the temporary folder. Files and folders may be put into it, but no links.

    Raises:
        StorageError: It could not be written, synced or renamed; where it is there nevertheless, it is complete
            but not safe from a power failure. Any `OSError` out of the `with` block counts as that.
    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(4)}-{path.name}")
    try:
        temporary.mkdir()
        try:
            yield temporary
            _sync_tree(temporary)
            temporary.rename(path)
        except BaseException:
            # A failing disk may refuse this too; the reason to tell is the first one.
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        sync(path.parent)
    except OSError as error:
        raise storage_error(path, error) from error


def remove_folder(path: Path) -> None:
    """Removes a folder with all that is in it, in one step for those who read: there is never half of it.

    Args:
        path: The folder. What cannot be removed of it stays as a leftover under a temporary name.

    Raises:
        StorageError: It cannot even be renamed.
    """
    hidden = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(4)}-{path.name}")
    try:
        path.rename(hidden)
    except OSError as error:
        raise storage_error(path, error) from error
    shutil.rmtree(hidden, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Removes temporary files and folders, at any depth, that a killed process left behind.

    Args:
        folder: A folder that nobody else writes to.
    """
    for leftover in [*folder.rglob(f"{TEMPORARY_PREFIX}*")]:
        # What cannot be removed costs space, and nothing else.
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            with suppress(OSError):
                leftover.unlink()


def publish(temporary: Path, path: Path) -> None:
    """Lets a complete file take the place of `path`, which lies in the same folder; for files that grew slowly.

    Args:
        temporary: The complete file.
        path: The file to make or replace.

    Raises:
        StorageError: It could not be synced or renamed.
    """
    try:
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    except OSError as error:
        raise storage_error(path, error) from error


def _sync_tree(folder: Path) -> None:
    paths = [*folder.rglob("*")]
    if len(paths) > _MANY_FILES and sys.platform == "linux":
        # Linux waits until all is stored, and one call is quicker than thousands; elsewhere it need not wait.
        os.sync()
        return
    for path in paths:
        sync(path)
    sync(folder)


def sync(path: Path) -> None:
    """Returns when a file or folder is safe from a power failure; an `OSError` says that it is not."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync_descriptor(descriptor)
    finally:
        os.close(descriptor)


def sync_descriptor(descriptor: int) -> None:
    """Does the same for an open file."""
    if _FULL_SYNC is not None:
        # Not every file system has it (network drives); those get the ordinary sync.
        with suppress(OSError):
            fcntl.fcntl(descriptor, _FULL_SYNC)
            return
    os.fsync(descriptor)
