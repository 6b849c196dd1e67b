"""Addresses on the web, and the logins and keys that people put into them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_LOGIN = re.compile(r"(?<=://)[^/?#\s]*@")
_SECRET = re.compile(
    r"""(?ix) ([?&;\#]
        (?: [\w.-]* (?:token|secret|passw|credential|signature|auth|(?:api|access)[_-]?key) [\w.-]*
          | sig | key)
    =) [^&;\#\s]*"""
)

SCHEMES = ("http", "https")
"""What may be fetched from; `file` would read any file of the machine."""


def redact(text: str) -> str:
    """Returns a text without the logins and keys that are part of URLs in it."""
    if "://" not in text:
        return text
    return _SECRET.sub(r"\1***", _LOGIN.sub("***@", text))


def masked(text: str) -> str:
    """Returns a text as `redact` does, but as long as before, so that carets still point at the same place."""
    if "://" not in text:
        return text
    text = _LOGIN.sub(lambda found: "*" * (len(found[0]) - 1) + "@", text)
    return _SECRET.sub(lambda found: found[1] + "*" * (len(found[0]) - len(found[1])), text)


def url_fault(url: str) -> tuple[str, str] | None:
    """Returns why nothing is fetched from an address, and what to do; None where all is well.

    Args:
        url: The address.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # a port that is no number is found only now
    except ValueError as error:
        return f"this is no address: {error}", "copy it from the browser"
    if parts.scheme not in SCHEMES:
        scheme = f"{parts.scheme}:" if parts.scheme else "one without them"
        return (
            f"expected an address that begins with http:// or https://, received {scheme}",
            "a file of this machine is what `path` is for",
        )
    if not host:
        return "there is no host in this address", "write https://HOST/FILE"
    if any(character.isspace() or not character.isprintable() for character in url):
        return "there is a space or a control character in this address", "write %20 for a space"
    if redact(url) != url:
        return (
            "this address has a login or a key in it, which would be stored with every run",
            "put the login into ~/.netrc, or download the file yourself and name it in `path`",
        )
    return None
