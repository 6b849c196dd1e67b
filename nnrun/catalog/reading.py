"""The catalogue as a value: `catalog()` reads the generated `keras.json` once, without Keras."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from nnrun.catalog.families import Family
from nnrun.catalog.kinds import Kind, parse_kind

CATALOG_FILE = Path(__file__).with_name("keras.json")
DESCRIPTIONS_FILE = Path(__file__).with_name("descriptions.json")


class ArgumentInfo(NamedTuple):
    """An argument of a class.

    Args:
        name: Its name.
        kind_text: The values that it takes, in the notation of `nnrun.catalog.kinds`.
        required: Whether it has no default.
        default: Its default as a YAML value; None also where it is required.
        owner: Family and class that it belongs to.
        parse: Reads `kind_text`, each text only once.
    """

    name: str
    kind_text: str
    required: bool
    default: Any
    owner: tuple[Family, str]
    parse: Callable[[str], Kind]

    @property
    def kind(self) -> Kind:
        """The values that it takes."""
        return self.parse(self.kind_text)

    @property
    def description(self) -> str:
        """The first sentence about it in Keras's documentation; may be empty."""
        family, owner = self.owner
        text = _descriptions()[family].get(owner, {}).get("arguments", {}).get(self.name, "")
        return str(text)


class ClassInfo(NamedTuple):
    """A public class of Keras, or an activation function.

    Args:
        name: Its public name, such as `MaxPooling2D`.
        family: What it is.
        arguments: By name, in the order of Keras's signature, those of the base classes last.
        refused: Why a config cannot use it; empty where it can.
        abstract: Whether it is only a base for other classes.
        log_name: For metrics, the name under which Keras logs an instance that was given none.
    """

    name: str
    family: Family
    arguments: Mapping[str, ArgumentInfo]
    refused: str = ""
    abstract: bool = False
    log_name: str | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the arguments that must be given."""
        return tuple(name for name, argument in self.arguments.items() if argument.required)

    @property
    def description(self) -> str:
        """The first sentence of Keras's documentation of the class; may be empty."""
        return str(_descriptions()[self.family].get(self.name, {}).get("description", ""))


class Catalog:
    """What one version of Keras offers.

    Args:
        content: The content of the generated file.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.keras_version: str = content["keras_version"]
        self.named_kinds: Mapping[str, str] = content["kinds"]
        self._families: Mapping[str, Any] = content["families"]
        self._parse = cache(partial(parse_kind, named=self.named_kinds))
        self._found: dict[tuple[str, str], ClassInfo] = {}

    def names(self, family: Family) -> tuple[str, ...]:
        """Returns the names of all classes of a family, refused and abstract ones included."""
        return tuple(self._families[family]["classes"])

    def classes(self, family: Family) -> Mapping[str, ClassInfo]:
        """Returns all classes of a family by public name, refused and abstract ones included."""
        return MappingProxyType({name: self._class(family, name) for name in self.names(family)})

    def aliases(self, family: Family) -> Mapping[str, str | None]:
        """Returns the other names that Keras knows for a family's classes.

        Returns:
            The public class name for each alias (`adam`: `Adam`, `MaxPool2D`: `MaxPooling2D`), or None for
            those that Keras resolves by the shape of the labels (`accuracy`, `crossentropy`).
        """
        aliases: Mapping[str, str | None] = self._families[family]["aliases"]
        return MappingProxyType(dict(aliases))

    def find(self, family: Family, name: str) -> ClassInfo | None:
        """Returns the class with this name or alias, or None where there is no (single) one."""
        known = self._families[family]
        target = name if name in known["classes"] else known["aliases"].get(name)
        return None if target is None else self._class(family, target)

    def _class(self, family: Family, name: str) -> ClassInfo:
        found = self._found.get((family, name))
        if found is None:
            entry = self._families[family]["classes"][name]
            arguments = {
                key: ArgumentInfo(
                    name=key,
                    kind_text=value[0],
                    required=len(value) == 1,
                    default=value[1] if len(value) > 1 else None,
                    owner=(family, name),
                    parse=self._parse,
                )
                for key, value in entry["arguments"].items()
            }
            found = ClassInfo(
                name=name,
                family=family,
                arguments=MappingProxyType(arguments),
                refused=entry.get("refused", ""),
                abstract=entry.get("abstract", False),
                log_name=entry.get("log_name"),
            )
            self._found[family, name] = found
        return found


@cache
def catalog() -> Catalog:
    """Returns the catalogue of the Keras version that this nnrun was made with."""
    return Catalog(json.loads(CATALOG_FILE.read_bytes()))


@cache
def _descriptions() -> Any:
    return json.loads(DESCRIPTIONS_FILE.read_bytes())
