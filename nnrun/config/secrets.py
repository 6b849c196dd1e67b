"""Logins and keys in URLs, which are never recorded."""

from __future__ import annotations

import re

_URL_LOGIN = re.compile(r"(?<=://)[^/?#\s]*@")
_URL_SECRET = re.compile(
    r"""(?ix) ([?&;\#]
        (?: [\w.-]* (?:token|secret|passw|credential|signature|auth|(?:api|access)[_-]?key) [\w.-]*
          | sig | key)
    =) [^&;\#\s]*"""
)


def redact(text: str) -> str:
    """Returns a text without the logins and keys that are part of URLs in it."""
    if "://" not in text:
        return text
    return _URL_SECRET.sub(r"\1***", _URL_LOGIN.sub("***@", text))
