"""`KEY=VALUE` arguments: values that replace those of the file, with places in the argument."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nnrun.config.compose import compose
from nnrun.config.document import Document
from nnrun.config.nodes import Entry, ListNode, MappingNode, Node, ScalarNode
from nnrun.config.object_places import class_name, is_object
from nnrun.config.problems import ConfigError, KeyPath, Place, Problem, Source, format_path

_STEP = re.compile(r"\[(?P<index>-?\d+)\]|(?P<dot>\.)?(?P<key>[^.\[\]=\s]+)")
_KEY = re.compile(r"[A-Za-z_][^=\s/\\]*=")


def looks_like_override(argument: str) -> bool:
    """Returns whether a command-line argument is meant as `KEY=VALUE` and not as a file name."""
    return _KEY.match(argument) is not None


def apply_overrides(document: Document, arguments: Sequence[str]) -> Document:
    """Returns the document with values replaced, one argument after the other.

    `model.layers[0].Dense.units=64` may be written without the class name: `model.layers[0].units=64`.

    Args:
        document: The file.
        arguments: `KEY=VALUE`, where VALUE is YAML.

    Raises:
        ConfigError: An argument is malformed or does not fit the file; all such arguments are named.
    """
    root: Node = document.root
    problems: list[Problem] = []
    for argument in arguments:
        try:
            override, found = _parse(argument)
            problems += found
            root = _replaced(root, override, 0, ())
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError([*document.problems, *problems])
    assert isinstance(root, MappingNode)  # noqa: S101 - a path has at least one key
    return replace(document, root=root)


@dataclass(frozen=True, slots=True)
class _Override:
    """One argument: the steps of its path, where each stands, and the new value."""

    source: Source
    path: KeyPath
    places: tuple[Place, ...]
    value: Node

    def error(self, step: int, message: str, hint: str = "") -> ConfigError:
        return ConfigError(
            [Problem("bad-override", message, self.places[step], format_path(self.path[: step + 1]), hint)]
        )


def _parse(argument: str) -> tuple[_Override, list[Problem]]:
    source = Source(argument, argument, kind="argument")
    key, equals, _ = argument.partition("=")
    whole = Place(source, 1, 1, max(1, len(key)))
    if not equals:
        hint = "write for instance fit.epochs=3"
        raise ConfigError([Problem("bad-override", "expected KEY=VALUE, there is no '='", whole, "", hint)])
    path: list[str | int] = []
    places: list[Place] = []
    position = 0
    while position < len(key):
        step = _STEP.match(key, position)
        if step is None or bool(step["dot"]) != bool(path and step["key"]):
            message = f"expected a key path before '=', received {key[position:]!r}"
            hint = "write it as in fit.epochs or model.layers[0].units"
            raise ConfigError([Problem("bad-override", message, Place(source, 1, position + 1), "", hint)])
        path.append(step["key"] or int(step["index"]))
        begin = position + (1 if step["dot"] else 0)
        places.append(Place(source, 1, begin + 1, max(1, step.end() - begin)))
        position = step.end()
    if path == ["extends"]:
        message = "an argument cannot change which config is extended: arguments apply after it"
        hint = "write extends into a config file"
        raise ConfigError([Problem("bad-override", message, places[0], "extends", hint)])
    if not path or isinstance(path[0], int):
        message = "expected a key path before '='"
        raise ConfigError([Problem("bad-override", message, whole, "", "write for instance fit.epochs=3")])
    value, problems = compose(source, offset=len(key) + 1)
    if value is None or (isinstance(value, ScalarNode) and value.place.length <= 1 and not value.text):
        value = ScalarNode(None, "", Place(source, 1, 1, len(argument)))
    return _Override(source, tuple(path), tuple(places), value), problems


def _replaced(node: Node, override: _Override, step: int, path: KeyPath) -> Node:
    """Returns a copy of a node in which the rest of the path leads to the new value."""
    if step == len(override.path):
        return override.value
    part = override.path[step]
    if isinstance(part, int):
        return _replaced_item(node, part, override, step, path)
    if isinstance(node, ListNode):
        example = format_path((*override.path[:step], 0))
        raise override.error(
            step,
            f"{format_path(path)} is a list of {len(node.items)}, not a mapping",
            f"write {example}.{part}",
        )
    if isinstance(node, ScalarNode):
        if node.value is None:
            node = MappingNode(override.places[step])
        elif is_object(path) and isinstance(node.value, str):
            name = Entry(node.place, MappingNode(node.place))
            node = MappingNode(node.place, {node.value: name})
        else:
            shown = format_path(path)
            raise override.error(
                step,
                f"{shown} is {node.value!r}, so it has no {part!r}",
                f"set {shown} itself, or its section",
            )
    name_of_class = class_name(node, path)
    if name_of_class is not None and name_of_class != part and part not in node.entries:
        entry = node.entries[name_of_class]
        inside: Node = entry.node
        if isinstance(inside, ScalarNode) and inside.value is None:
            inside = MappingNode(inside.place)
        inner = _replaced(inside, override, step, (*path, name_of_class))
        return MappingNode(node.place, {name_of_class: Entry(entry.key, inner)})
    old = node.entries.get(part)
    following: Node = old.node if old else ScalarNode(None, "", override.places[step])
    key = override.places[step] if old is None or step == len(override.path) - 1 else old.key
    new = _replaced(following, override, step + 1, (*path, part))
    return MappingNode(node.place, {**node.entries, part: Entry(key, new)})


def _replaced_item(node: Node, index: int, override: _Override, step: int, path: KeyPath) -> Node:
    shown = format_path(path)
    if not isinstance(node, ListNode):
        raise override.error(step, f"{shown} is not a list, so it has no item [{index}]")
    if not 0 <= index < len(node.items):
        count = len(node.items)
        items = "1 item" if count == 1 else f"{count} items"
        hint = f"the last one is {shown}[{count - 1}]" if count else "set the whole list"
        raise override.error(step, f"{shown} has {items}, there is no [{index}]", hint)
    items_after = list(node.items)
    items_after[index] = _replaced(node.items[index], override, step + 1, (*path, index))
    return ListNode(node.place, items_after)
