"""The one rule by which a config writes every Keras object: `Name`, or `Name: {argument: value}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from nnrun.catalog.families import Family


@dataclass(frozen=True, slots=True)
class KerasObject:
    """A Keras object as a config describes it; nothing of Keras is loaded or constructed.

    Args:
        family: What kind of object it is, such as `layer` or `loss`.
        name: The name as the user wrote it: a class (`Adam`) or one of Keras's string aliases (`adam`).
        class_name: The public class that it means, or None for activation functions (`relu`) and for
            aliases that Keras resolves by the shape of the labels (`accuracy`).
        arguments: Keyword arguments for the class, in the user's order. Values are YAML values, tuples (where
            the YAML has lists) and read-only mappings of them, and nested `KerasObject`s.
    """

    family: Family
    name: str
    class_name: str | None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freezes the arguments, however deep."""
        object.__setattr__(self, "arguments", frozen(self.arguments))

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets the object be pickled and copied: a mapping proxy itself cannot be."""
        return (type(self), (self.family, self.name, self.class_name, self.keyword_arguments()))

    def keyword_arguments(self) -> dict[str, Any]:
        """Returns the arguments as Keras takes them, with lists and dicts; nested objects stay what they are.

        Lists, as Keras makes objects from JSON with them, and some metrics take no tuples.
        """
        return {key: _thawed(value) for key, value in self.arguments.items()}

    def written(self) -> Any:
        """Returns the YAML value that describes this object: the name, or a mapping from it."""
        if not self.arguments:
            return self.name
        return {self.name: {key: _written(value) for key, value in self.arguments.items()}}


def frozen(value: Any) -> Any:
    """Returns a YAML value with tuples for lists and read-only copies of mappings."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: frozen(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(frozen(item) for item in value)
    return value


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_thawed(item) for item in value]
    return value


def _written(value: Any) -> Any:
    if isinstance(value, KerasObject):
        return value.written()
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(item) for item in value]
    return value
