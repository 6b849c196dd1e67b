"""One attempt to fetch a file by HTTP, into a part of it that may be there already."""

from __future__ import annotations

import http.client
import json
import shutil
import time
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from typing import IO

from nnrun.data.cache import key_of
from nnrun.data.http_requests import (
    SILENT_SECONDS,
    RangeRefusedError,
    TemporaryError,
    number,
    opened,
    reason_of,
)
from nnrun.data.progress import Meter
from nnrun.errors import DataError, StorageError
from nnrun.rundir.atomic import storage_error, write_json

SLOWEST = 500.0
"""Bytes per second, over `SILENT_SECONDS`, below which a server counts as one that has stopped sending, too."""

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Remote:
    """A file to fetch.

    Args:
        url: Its address, http or https.
        name: What to call it.
        size: Its size in bytes, where that is known beforehand.
        sha256: Its SHA-256 in lower-case hexadecimal, where that is known beforehand.
        key: The section of the config that says so, for messages; empty where none does.
    """

    url: str
    name: str
    size: int | None = None
    sha256: str | None = None
    key: str = ""

    def described(self, what: str) -> str:
        """Returns where one of the expected values comes from: `dataset.download.bytes`."""
        return f"{self.key}.{what}" if self.key else f"the known {what}"


@dataclass(frozen=True, slots=True)
class Part:
    """The beginning of a file that is being fetched, and what tells whether the rest still belongs to it.

    Args:
        path: The part; beside it lies a file with what the server said of it.
    """

    path: Path

    @property
    def size(self) -> int:
        """Bytes that are there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def validator(self, remote: Remote) -> str | None:
        """Returns what to send as `If-Range`: empty where a checksum will tell; None where the part is no use."""
        try:
            about = json.loads(self._about.read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(about, dict) or about.get("address") != key_of(remote.url):
            return None
        found = about.get("validator")
        if isinstance(found, str) and found:
            return found
        return "" if remote.sha256 is not None else None

    def begin(self, remote: Remote, validator: str | None) -> None:
        """Forgets the part and notes what will be in it."""
        self.path.unlink(missing_ok=True)
        write_json(self._about, {"address": key_of(remote.url), "validator": validator})

    def remove(self) -> None:
        """Removes what is left of it."""
        self.path.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)

    @property
    def _about(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")


def transfer(remote: Remote, part: Part) -> None:
    """Fetches a file, or the rest of it.

    Args:
        remote: The file.
        part: What is there of it, and what grows.

    Raises:
        TemporaryError: It broke off or did not begin; the part keeps what came.
        EnvironmentFault: The server refuses.
        DataError: The server has another file than the one that is expected.
        StorageError: The part cannot be written.
    """
    offset, validator = part.size, part.validator(remote)
    if validator is None or (remote.size is not None and offset > remote.size):
        offset = 0
    elif offset == remote.size:
        return
    headers: dict[str, str] = {}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if validator:
            headers["If-Range"] = validator
    try:
        response = opened(remote.url, headers)
    except RangeRefusedError:
        _discard(part)
        raise
    with response:
        if response.status == http.HTTPStatus.PARTIAL_CONTENT:
            start, total = _content_range(response.headers.get("Content-Range", ""))
            if start != offset:
                _discard(part)
                raise TemporaryError("the server sent another range than the one that was asked for")
        else:
            offset, total = 0, number(response.headers.get("Content-Length"))
        _check_size(remote, total)
        if total is None:
            total = remote.size
        with _writing(part, remote, response.headers, offset) as file:
            _check_space(part.path, None if total is None else total - offset)
            _receive(response, file, part, remote, offset, total)


def _discard(part: Part) -> None:
    try:
        part.remove()
    except OSError as error:
        raise storage_error(part.path, error) from error


def _writing(part: Part, remote: Remote, headers: HTTPMessage, offset: int) -> IO[bytes]:
    try:
        if not offset:
            etag = headers.get("ETag", "")
            # A weak tag does not promise the same bytes.
            strong = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")
            part.begin(remote, strong)
        return part.path.open("ab", buffering=0)
    except OSError as error:
        raise storage_error(part.path, error) from error


def _receive(
    response: http.client.HTTPResponse,
    file: IO[bytes],
    part: Part,
    remote: Remote,
    done: int,
    total: int | None,
) -> None:
    meter = Meter("download", remote.name, "bytes", total, resumed=done)
    mark, mark_time = done, time.monotonic()
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except TimeoutError as error:
            raise TemporaryError(f"nothing came for {SILENT_SECONDS:.0f} seconds") from error
        except http.client.HTTPException as error:
            raise TemporaryError(f"the connection broke off: {type(error).__name__}") from error
        except OSError as error:
            raise TemporaryError(f"the connection broke off: {reason_of(error)}") from error
        if not chunk:
            break
        done += len(chunk)
        if total is not None and done > total:
            raise DataError(
                f"{remote.name}: the server sends more than the {total:,} bytes that it should have",
                "the file has changed, or something on the way replaces it",
            )
        try:
            file.write(chunk)
        except OSError as error:
            raise storage_error(part.path, error) from error
        meter.add(len(chunk))
        now = time.monotonic()
        if now - mark_time >= SILENT_SECONDS:
            if done - mark < SLOWEST * (now - mark_time):
                raise TemporaryError(f"only {done - mark:,} bytes came in {now - mark_time:.0f} seconds")
            mark, mark_time = done, now
    if not done:
        raise TemporaryError("the server sent nothing")
    if total is not None and done < total:
        raise TemporaryError(f"the connection broke off after {done:,} of {total:,} bytes")
    meter.end()


def _check_size(remote: Remote, total: int | None) -> None:
    if remote.size is not None and total is not None and total != remote.size:
        raise DataError(
            f"{remote.name}: the server has {total:,} bytes under this address, but {remote.described('bytes')} "
            f"is {remote.size:,}",
            "the file has changed, or something on the way replaces it",
        )


def _check_space(path: Path, needed: int | None) -> None:
    free = shutil.disk_usage(path.parent).free
    if needed is not None and needed > free:
        raise StorageError(
            f"cannot write {path}: {needed:,} bytes are to come, and only {free:,} are free",
            "Free some space on that disk; what was saved before is untouched.",
        )


def _content_range(text: str) -> tuple[int | None, int | None]:
    """Returns the start and the whole length out of `bytes 100-199/200`, as far as they are there."""
    unit, _, rest = text.partition(" ")
    span, _, total = rest.partition("/")
    return (number(span.partition("-")[0]) if unit == "bytes" else None), number(total)
