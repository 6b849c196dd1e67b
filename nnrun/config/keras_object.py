"""The one rule by which a config writes every Keras object: `Name`, or `Name: {argument: value}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnrun.catalog.families import Family


@dataclass(frozen=True, slots=True)
class KerasObject:
    """A Keras object as a config describes it; nothing of Keras is loaded or constructed.

    Args:
        family: What kind of object it is, such as `layer` or `loss`.
        name: The name as the user wrote it: a class (`Adam`) or one of Keras's string aliases (`adam`).
        class_name: The public class that it means, or None for aliases that are a plain function
            (`relu`) or that Keras resolves by the shape of the labels (`accuracy`).
        arguments: Keyword arguments for the class, in the user's order. Values are YAML values, lists
            and mappings of them, and nested `KerasObject`s.
    """

    family: Family
    name: str
    class_name: str | None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def written(self) -> Any:
        """Returns the YAML value that describes this object: the name, or a mapping from it."""
        if not self.arguments:
            return self.name
        return {self.name: {key: _written(value) for key, value in self.arguments.items()}}


def _written(value: Any) -> Any:
    if isinstance(value, KerasObject):
        return value.written()
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(item) for item in value]
    return value
