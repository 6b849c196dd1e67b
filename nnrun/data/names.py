"""Names of files and folders that somebody else chose."""

from __future__ import annotations

import re

LONGEST_PART = 255
"""Bytes of a name that every file system takes."""

DEEPEST = 64

_DRIVE = re.compile(r"[A-Za-z]:")
_SEPARATOR = re.compile(r"[/\\]")


def shown(name: str) -> str:
    r"""Returns a name as text: bytes that are no UTF-8 become `\xff`."""
    if name.isascii():
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def quoted(name: str) -> str:
    """Returns a name in quotes, shortened."""
    text = shown(name)
    return f"'{text}'" if len(text) <= 100 else f"'{text[:60]}…{text[-30:]}'"


def listed(names: list[str], most: int) -> str:
    """Returns the first of some names in quotes, and how many more there are."""
    text = ", ".join(map(quoted, names[:most]))
    return text if len(names) <= most else f"{text} and {len(names) - most:,} more"


def path_fault(name: str) -> str | None:
    """Returns why a path leads out of the folder that it should stay in, or cannot be made; None where it is good.

    Args:
        name: A path of `/` and names, out of an archive or a table.
    """
    if "\0" in name:
        return "a NUL byte in its name"
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return "an absolute path"
    if ".." in name and ".." in _SEPARATOR.split(name):
        return "a path that leads upwards"
    parts = name.split("/")
    if not clean(name):
        return "no name"
    if len(parts) > DEEPEST:
        return f"more than {DEEPEST} folders inside each other"
    # At most four bytes for each character.
    if len(name) * 4 > LONGEST_PART and any(
        len(part.encode("utf-8", "surrogateescape")) > LONGEST_PART for part in parts
    ):
        return f"a name of more than {LONGEST_PART} bytes"
    return None


def clean(name: str) -> str:
    """Returns a path without what means nothing in it: `./a//b/` is `a/b`."""
    if not name.startswith(".") and "//" not in name and "/." not in name and not name.endswith("/"):
        return name
    return "/".join(part for part in name.split("/") if part not in ("", "."))
