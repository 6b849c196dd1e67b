"""What an argument takes, as JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nnrun.catalog.families import Family
from nnrun.catalog.kinds import Choice, Kind, Listing, Number, Object, Plain, Table
from nnrun.catalog.reading import ClassInfo, catalog

Schema = dict[str, Any]

_PLAIN: Mapping[str, Schema | None] = {
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "null": {"type": "null"},
    "any": {},
    "function": None,
}

_NUMBERS = frozenset({"integer", "number"})


def kind_schema(kind: Kind) -> Schema | None:
    """Returns the schema of the values that a kind accepts, or None where a config can give none."""
    if isinstance(kind, Plain):
        return _PLAIN[kind.word]
    if isinstance(kind, Number):
        return _number(kind)
    if isinstance(kind, Choice):
        return {"enum": list(kind.values)}
    if isinstance(kind, Object):
        return _object(kind)
    if isinstance(kind, Listing):
        items = kind_schema(kind.items)
        length = {} if kind.length is None else {"minItems": kind.length, "maxItems": kind.length}
        return {"type": "array", **({"items": items} if items else {}), **length}
    if isinstance(kind, Table):
        return {"type": "object", "additionalProperties": kind_schema(kind.values)}
    return either(filter(lambda schema: schema is not None, map(kind_schema, kind.options)))


def either(options: Iterable[Schema | None]) -> Schema | None:
    """Returns the schema of what any of several accepts, in as few branches as possible.

    Editors report "expected integer or null" for one branch, but little of use for many.
    """
    schemas = [option for option in options if option is not None]
    if not schemas:
        return None
    if {} in schemas:
        return {}
    words = [word for schema in schemas for word in schema.get("enum", ())]
    branches: list[Schema] = []
    for schema in schemas:
        if "enum" in schema:
            if not any("enum" in branch for branch in branches):
                branches.append({"enum": words})
        elif words and schema in ({"type": "null"}, {"type": "boolean"}):
            words += [None] if schema["type"] == "null" else [True, False]
        else:
            _join(branches, schema)
    return branches[0] if len(branches) == 1 else {"anyOf": branches}


def _join(branches: list[Schema], schema: Schema) -> None:
    """Adds a branch, into one that is there if no keyword of one limits values of the other."""
    for branch in branches:
        if "type" in branch and "type" in schema:
            there, new = _types(branch), _types(schema)
            both_numbers = not _NUMBERS.isdisjoint(there) and not _NUMBERS.isdisjoint(new)
            if not both_numbers and not (branch.keys() & schema.keys()) - {"type"}:
                branch |= {**schema, "type": [*there, *new]}
                return
    branches.append(dict(schema))


def _types(schema: Schema) -> list[str]:
    found = schema["type"]
    return list(found) if isinstance(found, list) else [found]


def _number(kind: Number) -> Schema:
    schema: Schema = {"type": "integer" if kind.integer else "number"}
    words = {">": "exclusiveMinimum", ">=": "minimum", "<": "exclusiveMaximum", "<=": "maximum"}
    for sign, limit in kind.bounds:
        whole = int(limit) if float(limit).is_integer() else limit
        if kind.integer and sign == ">":
            schema["minimum"] = whole + 1
        else:
            schema[words[sign]] = whole
    return schema


def _object(kind: Object) -> Schema:
    if not kind.classes:
        return {"$ref": f"#/definitions/{kind.family}"}
    classes = catalog().classes(kind.family)
    return named_object({name: classes[name] for name in kind.classes}, {})


def named_object(classes: Mapping[str, ClassInfo], functions: Mapping[str, str]) -> Schema:
    """Returns the schema of `Name` or `Name: {argument: value}`.

    Args:
        classes: What may be named, by every spelling.
        functions: What has a name only, with its description.
    """
    bare = {name: info.description for name, info in classes.items() if not info.required}
    bare |= functions
    names: Schema = {"enum": list(bare), "enumDescriptions": list(bare.values())}
    if not classes:
        return names
    # What a mapping holds stands outside of the branches: for a misspelt name in a mapping, editors then
    # report this name, and not that the mapping is none of the words.
    return {
        **({"anyOf": [names, {"type": "object"}]} if bare else {"type": "object"}),
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {name: _reference(name, info) for name, info in classes.items()},
    }


def _reference(name: str, info: ClassInfo) -> Schema:
    reference: Schema = {"$ref": f"#/definitions/{class_key(info.family, info.name)}"}
    # Every spelling is valid; editors that know this keyword suggest only the name of the class.
    return reference if name == info.name else {**reference, "doNotSuggest": True}


def class_key(family: Family, name: str) -> str:
    """Returns the name of the definition of a class's arguments."""
    return f"{family}.{name}"
