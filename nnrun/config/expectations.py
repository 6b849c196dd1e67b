"""What a place of a config takes, in words, read from the types of the models."""

from __future__ import annotations

import types
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nnrun.catalog.families import Family
from nnrun.config.keras_types import Checked
from nnrun.config.keras_words import plural, with_article
from nnrun.config.problems import KeyPath


def model_at(root: type[BaseModel], path: KeyPath, data: Any) -> type[BaseModel] | None:
    """Returns the model of the section at a path, or None where there is no section.

    Args:
        root: The model of the whole config.
        path: The key path.
        data: The config; in a union of models, its values decide which one is meant.
    """
    annotation = type_at(root, path, data)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def type_at(root: type[BaseModel], path: KeyPath, data: Any) -> Any:
    """Returns the annotated type of the value at a path, or None where the models say nothing about it."""
    annotation: Any = root
    for part in path:
        annotation = _inner(annotation, part, data)
        data = _child(data, part)
        annotation = _chosen(annotation, data)
        if annotation is None:
            return None
    return annotation


def choices(annotation: Any) -> tuple[Any, ...]:
    """Returns the values that a type enumerates; empty where it takes others too or enumerates none."""
    found: list[Any] = []
    for member in _members(annotation):
        if get_origin(member) is Literal:
            found += get_args(member)
    return tuple(found)


def describe(annotation: Any) -> str:
    """Returns what a type takes, as a phrase after "expected"."""
    words: list[str] = []
    for member in _members(annotation):
        if get_origin(member) is Literal:
            options = [str(option) for option in get_args(member)]
            words.append(options[0] if len(options) == 1 else "one of " + ", ".join(options))
        elif member is not type(None):
            words.append(_describe_one(*_unwrap(member)))
    return " or ".join(dict.fromkeys(words))


def _describe_one(annotation: Any, limits: Sequence[Any]) -> str:
    origin = get_origin(annotation)
    if origin is list or annotation is list:
        inner = get_args(annotation)
        items = _plural(describe(inner[0])) if inner else "values"
        lowest, highest = _bounds(limits, (MinLen,), "min_length"), _bounds(limits, (MaxLen,), "max_length")
        if lowest is not None and lowest == highest:
            return f"a list of {lowest} {items}"
        if items == "values":
            return "a list"
        return f"a list of {'one or more ' if lowest else ''}{items}"
    if origin is dict or annotation is dict:
        return "a mapping"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a mapping"
    family = _bounds(limits, (Checked,), "family")
    if family is not None:
        return with_article(family)
    base = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}.get(annotation)
    if base is None:
        return "a value"
    if any(getattr(limit, "pattern", None) for limit in limits):
        return "a name of at most 80 letters, digits, '.', '_' or '-'"
    if annotation is str and _bounds(limits, (MaxLen,), "max_length") == 1:
        return "a single character"
    return base + _range(limits, whole=annotation is int)


def _range(limits: Sequence[Any], whole: bool) -> str:
    lowest, above = _bounds(limits, (Ge,), "ge"), _bounds(limits, (Gt,), "gt")
    highest, below = _bounds(limits, (Le,), "le"), _bounds(limits, (Lt,), "lt")
    if whole and above is not None:
        lowest, above = above + 1, None
    texts = [
        f"{words} {bound}"
        for words, bound in (
            ("of at least", lowest),
            ("above", above),
            ("at most", highest),
            ("below", below),
        )
        if bound is not None
    ]
    return f" {' and '.join(texts)}" if texts else ""


def _bounds(limits: Iterable[Any], kinds: tuple[type, ...], name: str) -> Any:
    for limit in limits:
        if isinstance(limit, kinds):
            return getattr(limit, name)
    return None


def _plural(phrase: str) -> str:
    for family in get_args(Family):
        if phrase == with_article(family):
            return plural(family)
    words = {"a whole number": "whole numbers", "a number": "numbers", "a text": "texts", "a value": "values"}
    for one, many in words.items():
        if phrase.startswith(one):
            return many + phrase[len(one) :].replace(" or a whole number", " or whole numbers")
    return phrase


def _members(annotation: Any) -> Iterable[Any]:
    """Yields the members of a union, or the type itself; annotations of the whole are passed on."""
    bare, limits = _unwrap(annotation)
    if get_origin(bare) in (Union, types.UnionType):
        for member in get_args(bare):
            yield from _members(member)
    elif limits:
        yield Annotated[bare, *limits]
    else:
        yield bare


def _unwrap(annotation: Any) -> tuple[Any, list[Any]]:
    """Splits `Annotated[type, …]` into the type and its limits; pydantic's `Field` becomes its limits."""
    limits: list[Any] = []
    while get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)
        for item in metadata:
            limits += item.metadata if isinstance(item, FieldInfo) else [item]
    return annotation, limits


def _inner(annotation: Any, part: str | int, data: Any) -> Any:
    annotation = _chosen(annotation, data)
    for member in _members(annotation):
        bare, _ = _unwrap(member)
        if isinstance(part, str) and isinstance(bare, type) and issubclass(bare, BaseModel):
            field = bare.model_fields.get(part)
            if field is not None:
                return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        if isinstance(part, int) and get_origin(bare) is list:
            return get_args(bare)[0]
        if isinstance(part, str) and get_origin(bare) is dict:
            return get_args(bare)[1]
    return None


def _chosen(annotation: Any, data: Any) -> Any:
    """Returns the member of a union of models whose literals fit the data, else the annotation itself."""
    members = [_unwrap(member)[0] for member in _members(annotation)]
    models = [member for member in members if isinstance(member, type) and issubclass(member, BaseModel)]
    if len(models) == 1:
        return models[0]
    if not models or not isinstance(data, dict):
        return annotation
    for model in models:
        tags = {
            name: get_args(field.annotation)
            for name, field in model.model_fields.items()
            if name in ("source", "generator") and get_origin(field.annotation) is Literal
        }
        if all(data.get(name) in values for name, values in tags.items()):
            return model
    return annotation


def _child(data: Any, part: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return None
