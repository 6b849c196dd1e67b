"""Where a config holds Keras objects, told from key paths alone."""

from __future__ import annotations

from nnrun.config.nodes import MappingNode, Node
from nnrun.config.problems import KeyPath

_OBJECTS = (
    ("model", "layers", None),
    ("compile", "optimizer"),
    ("compile", "loss"),
    ("compile", "metrics", None),
    ("compile", "weighted_metrics", None),
    ("fit", "callbacks", None),
)
"""None stands for any index."""


def is_object(path: KeyPath) -> bool:
    """Returns whether the value at a path is a Keras object."""
    return any(
        len(path) == len(pattern)
        and all(
            isinstance(part, int) if wanted is None else part == wanted
            for part, wanted in zip(path, pattern, strict=True)
        )
        for pattern in _OBJECTS
    )


def is_inside_object(path: KeyPath) -> bool:
    """Returns whether the value at a path is an argument of a Keras object, at any nesting."""
    return any(is_object(path[:length]) for length in range(2, len(path)))


def class_name(node: Node, path: KeyPath) -> str | None:
    """Returns the class name where a node is a Keras object written `Name: {…}`, at any nesting."""
    if not isinstance(node, MappingNode) or len(node.entries) != 1:
        return None
    name = next(iter(node.entries))
    if is_object(path):
        return name
    # An argument of a Keras object, such as a schedule, begins with a class name.
    return name if is_inside_object(path) and name[:1].isupper() else None
