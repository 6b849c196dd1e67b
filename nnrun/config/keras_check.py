"""Checks Keras objects of a config against the catalogue: all problems of an object at once, with their places."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nnrun.catalog.families import Family
from nnrun.catalog.kinds import (
    Anything,
    Boolean,
    Choice,
    Either,
    Kind,
    Listing,
    Null,
    Number,
    Object,
    Table,
    Text,
    Unusable,
)
from nnrun.catalog.reading import Catalog, ClassInfo, catalog
from nnrun.config.keras_object import KerasObject, frozen
from nnrun.config.keras_words import expected, family_word, received, shortened, with_article

Loc = tuple[str | int, ...]
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class ObjectProblem:
    """One thing that is wrong with a Keras object of a config.

    Args:
        code: Stable name of the kind of problem, such as `unknown-argument`.
        message: What is wrong: what was expected and what was received.
        loc: The way from the object to the place, such as `("Dense", "units")`.
        value: What stands there.
        hint: What to do; may be empty.
        at: Whether the key or the value is wrong.
    """

    code: str
    message: str
    loc: Loc
    value: Any
    hint: str = ""
    at: Literal["key", "value"] = "value"


@dataclass(frozen=True, slots=True)
class Read:
    """What came out of reading a value.

    Args:
        value: The value as nnrun keeps it; meaningless where there are problems.
        problems: What is wrong with it.
        near: How much like the expected kind it looks: 0 another type, 1 the right type, 2 recognised.
    """

    value: Any
    problems: tuple[ObjectProblem, ...] = ()
    near: int = 2


def read_object(family: Family, value: Any) -> tuple[KerasObject | None, tuple[ObjectProblem, ...]]:
    """Reads `Name` or `Name: {argument: value}`.

    Args:
        family: What it has to be.
        value: The YAML value.

    Returns:
        The object, or None and all its problems.
    """
    read = _read_objects((Object(family),), value, (), "")
    return (None, read.problems) if read.problems else (read.value, ())


def _read_objects(options: tuple[Object, ...], value: Any, loc: Loc, what: str) -> Read:
    """Reads an object that may be of several families: an activation function or an activation layer."""
    families = tuple(option.family for option in options)
    wanted = with_article(families[0])
    where = f"{what} must be {wanted}" if what else f"expected {wanted}"
    if isinstance(value, str):
        return _read_named(options, value, {}, loc, loc, what)
    if isinstance(value, dict) and len(value) == 1:
        (name, arguments), *_ = value.items()
        if isinstance(name, str):
            return _read_named(options, name, {} if arguments is None else arguments, loc, (*loc, name), what)
    hint = f"write its name, or 'Name: {{argument: value}}'"
    if isinstance(value, dict) and len(value) > 1:
        hint = _misplaced_arguments_hint(families, value) or hint
        problem = ObjectProblem("bad-object", f"{where}: one name; received {received(value)}", loc, value, hint)
        return Read(None, (problem,), 1)
    problem = ObjectProblem("bad-object", f"{where}, received {received(value)}", loc, value, hint)
    return Read(None, (problem,), 0)


def _misplaced_arguments_hint(families: tuple[Family, ...], value: Mapping[Any, Any]) -> str:
    """Explains the most common slip: arguments that stand beside the name and not below it."""
    known = catalog()
    for name in value:
        info = next((found for family in families if isinstance(name, str) and (found := known.find(family, name))), None)
        if info is None:
            continue
        beside = [f"'{key}'" for key in value if isinstance(key, str) and key in info.arguments]
        if beside:
            return f"{' and '.join(beside)} must stand below '{name}': indent further, or write '{name}: {{...}}'"
        return "write each of them as an item of its own, with '-' before it"
    if "class_name" in value:
        return "write 'Name: {argument: value}' instead of 'class_name' and 'config'"
    return ""


def _read_named(options: tuple[Object, ...], name: str, arguments: Any, loc: Loc, inside: Loc, what: str) -> Read:
    """Reads an object by its name. `inside` is where its arguments stand: `loc` itself for a bare name."""
    known = catalog()
    bare = inside == loc
    option, info = _find(known, options, name, bare)
    at: Literal["key", "value"] = "value" if bare else "key"
    if option is None:
        return _unknown(known, options, name, inside, at, what)
    if info is None or option.family == "activation":
        return _read_function(known, option, name, arguments, inside, at)
    if info.abstract:
        message = f"{name} is only the base of other {_plural(option.family)} and does nothing itself"
        return Read(None, (ObjectProblem("refused-class", message, inside, name, "", at),))
    if info.refused:
        message = f"{name} cannot be used in a config: {info.refused}"
        return Read(None, (ObjectProblem("refused-class", message, inside, name, "", at),))
    if option.classes and info.name not in option.classes:
        message = f"{what or 'this'} must be {expected(option)}, received {info.name}"
        return Read(None, (ObjectProblem("wrong-type", message, inside, name, "", at),))
    if not isinstance(arguments, dict):
        message = f"the arguments of {name} must be a mapping, received {received(arguments)}"
        return Read(None, (ObjectProblem("bad-object", message, inside, arguments, _shorthand_hint(info, name, arguments)),))
    given, problems = _read_arguments(known, info, name, arguments, inside, at)
    return Read(KerasObject(option.family, name, info.name, given), problems)


def _find(
    known: Catalog, options: tuple[Object, ...], name: str, bare: bool
) -> tuple[Object | None, ClassInfo | None]:
    """Returns the option that has this name, and the class; no class for names resolved by shape."""
    for option in options:
        aliases = known.aliases(option.family)
        if bare and name in aliases and aliases[name] is None:
            return option, None
        info = known.find(option.family, name)
        if info is None and option.family == "optimizer":
            info = known.find(option.family, name.lower())  # Keras ignores the case of optimizers
        if info is not None:
            return option, info
        if name in aliases:
            return option, None
    return None, None


def _unknown(
    known: Catalog, options: tuple[Object, ...], name: str, loc: Loc, at: Literal["key", "value"], what: str
) -> Read:
    from nnrun.config.keras_hints import class_hint

    message = f"unknown {family_word(options[0].family)} {shortened(name)}" + (f" for {what}" if what else "")
    problem = ObjectProblem("unknown-class", message, loc, name, class_hint(known, options, name), at)
    return Read(None, (problem,), 1)


def _read_function(
    known: Catalog, option: Object, name: str, arguments: Any, inside: Loc, at: Literal["key", "value"]
) -> Read:
    """Reads an activation function, or a name that Keras resolves by the shape of the labels."""
    info = known.find(option.family, name)
    if info is not None and info.refused:
        message = f"{name} cannot be used in a config: {info.refused}"
        return Read(None, (ObjectProblem("refused-class", message, inside, name, "", at),))
    if arguments != {}:
        hint = ""
        if option.family == "activation":
            from nnrun.config.keras_hints import closest

            layer = closest(name, ("ELU", "LeakyReLU", "ReLU", "Softmax"))
            hint = f"write the layer instead: '{layer}: {{...}}'" if layer else ""
            message = f"the activation {name} takes no arguments in a config"
        else:
            message = f"{name} takes no arguments: Keras chooses the class by the shape of the labels"
            hint = "write the class, such as " + (
                "'CategoricalAccuracy: {...}'" if option.family == "metric" else "'CategoricalCrossentropy: {...}'"
            )
        return Read(None, (ObjectProblem("bad-object", message, inside, arguments, hint),))
    return Read(KerasObject(option.family, name, None))


def _shorthand_hint(info: ClassInfo, name: str, value: Any) -> str:
    if not info.arguments:
        return f"{name} takes no arguments: write the name alone"
    first = info.required[0] if info.required else next(iter(info.arguments))
    fits = isinstance(value, (str, int, float)) and not _read(info.arguments[first].kind, value, (), "").problems
    if len(info.required) > 1 or not fits:
        return f"write '{name}: {{{first}: ...}}'"
    shown = str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else repr(value)
    return f"write '{name}: {{{first}: {shown}}}'"


def _read_arguments(
    known: Catalog, info: ClassInfo, name: str, arguments: dict[Any, Any], loc: Loc, at: Literal["key", "value"]
) -> tuple[dict[str, Any], tuple[ObjectProblem, ...]]:
    problems: list[ObjectProblem] = []
    given: dict[str, Any] = {}
    misnamed: set[str] = set()
    for key, value in arguments.items():
        argument = info.arguments.get(key) if isinstance(key, str) else None
        if argument is None:
            from nnrun.config.keras_hints import argument_hint

            shown = shortened(key) if isinstance(key, str) else received(key)
            hint = argument_hint(known, info, str(key), arguments)
            misnamed |= {required for required in info.required if f"'{required}'" in hint}
            place = (*loc, key) if isinstance(key, (str, int)) else loc
            message = f"{name} has no argument {shown}"
            problems.append(ObjectProblem("unknown-argument", message, place, value, hint, "key"))
            continue
        read = _read(argument.kind, value, (*loc, key), f"{key!r} of {name}")
        problems.extend(read.problems)
        given[key] = read.value
    for required in info.required:
        # An argument that was only misspelt is reported once, as what it is.
        if required not in arguments and required not in misnamed:
            needs = f"{name} needs the argument '{required}' ({expected(info.arguments[required].kind)})"
            hint = f"write '{name}: {{{', '.join(f'{each}: ...' for each in info.required)}}}'"
            problems.append(ObjectProblem("missing-argument", needs, loc, arguments, hint, at))
    return given, tuple(problems)


def _read(kind: Kind, value: Any, loc: Loc, what: str) -> Read:
    """Reads a value of a kind; `what` names it at the start of a message."""
    if isinstance(kind, Either):
        return _read_either(kind, value, loc, what)
    if isinstance(kind, Object):
        return _read_objects((kind,), value, loc, what)
    if isinstance(kind, Number):
        return _read_number(kind, value, loc, what)
    if isinstance(kind, Listing):
        return _read_list(kind, value, loc, what)
    if isinstance(kind, Table):
        return _read_table(kind, value, loc, what)
    if isinstance(kind, Choice):
        return _read_choice(kind, value, loc, what)
    fits = (
        isinstance(kind, Anything)
        or (isinstance(kind, Boolean) and isinstance(value, bool))
        or (isinstance(kind, Text) and isinstance(value, str))
        or (isinstance(kind, Null) and value is None)
    )
    if fits:
        return Read(frozen(value))
    hint = "leave it out" if isinstance(kind, Unusable) else ""
    return _wrong(kind, value, loc, what, hint)


def _wrong(kind: Kind, value: Any, loc: Loc, what: str, hint: str = "") -> Read:
    message = f"{what} must be {expected(kind)}, received {received(value)}"
    return Read(None, (ObjectProblem("wrong-type", message, loc, value, hint),), 0)


def _read_either(kind: Either, value: Any, loc: Loc, what: str) -> Read:
    objects = tuple(option for option in kind.options if isinstance(option, Object))
    plain = [option for option in kind.options if not isinstance(option, (Object, Unusable))]
    reads = [_read(option, value, loc, what) for option in plain]
    for read in reads:
        if not read.problems:
            return read
    best = max(reads, key=lambda read: read.near, default=None)
    if objects and isinstance(value, (str, dict)) and not (best and best.near):
        read = _read_objects(objects, value, loc, what)
        # A string where a number or an object is possible is a number in quotes, or a name.
        if read.near == 2 or not read.problems or not _is_number_text(value):
            return read
    if any(isinstance(option, Unusable) for option in kind.options):
        return _wrong(kind, value, loc, what, "leave it out: only Python code could give anything else")
    if best is None or best.near == 0:
        hint = _type_hint(next((each for each in kind.options if isinstance(each, Number)), None), value)
        return _wrong(kind, value, loc, what, hint)
    return best


def _is_number_text(value: Any) -> bool:
    try:
        return isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        return False


def _type_hint(kind: Number | None, value: Any) -> str:
    if kind is None:
        return ""
    if _is_number_text(value):
        return "remove the quotes"
    if kind.integer and isinstance(value, float) and value.is_integer():
        return f"write {int(value)}" if abs(value) < _LARGEST else ""
    return ""


def _read_number(kind: Number, value: Any, loc: Loc, what: str) -> Read:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (kind.integer and isinstance(value, float)):
        return _wrong(kind, value, loc, what, _type_hint(kind, value))
    within = (isinstance(value, int) and abs(value) < _LARGEST) or (isinstance(value, float) and math.isfinite(value))
    if within and all(_holds(value, sign, limit) for sign, limit in kind.bounds):
        return Read(value)
    message = f"{what} must be {expected(kind)}, received {received(value)}"
    return Read(None, (ObjectProblem("out-of-range", message, loc, value),), 1)


def _holds(value: float, sign: str, limit: float) -> bool:
    if sign == ">":
        return value > limit
    if sign == ">=":
        return value >= limit
    return value < limit if sign == "<" else value <= limit


def _read_list(kind: Listing, value: Any, loc: Loc, what: str) -> Read:
    if not isinstance(value, list):
        return _wrong(kind, value, loc, what)
    if kind.length is not None and len(value) != kind.length:
        read = _wrong(kind, value, loc, what)
        return Read(None, read.problems, 1)
    reads = [_read(kind.items, item, (*loc, index), f"item {index + 1} of {what}") for index, item in enumerate(value)]
    problems = tuple(problem for read in reads for problem in read.problems)
    return Read(tuple(read.value for read in reads), problems, 1 if problems else 2)


def _read_table(kind: Table, value: Any, loc: Loc, what: str) -> Read:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return _wrong(kind, value, loc, what)
    reads = {key: _read(kind.values, item, (*loc, key), f"{key!r} in {what}") for key, item in value.items()}
    problems = tuple(problem for read in reads.values() for problem in read.problems)
    return Read(frozen({key: read.value for key, read in reads.items()}), problems, 1 if problems else 2)


def _read_choice(kind: Choice, value: Any, loc: Loc, what: str) -> Read:
    if isinstance(value, str) and value in kind.values:
        return Read(value)
    read = _wrong(kind, value, loc, what)
    if isinstance(value, str):
        from nnrun.config.keras_hints import closest

        meant = closest(value, kind.values)
        hint = f"did you mean '{meant}'?" if meant else ""
        return Read(None, (ObjectProblem("wrong-type", read.problems[0].message, loc, value, hint),), 1)
    return read


def _plural(family: Family) -> str:
    word = family_word(family)
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}es" if word.endswith("s") else f"{word}s"
