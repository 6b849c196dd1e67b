"""HTTP requests that go to http and https only, follow few redirects, and fail in two ways: for now, or for good.

Of the standard library's clients, as nothing more is needed: an address, some headers, a stream of bytes.
"""

from __future__ import annotations

import base64
import errno
import http.client
import netrc
import os
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nnrun import __version__
from nnrun.config.urls import SCHEMES
from nnrun.errors import EnvironmentFault

SILENT_SECONDS = 30.0
"""A server that is silent for so long has stopped sending."""

MAX_REDIRECTS = 5

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_WAY = frozenset({errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class TemporaryError(Exception):
    """An attempt failed, and another one may succeed.

    Args:
        reason: Why, as a part of a sentence.
        wait: Seconds that the server asks to wait; None where it does not.
        unreachable: Whether there was no connection, as it is without a network.
    """

    def __init__(self, reason: str, wait: float | None = None, *, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait
        self.unreachable = unreachable


class RangeRefusedError(TemporaryError):
    """The server has no such rest of the file: what was fetched before belongs to another one, or is all of it."""


def _request(url: str, headers: Mapping[str, str]) -> urllib.request.Request:
    request = urllib.request.Request(  # noqa: S310 - its opener knows http and https only
        url,
        headers={
            "User-Agent": f"nnrun/{__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            **headers,
        },
    )
    login = authorization(url)
    if login is not None:
        # Not carried over to where a redirect leads.
        request.add_unredirected_header("Authorization", login)
    return request


def authorization(url: str) -> str | None:
    """Returns the header that logs in with what `~/.netrc` has for the host of an address; None without it.

    Never for an unencrypted connection to another machine.

    Raises:
        EnvironmentFault: The file cannot be read.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        return None
    path = os.environ.get("NETRC") or str(Path.home() / ".netrc")
    if not Path(path).is_file():
        return None
    try:
        found = netrc.netrc(path).authenticators(parts.hostname or "")
    except netrc.NetrcParseError as error:
        # Its own text quotes the file, with passwords.
        raise EnvironmentFault(f"{path}, line {error.lineno}: not as a netrc file should be") from None
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(f"{path} cannot be read: {reason_of(error)}") from error
    if found is None:
        return None
    return "Basic " + base64.b64encode(f"{found[0]}:{found[2]}".encode()).decode()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects, and only to where a config might have pointed itself."""

    # Counted here instead.
    max_repeats = max_redirections = MAX_REDIRECTS + 5

    def __init__(self) -> None:
        self._count = 0

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: Any,
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        self._count += 1
        if self._count > MAX_REDIRECTS:
            raise EnvironmentFault(f"more than {MAX_REDIRECTS} redirects one after the other")
        parts = urlsplit(newurl)
        if parts.scheme not in SCHEMES or not parts.hostname or parts.username or parts.password:
            raise EnvironmentFault("the server redirects to an address that is not followed")
        if req.type == "https" and parts.scheme != "https":
            raise EnvironmentFault(
                "the server redirects from https to http, which anybody on the way could alter"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def opened(url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    """Sends a request for a file, and returns the answer with its body still to come.

    Args:
        url: An address with http or https; no handler is there for others, such as files.
        headers: More headers.

    Raises:
        TemporaryError: There is no answer, or one that says to come again.
        EnvironmentFault: The server refuses, or redirects where it should not.
    """
    if urlsplit(url).scheme not in SCHEMES:
        raise EnvironmentFault("only addresses with http and https are fetched")
    request = _request(url, headers)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    try:
        response: http.client.HTTPResponse = opener.open(request, timeout=SILENT_SECONDS)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(error, url) from None
    except urllib.error.URLError as error:
        raise _unreachable(error.reason) from error
    except TimeoutError as error:
        raise TemporaryError(f"no answer for {SILENT_SECONDS:.0f} seconds") from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(error) from error
    except ValueError as error:
        raise EnvironmentFault(f"this address cannot be used: {error}") from error
    return response


def _refused(error: urllib.error.HTTPError, url: str) -> Exception:
    answer = f"the server answers {error.code} {http.client.responses.get(error.code, '')}".rstrip()
    if error.code in _BUSY:
        return TemporaryError(answer, _seconds(error.headers.get("Retry-After")))
    if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return RangeRefusedError(f"{answer} for the rest of the file")
    if 300 <= error.code < 400:
        return EnvironmentFault("the server redirects to an address that is not followed")
    if error.code in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
        host = urlsplit(url).hostname
        return EnvironmentFault(f"{answer}; a login belongs into ~/.netrc: machine {host} login … password …")
    return EnvironmentFault(answer)


def _unreachable(reason: object) -> Exception:
    if isinstance(reason, socket.gaierror):
        return TemporaryError("the name of the host cannot be resolved", unreachable=True)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return EnvironmentFault(f"the certificate of the server is not valid: {reason.verify_message}")
    if isinstance(reason, TimeoutError):
        return TemporaryError(f"no answer for {SILENT_SECONDS:.0f} seconds", unreachable=True)
    return TemporaryError(reason_of(reason), unreachable=getattr(reason, "errno", None) in _NO_WAY)


def reason_of(error: object) -> str:
    """Returns what an error of the system says, as a part of a sentence."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


def number(text: str | None) -> int | None:
    """Returns a whole number that a header gives, or None where it is something else."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None


def _seconds(text: str | None) -> float | None:
    """Returns how long `Retry-After` asks to wait."""
    if text is None:
        return None
    whole = number(text.strip())
    if whole is not None:
        return float(whole)
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except ValueError:
        return None
