"""A YAML document as a tree whose every key and value remembers its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from nnrun.config.problems import Place
from nnrun.config.scalars import Scalar


@dataclass(slots=True, eq=False)
class ScalarNode:
    """A single value.

    Args:
        value: What it means.
        text: The word as written, without quotes.
        place: Where it stands; for a value that is left out, its key.
        plain: Whether it was written without quotes.
    """

    value: Scalar
    text: str
    place: Place
    plain: bool = True

    size = 1
    height = 0


@dataclass(slots=True, eq=False)
class ListNode:
    """A list of values.

    Args:
        place: Where it begins.
        items: The values; a value may occur in several places of the tree, through aliases.
        size: Values in it and itself, with aliases counted as if written out.
        height: Levels below it.
    """

    place: Place
    items: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1


@dataclass(slots=True, eq=False)
class MappingNode:
    """Values with keys.

    Args:
        place: Where it begins.
        entries: By key.
        size: Values in it and itself, with aliases counted as if written out.
        height: Levels below it.
    """

    place: Place
    entries: dict[str, Entry] = field(default_factory=dict)
    size: int = 1
    height: int = 1


Node: TypeAlias = ScalarNode | ListNode | MappingNode


class Entry(NamedTuple):
    """A value of a mapping.

    Args:
        key: Where its key stands.
        node: The value.
    """

    key: Place
    node: Node


def plain_data(node: Node) -> Any:
    """Returns the tree as dicts, lists and scalars; nothing in it is shared, whatever the aliases were."""
    if isinstance(node, MappingNode):
        return {key: plain_data(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain_data(item) for item in node.items]
    return node.value
