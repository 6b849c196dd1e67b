"""The sections of a config as JSON Schema, from the pydantic models that check them.

Two things differ from what pydantic writes itself. A union that a key decides (`source`, `generator`) becomes
one `if`/`then` per value, so that an editor offers the keys of this source only and reports what is wrong in
it, instead of one list of complaints for every source. And nothing is required of a file that `extends`
another one, as the rest may stand there.
"""

from __future__ import annotations

from typing import Any, cast

from nnrun.config.experiment import Experiment
from nnrun.config.schema.field_docs import field_descriptions, section_models
from nnrun.config.schema.kinds import Schema, either

EXTENDS: Schema = {
    "type": "string",
    "description": "A config that this one changes: mappings are merged, lists and values replaced.",
}

_PREFIX = "#/definitions/"


def sections() -> tuple[Schema, dict[str, Schema]]:
    """Returns the schema of the whole file, and the definitions of the sections."""
    written = Experiment.model_json_schema(ref_template=_PREFIX + "{model}")
    definitions: dict[str, Schema] = written.pop("$defs")
    models = section_models()
    for name, schema in [*definitions.items(), (Experiment.__name__, written)]:
        _describe(schema, field_descriptions(models[name]))
    root, definitions = _cleaned(written), {name: _cleaned(schema) for name, schema in definitions.items()}
    root["properties"] = {"extends": EXTENDS, **root["properties"]}
    root["required"].remove("name")  # the file's own name, where there is none
    required = _take_required(root, definitions)
    root |= {"if": {"required": ["extends"]}, "else": required}
    return root, definitions


def _describe(schema: Schema, descriptions: dict[str, str]) -> None:
    schema["description"] = _first_paragraph(schema["description"])
    for name, text in descriptions.items():
        schema["properties"][name]["description"] = text


def _cleaned(value: Any) -> Any:
    """Returns a schema without what only repeats, and with unions in the form that editors do well with."""
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "discriminator" in value:
        return {"x-union": value["discriminator"]["propertyName"], "options": _cleaned(value["oneOf"])} | (
            {"description": value["description"]} if "description" in value else {}
        )
    if "x-keras" in value:
        return {"$ref": _PREFIX + value["x-keras"]} | {
            key: item for key, item in value.items() if key == "description"
        }
    schema: Schema = {}
    for key, item in value.items():
        if key == "properties":
            schema[key] = {name: _cleaned(each) for name, each in item.items()}
        elif key == "default":
            if item is not None and not isinstance(item, dict):
                schema[key] = item
        elif key != "title":
            schema[key] = _cleaned(item)
    if schema.get("type") == "integer" and "exclusiveMinimum" in schema:
        schema["minimum"] = schema.pop("exclusiveMinimum") + 1
    if "enum" in schema or "const" in schema:
        schema.pop("type", None)
    if "anyOf" in schema:
        schema = cast(Schema, either(schema.pop("anyOf"))) | schema
    return schema


def _take_required(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Takes `required` out of a section and those in it, and returns what they required.

    Unions are resolved on the way, as the rules of each of their options depend on its key.
    """
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_PREFIX)
        return _take_required(definitions[name], definitions) if name in definitions else {}
    if "x-union" in schema:
        return _resolve_union(schema, definitions)
    taken: Schema = {}
    properties: dict[str, Schema] = schema.get("properties", {})
    # The keys that decide a union are required by the union.
    required = [name for name in schema.pop("required", ()) if "const" not in properties[name]]
    if required:
        taken["required"] = required
    inner = {name: found for name, each in properties.items() if (found := _take_required(each, definitions))}
    return taken | ({"properties": inner} if inner else {})


def _resolve_union(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Turns a union into rules, and returns what it requires."""
    key: str = schema.pop("x-union")
    options: list[Schema] = schema.pop("options")
    rules: list[Schema] = []
    required: list[Schema] = []
    values: dict[str, str] = {}
    properties: dict[str, Schema] = {}
    for option in options:
        members = _members(option)
        for name in members:
            properties |= definitions[name]["properties"]
        value: str = properties[key]["const"]
        values[value] = _common_description(members)
        condition = {"required": [key], "properties": {key: {"const": value}}}
        wanted = _take_required(option, definitions)
        rules.append({"if": condition, "then": option})
        if wanted:
            required.append({"if": condition, "then": wanted})
    tag = {"enum": list(values), "enumDescriptions": list(values.values())}
    if "description" in properties[key]:
        tag["description"] = properties[key]["description"]
    schema |= {
        "type": "object",
        "properties": {key: tag},
        "if": {"required": [key]},
        "then": {"allOf": rules},
        # Without the key, it cannot be told which keys belong here; the names can still be misspelt.
        "else": {"propertyNames": {"enum": sorted(properties)}},
    }
    return {"required": [key]} | ({"allOf": required} if required else {})


def _members(option: Schema) -> list[str]:
    """Returns the names of the sections that an option of a union stands for, those of inner unions too."""
    if "options" in option:
        return [name for inner in option["options"] for name in _members(inner)]
    return [option["$ref"].removeprefix(_PREFIX)]


def _common_description(names: list[str]) -> str:
    """Returns the description of the section that all of these are."""
    models = [section_models()[name] for name in names]
    common = next(base for base in models[0].__mro__ if all(issubclass(model, base) for model in models))
    return _first_paragraph(common.__doc__ or "")


def _first_paragraph(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split())
