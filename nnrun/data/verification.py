"""Whether a file is the one that is expected. What was found out is remembered while the file stays as it is."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from nnrun.data.cache import cache_errors, folder_in_cache, key_of
from nnrun.data.progress import Meter
from nnrun.data.transfer import Remote
from nnrun.errors import DataError
from nnrun.rundir.atomic import write_json

_CHUNK = 1 << 20


def stat_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """Returns what changes whenever a file does: size, both times in nanoseconds, and number on the disk.

    The time of change is the system's own. Tools that keep the time of modification, as archives of files that all are
    of 1970 do, cannot keep that one.
    """
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def mismatch(path: Path, remote: Remote) -> str | None:
    """Returns how a file differs from what is expected; None where it does not.

    Args:
        path: The file.
        remote: Its expected size and checksum.

    Raises:
        DataError: It cannot be read.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if remote.size is not None and status.st_size != remote.size:
        return f"it has {status.st_size:,} bytes, but {remote.described('bytes')} is {remote.size:,}"
    if remote.sha256 is None:
        return None
    found = sha256_of(path, remote.name, status)
    if found != remote.sha256:
        return f"its SHA-256 is {found}, but {remote.described('sha256')} is {remote.sha256}"
    return None


def sha256_of(path: Path, name: str, status: os.stat_result) -> str:
    """Returns the SHA-256 of a file in hexadecimal, computed once.

    Args:
        path: The file.
        name: What to call it.
        status: Its status, from before.

    Raises:
        DataError: It cannot be read.
    """
    record = folder_in_cache("verified") / f"{key_of(str(path.absolute()))}.json"
    now = [*stat_of(status)]
    try:
        known = json.loads(record.read_bytes())
        if known["status"] == now:
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not known, or damaged: it is computed again
    digest = hashlib.sha256()
    meter = Meter("verify", name, "bytes", status.st_size)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                meter.add(len(chunk))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    meter.end()
    with cache_errors(record):
        write_json(record, {"status": now, "sha256": digest.hexdigest()})
    return digest.hexdigest()
