"""The definitions of all Keras objects: one per family, one per class, and arguments that many classes share."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, get_args

from nnrun.catalog.families import Family
from nnrun.catalog.reading import ArgumentInfo, ClassInfo, catalog
from nnrun.config.labels import LABEL_FORMS
from nnrun.config.schema.kinds import Schema, class_key, kind_schema, named_object

_WORTH_SHARING = 60
"""Characters of an argument's schema above which a reference to a single copy is shorter."""


def object_definitions() -> dict[str, Schema]:
    """Returns the definitions of every family, such as `layer`, and of every class, such as `layer.Dense`."""
    definitions: dict[str, Schema] = {}
    for family in get_args(Family):
        usable = _usable(family)
        definitions[family] = named_object(_spellings(family, usable), _functions(family))
        if family != "activation":
            definitions |= {class_key(family, name): _arguments(info) for name, info in usable.items()}
    return _share_arguments(definitions)


def _usable(family: Family) -> dict[str, ClassInfo]:
    found = catalog().classes(family)
    return {
        name: info
        for name, info in found.items()
        if not info.refused and not info.abstract and (family != "loss" or name in LABEL_FORMS)
    }


def _spellings(family: Family, usable: Mapping[str, ClassInfo]) -> dict[str, ClassInfo]:
    """Returns the classes by name and by those other names that Keras still documents.

    Left out are the names of Keras 1 and upper-case abbreviations: every alias of a layer (`Convolution2D`,
    `MaxPool2D`), and what is not in lower case (`MSE`).
    """
    if family == "activation":
        return {}
    spellings = dict(usable)
    if family != "layer":
        for alias, name in catalog().aliases(family).items():
            if name is not None and name in usable and alias.islower():
                spellings[alias] = usable[name]
    return spellings


def _functions(family: Family) -> dict[str, str]:
    """Returns what is given by its name alone, with descriptions."""
    aliases = catalog().aliases(family)
    if family == "activation":
        usable = _usable(family)
        return {name: info.description for name, info in usable.items()} | {
            alias: usable[name].description for alias, name in aliases.items() if name in usable
        }
    if family == "loss":
        return {}
    return {
        alias: "Chosen by Keras to fit the labels."
        for alias, name in aliases.items()
        if name is None and alias.islower()
    }


def _arguments(info: ClassInfo) -> Schema:
    """Returns the schema of the mapping of a class's arguments."""
    arguments = {name: _argument(argument) for name, argument in info.arguments.items()}
    return {
        # `Dropout:` with nothing after it is the class with its defaults.
        "type": "object" if info.required else ["object", "null"],
        "title": info.name,
        "description": info.description,
        "additionalProperties": False,
        "properties": {name: schema for name, schema in arguments.items() if schema is not None},
        **({"required": list(info.required)} if info.required else {}),
    }


def _argument(argument: ArgumentInfo) -> Schema | None:
    found = kind_schema(argument.kind)
    if found is None:
        return None
    if found == {"type": "null"}:  # only Python code could give anything else
        return {**found, "doNotSuggest": True}
    schema = dict(found)
    description = argument.description
    if argument.default is not None:
        # Not the keyword `default`: editors do not show it, but write out all of them with a completed class.
        description = f"{description}\n\nDefault: {json.dumps(argument.default)}".lstrip()
    if description:
        schema["description"] = description
    return schema


def _share_arguments(definitions: dict[str, Schema]) -> dict[str, Schema]:
    """Replaces arguments that several classes have in the same form by references to one definition."""
    counts: Counter[tuple[str, str]] = Counter()
    for schema in definitions.values():
        for name, argument in schema.get("properties", {}).items():
            counts[name, _text(argument)] += 1
    shared: dict[tuple[str, str], str] = {}
    copies: dict[str, Schema] = {}
    for (name, text), count in counts.items():
        if count > 1 and len(text) > _WORTH_SHARING:
            key = f"argument.{name}"
            number = 2
            while key in copies:
                key, number = f"argument.{name}.{number}", number + 1
            shared[name, text] = key
            copies[key] = json.loads(text)
    for schema in definitions.values():
        properties: dict[str, Any] = schema.get("properties", {})
        for name, argument in properties.items():
            found = shared.get((name, _text(argument)))
            if found is not None:
                properties[name] = {"$ref": f"#/definitions/{found}"}
    return definitions | copies


def _text(schema: Schema) -> str:
    return json.dumps(schema, ensure_ascii=False)
