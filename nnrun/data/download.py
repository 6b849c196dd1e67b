"""Files that are fetched when they are not there: once, whole, and the right ones.

A download goes on where it broke off, also in another process. Its file appears under its name when its size and its
checksum are right. Processes that want the same file wait for the one that fetches it.
"""

from __future__ import annotations

import random
import re
import time
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from nnrun.config.datasets.files import FileSection
from nnrun.config.urls import redact
from nnrun.data.cache import cache_errors, cache_folder, key_of, locked
from nnrun.data.http_requests import TemporaryError
from nnrun.data.progress import tell
from nnrun.data.transfer import Part, Remote, transfer
from nnrun.data.verification import mismatch
from nnrun.errors import DataError, EnvironmentFault
from nnrun.rundir.atomic import publish, storage_error

ATTEMPTS = 5
"""How often a transfer that does not get on is tried; one that does may be tried longer."""

FIRST_WAIT = 1.0
"""Seconds before the second attempt; each further wait is twice as long."""

LONGEST_WAIT = 60.0
"""Seconds: a server that asks for more is not waited for."""

_GETS_ON = 1 << 20
_MOST_ATTEMPTS = 100


def located(section: FileSection, key: str = "dataset") -> Path:
    """Returns the file or folder of a section, which is fetched if it is not there.

    Args:
        section: `path` and `download`.
        key: What the section is called, for messages: `dataset.test`.

    Returns:
        A path; only where there is no `download`, nothing may be there.

    Raises:
        DataError: The file is not the one that `download` describes.
        EnvironmentFault: It cannot be fetched.
        StorageError: It cannot be stored.
    """
    path = None if section.path is None else Path(section.path)
    download = section.download
    if download is None or (path is not None and path.is_dir()):
        return Path(section.path or "")
    remote = Remote(download.url, name_in(download.url), download.bytes, download.sha256, f"{key}.download")
    return fetched(remote, path)


def whereabouts(section: FileSection) -> Path | None:
    """Returns where the file or folder of a section is, or None where it is not there now; fetches nothing."""
    path = Path(section.path) if section.path is not None else None
    if path is None and section.download is not None:
        path = place_of(section.download.url)
    return path if path is not None and path.exists() else None


def name_in(url: str) -> str:
    """Returns the name of the file at the end of an address, as a harmless file name."""
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip(".")[-100:] or "download"


def place_of(url: str) -> Path:
    """Returns where in the cache the file of an address is put."""
    return cache_folder() / "downloads" / key_of(url)[:16] / name_in(url)


def fetched(remote: Remote, target: Path | None = None) -> Path:
    """Returns a file, which is fetched if it is not there.

    Args:
        remote: What to fetch, and how to know that it is right.
        target: Where to put it; by default into the cache.

    Returns:
        Where it is: `target`, or a place in the cache.

    Raises:
        DataError: A file is there, or came, that is not the one that is expected.
        EnvironmentFault: It cannot be fetched; the message says what to fetch and where to put it.
        StorageError: It cannot be stored.
    """
    own = target is None
    path = place_of(remote.url) if target is None else target
    if path.is_file() and _is_right(path, remote, own=own):
        return path
    with locked(key_of("download", str(path)), f"downloading {remote.name}"):
        # Another process may have fetched it meanwhile.
        if path.is_file() and _is_right(path, remote, own=own):
            return path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(path, error) from error
        with cache_errors(path):
            _fetch(remote, path)
    return path


def _is_right(path: Path, remote: Remote, *, own: bool) -> bool:
    difference = mismatch(path, remote)
    if difference is None:
        return True
    if own:
        return False  # fetched when something else was expected: it is replaced
    raise DataError(
        f"{path} is not the file that {remote.key or redact(remote.url)} describes: {difference}",
        f"remove it, and the right one is fetched; or, if it is the one that is meant, leave {remote.key} out: "
        f"{remote.key}=null",
    )


def _fetch(remote: Remote, path: Path) -> None:
    part = Part(path.with_name(f".{path.name}.part"))
    began = time.monotonic()
    before = part.size
    try:
        _persistently(remote, part)
        difference = mismatch(part.path, remote)
        if difference is not None and before:
            tell(f"{remote.name}: {difference}; it was resumed, so it is fetched again", "warning")
            part.remove()
            _persistently(remote, part)
            difference = mismatch(part.path, remote)
    except EnvironmentFault as error:
        raise EnvironmentFault(
            f"cannot fetch {redact(remote.url)}: {error.message}", error.advice or _by_hand(remote, path)
        ) from error
    if difference is not None:
        part.remove()
        raise DataError(
            f"{redact(remote.url)} is not the file that is expected: {difference}",
            "the file has changed, or something on the way replaced it; nothing of it was kept",
        )
    size = part.size
    publish(part.path, path)
    part.remove()
    tell(f"downloaded {remote.name}, {size:,} bytes, in {time.monotonic() - began:.1f}s, to {path}")


def _persistently(remote: Remote, part: Part) -> None:
    """Transfers a file in as many attempts as it takes."""
    failures = 0
    furthest = part.size
    for attempt in range(1, _MOST_ATTEMPTS + 1):
        try:
            transfer(remote, part)
        except TemporaryError as error:
            failures += 1
            if part.size >= furthest + _GETS_ON:
                failures, furthest = 1, part.size
            waiting = FIRST_WAIT * 2 ** (failures - 1)
            # So that processes that failed together do not come back together.
            waiting *= 1 + random.random() / 4  # noqa: S311 - not for secrets
            waiting = max(waiting, error.wait or 0)
            # What cannot even be reached will not be in a few seconds: there is no network, or a wrong address.
            give_up = failures >= ATTEMPTS or attempt == _MOST_ATTEMPTS or waiting > LONGEST_WAIT
            if give_up or (error.unreachable and attempt == 1):
                raise EnvironmentFault(error.reason) from error
            tell(f"{remote.name}: {error.reason}; trying again in {waiting:.0f}s", "warning")
            time.sleep(waiting)
        else:
            return


def _by_hand(remote: Remote, path: Path) -> str:
    facts = [f"{remote.size:,} bytes"] if remote.size is not None else []
    facts += [f"SHA-256 {remote.sha256}"] if remote.sha256 is not None else []
    about = f" ({', '.join(facts)})" if facts else ""
    return f"download {redact(remote.url)} on another machine and put it at {path}{about}"
