"""An `Experiment` as a config again: every value, defaults included."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from nnrun.config.document import Document
from nnrun.config.experiment import Experiment
from nnrun.config.keras_object import KerasObject
from nnrun.config.load import LoadedConfig
from nnrun.config.problems import KeyPath
from nnrun.config.scalars import NumberTooLargeError, resolve
from nnrun.config.sections import Section

_PLAIN = re.compile(r"[A-Za-z_/.][\w./+-]*(?: [\w./+-]+)*", re.ASCII)
_UNPRINTABLE = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")
_WIDEST = 60  # a longer line does not move the comments of all others to the right


def plain(experiment: Experiment) -> dict[str, Any]:
    """Returns an experiment as dicts, lists and scalars, as a config file would hold them."""
    values: dict[str, Any] = _plain(experiment)
    return values


def to_yaml(experiment: Experiment) -> str:
    """Returns a config that loads as an equal experiment."""
    return "".join(f"{line}\n" for line, _ in _mapping(plain(experiment), (), 0))


def with_origins(loaded: LoadedConfig, origin: Callable[[KeyPath], str] | None = None) -> str:
    """Returns the same with a comment after each value that says where it comes from.

    Args:
        loaded: The config.
        origin: Says that of the value at a path; by default its line, `base.yaml:12`, `override` or `default`.
    """
    lines = lines_with_origins(loaded, origin)
    widths = [len(line) for line, where in lines if where is not None]
    column = max((width for width in widths if width <= _WIDEST), default=0)
    text = [line if where is None else f"{line:<{column}}  # {where}" for line, where in lines]
    return "".join(f"{line}\n" for line in text)


def lines_with_origins(
    loaded: LoadedConfig, origin: Callable[[KeyPath], str] | None = None
) -> list[tuple[str, str | None]]:
    """Returns the lines, each with what the comment after its value says; None where there is no value on it."""
    origin = origin or partial(origin_of, loaded.document)
    lines = _mapping(plain(loaded.experiment), (), 0)
    return [(line, None if path is None else origin(path)) for line, path in lines]


def origin_of(document: Document, path: KeyPath, otherwise: str = "default") -> str:
    """Says where the value at a path was written.

    Args:
        document: The text of a config, with overrides.
        path: The path.
        otherwise: What to say of a value that is nowhere in it.
    """
    node = document.node(path)
    if node is None:
        return otherwise
    place = node.place
    if place.source.kind == "argument":
        return "override"
    # Only what comes from a config that this one extends needs its file named.
    here = place.source.name == document.source.name
    return f"line {place.line}" if here else f"{place.source.name}:{place.line}"


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        return {name: _plain(getattr(value, name)) for name in _field_order(value)}
    if isinstance(value, KerasObject):
        return value.written()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _field_order(section: Section) -> list[str]:
    """Returns the keys of a section: what chooses its model first, then its own, then the common ones."""
    fields = type(section).model_fields
    first = [name for name in ("source", "generator") if name in fields]
    own = [name for kind in type(section).__mro__ for name in vars(kind).get("__annotations__", {})]
    return list(dict.fromkeys(name for name in (*first, *own) if name in fields))


_Lines = Iterator[tuple[str, KeyPath | None]]
"""Lines of YAML, each with the path of the value on it, if there is one."""


def _mapping(values: Mapping[str, Any], path: KeyPath, indent: int) -> _Lines:
    for key, value in values.items():
        yield from _entry(f"{' ' * indent}{_text(str(key))}:", value, (*path, key), indent)


def _entry(head: str, value: Any, path: KeyPath, indent: int) -> _Lines:
    if _is_single(value):
        yield f"{head} {flow(value)}", path
        return
    yield head, None
    nested: Callable[[Any, KeyPath, int], _Lines] = _mapping if isinstance(value, dict) else _items
    yield from nested(value, path, indent + 2)


def _items(values: list[Any], path: KeyPath, indent: int) -> _Lines:
    for index, value in enumerate(values):
        here = (*path, index)
        if _is_single(value):
            yield f"{' ' * indent}- {flow(value)}", here
            continue
        inner = list((_mapping if isinstance(value, dict) else _items)(value, here, indent + 2))
        first, first_path = inner[0]
        yield f"{' ' * indent}- {first.lstrip()}", first_path
        yield from inner[1:]


def _is_single(value: Any) -> bool:
    """Whether a value fits on a line: a scalar, an empty collection, or a list of lists of scalars."""
    if isinstance(value, dict):
        return not value
    if isinstance(value, list):
        return not any(isinstance(item, (dict, str)) or not _is_single(item) for item in value)
    return True


def flow(value: Any) -> str:
    """Writes a value of a config on one line, as YAML; whatever lies in it, in braces and brackets."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_text(str(key))}: {flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    return _text(value)


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isinf(value):
            return ".inf" if value > 0 else "-.inf"
        return ".nan" if math.isnan(value) else repr(value)
    if not isinstance(value, str):
        return str(value)
    try:
        is_text = isinstance(resolve(value), str)
    except NumberTooLargeError:
        is_text = False
    if is_text and _PLAIN.fullmatch(value):
        return value
    return _UNPRINTABLE.sub(_escape, json.dumps(value, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
