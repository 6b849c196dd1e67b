"""The values of a `resolved.yaml`, fast enough to look into a thousand of them.

nnrun writes that file itself, with one value per line, and a YAML parser takes seven times as long for it. A file that
somebody has edited goes to the parser.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from nnrun.config.scalars import NumberTooLargeError, Scalar, resolve

_PLAIN = re.compile(r"[\w./+-]+(?: [\w./+-]+)*", re.ASCII)
"""What stands without quotes: words and numbers. A comment, an anchor and the like are none."""

_REMEMBERED = 10_000
"""Most lines of a thousand runs are alike: so many are read only once."""

_decode = json.JSONDecoder().raw_decode


def read_values(path: Path) -> dict[str, Any]:
    """Reads the values of a config that `nnrun.config.resolved.to_yaml` wrote.

    Args:
        path: The file.

    Returns:
        Dicts, lists and scalars; nothing where the file is missing or no config.
    """
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return {}
    try:
        return parse_values(text)
    except (ValueError, IndexError, TypeError):
        return _parsed_as_yaml(str(path), text)


def parse_values(text: str) -> dict[str, Any]:
    """Reads what `nnrun.config.resolved.to_yaml` writes.

    Raises:
        ValueError: It is written in another way.
        IndexError: Likewise.
        TypeError: Likewise.
    """
    root: dict[str, Any] = {}
    stack: list[tuple[int, Any]] = [(0, root)]  # the containers around the line, each with its indent
    slot: tuple[Any, Any] | None = None  # a container and key, or index, whose value begins on the next line
    for line in text.removesuffix("\n").split("\n"):
        content = line.lstrip(" ")
        indent = len(line) - len(content)
        while stack[-1][0] > indent:
            stack.pop()
        while content[:2] == "- ":
            if slot is not None:
                _open([], indent, slot, stack)
            items = stack[-1][1]
            if not isinstance(items, list):
                raise ValueError(line)
            items.append(None)
            slot = (items, len(items) - 1)
            content = content[2:]
            indent += 2
        key, rest = _divided(content)
        if key is None:
            _fill(slot, _value(content))
            slot = None
            continue
        if slot is not None:
            _open({}, indent, slot, stack)
            slot = None
        values = stack[-1][1]
        if stack[-1][0] != indent or key in values:
            raise ValueError(line)
        if rest:
            values[key] = _value(rest)
        else:
            values[key] = None
            slot = (values, key)
    return root


def _open(new: Any, indent: int, slot: tuple[Any, Any], stack: list[tuple[int, Any]]) -> None:
    _fill(slot, new)
    stack.append((indent, new))


def _fill(slot: tuple[Any, Any] | None, value: Any) -> None:
    if slot is None:
        raise ValueError(value)
    slot[0][slot[1]] = value


@lru_cache(_REMEMBERED)
def _divided(content: str) -> tuple[str | None, str]:
    """Returns the key of a line and what follows it; None as the key where the line is a value alone."""
    if content[0] == '"':
        key, end = _decode(content)
        return (key, content[end + 1 :].lstrip(" ")) if content[end : end + 1] == ":" else (None, content)
    key, colon, rest = content.partition(":")
    if not colon:
        return None, content
    if rest[:1] not in ("", " ") or _PLAIN.fullmatch(key) is None:
        raise ValueError(content)
    return key, rest[1:]


def _value(text: str) -> Any:
    if text[0] in '"[' or text == "{}":
        value, end = _decode(text)
        if end != len(text):
            raise ValueError(text)
        return value
    return _plain(text)


@lru_cache(_REMEMBERED)
def _plain(text: str) -> Scalar:
    if _PLAIN.fullmatch(text) is None:
        raise ValueError(text)
    try:
        return resolve(text)
    except NumberTooLargeError as error:
        raise ValueError(text) from error


def _parsed_as_yaml(name: str, text: str) -> dict[str, Any]:
    from nnrun.config.document import parse_document
    from nnrun.config.problems import ConfigError, Source

    try:
        return parse_document(Source(name, text)).data()
    except ConfigError:
        return {}
