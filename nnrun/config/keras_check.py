"""Checks Keras objects of a config against the catalogue: all problems at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnrun.catalog.families import Family
from nnrun.catalog.kinds import Either, Kind, Listing, Number, Object, Plain, Table
from nnrun.catalog.reading import ClassInfo, catalog
from nnrun.config.keras_object import KerasObject, frozen
from nnrun.config.keras_scalars import (
    At,
    Loc,
    ObjectProblem,
    Read,
    is_number_text,
    number_hint,
    read_scalar,
    refused,
    wrong_type,
)
from nnrun.config.keras_words import expected, family_word, inline, plural, received, shortened, with_article


def read_object(family: Family, value: Any) -> tuple[KerasObject | None, tuple[ObjectProblem, ...]]:
    """Reads `Name` or `Name: {argument: value}`.

    Args:
        family: What it has to be.
        value: The YAML value.

    Returns:
        The object, or None and all its problems.
    """
    read = _read_object((Object(family),), value, (), "")
    return (None, read.problems) if read.problems else (read.value, ())


def _read_object(options: tuple[Object, ...], value: Any, loc: Loc, what: str) -> Read:
    """Reads an object, which may be of several families: an activation function or an activation layer.

    Args:
        options: What it may be, the usual one first.
        value: The YAML value.
        loc: Where it stands.
        what: What to call it in a message, such as `'activation' of Dense`; empty at the top.
    """
    if isinstance(value, str):
        return _Named(options, value, loc, "value", what).read({})
    if isinstance(value, dict) and len(value) == 1:
        ((name, arguments),) = value.items()
        if isinstance(name, str):
            named = _Named(options, name, (*loc, name), "key", what)
            return named.read({} if arguments is None else arguments)
    wanted = with_article(options[0].family)
    message = f"{what} must be {wanted}" if what else f"expected {wanted}"
    hint = "write its name, or 'Name: {argument: value}'"
    if isinstance(value, dict) and len(value) > 1:
        message = f"{message}, which is one name with its arguments"
        hint = _many_keys_hint(options, value) or hint
    message = f"{message}, received {received(value)}"
    return refused(ObjectProblem("bad-object", message, loc, value, hint), int(isinstance(value, dict)))


def _many_keys_hint(options: tuple[Object, ...], value: Mapping[Any, Any]) -> str:
    """Explains the most common slip: arguments that stand beside the name and not below it."""
    for name in value:
        for option in options:
            info = catalog().find(option.family, name) if isinstance(name, str) else None
            if info is None:
                continue
            beside = [f"'{key}'" for key in value if isinstance(key, str) and key in info.arguments]
            if beside:
                return f"indent {' and '.join(beside)} further, below '{name}'"
            return "write each of them as an item of its own, with '-' before it"
    if "class_name" in value:
        return "write 'Name: {argument: value}' instead of 'class_name' and 'config'"
    return ""


class _Named:
    """An object whose name has been found.

    Args:
        options: What it may be.
        name: Its name.
        loc: Where the name stands, and its arguments.
        at: Whether the name is a key there, or the whole value.
        what: What to call it in a message; empty at the top.
    """

    def __init__(self, options: tuple[Object, ...], name: str, loc: Loc, at: At, what: str) -> None:
        self.options = options
        self.name = name
        self.loc = loc
        self.at = at
        self.what = what

    def read(self, arguments: Any) -> Read:
        option, info = self._find()
        if option is None:
            return self._unknown()
        if info is not None:
            reason = _why_unusable(option, info)
            if reason:
                return self._problem("refused-class", f"{self.name} {reason}")
            if option.classes and info.name not in option.classes:
                message = f"{self.what} must be {expected(option)}, received {self.name}"
                return self._problem("wrong-type", message)
        if info is None or option.family == "activation":
            return self._function(option, arguments)
        if not isinstance(arguments, dict):
            message = f"the arguments of {self.name} must be a mapping, received {received(arguments)}"
            hint = _shorthand_hint(info, self.name, arguments)
            return refused(ObjectProblem("bad-object", message, self.loc, arguments, hint))
        given, problems = self._arguments(info, arguments)
        if problems:
            return Read(None, tuple(problems))
        return Read(KerasObject(option.family, self.name, info.name, given))

    def _find(self) -> tuple[Object | None, ClassInfo | None]:
        """Returns the option that has this name, and its class; no class where Keras chooses it by shape."""
        known = catalog()
        for option in self.options:
            aliases = known.aliases(option.family)
            # `Accuracy: {name: x}` is the class, a bare `Accuracy` what Keras makes of this string.
            if self.at == "value" and aliases.get(self.name, "") is None:
                return option, None
            # Keras ignores the case of optimizers.
            names = (self.name, self.name.lower()) if option.family == "optimizer" else (self.name,)
            for name in names:
                info = known.find(option.family, name)
                if info is not None or name in aliases:
                    return option, info
        return None, None

    def _problem(self, code: str, message: str, hint: str = "") -> Read:
        return refused(ObjectProblem(code, message, self.loc, self.name, hint, self.at), 2)

    def _unknown(self) -> Read:
        from nnrun.config.keras_hints import class_hint

        message = f"unknown {family_word(self.options[0].family)} {shortened(self.name)}"
        if self.what:
            message += f" for {self.what}"
        hint = class_hint(catalog(), self.options, self.name)
        return Read(None, self._problem("unknown-class", message, hint).problems, 1)

    def _function(self, option: Object, arguments: Any) -> Read:
        """Reads an activation function, or a name that Keras resolves by the shape of the labels."""
        if arguments == {}:
            return Read(KerasObject(option.family, self.name, None))
        from nnrun.config.keras_hints import class_with_arguments

        meant = class_with_arguments(option.family, self.name)
        why = "is a plain function" if option.family == "activation" else "is chosen by the labels' shape"
        message = f"{self.name} takes no arguments in a config: it {why}"
        hint = f"write the class instead: '{meant}: {{...}}'" if meant else ""
        return refused(ObjectProblem("bad-object", message, self.loc, arguments, hint))

    def _arguments(
        self, info: ClassInfo, arguments: dict[Any, Any]
    ) -> tuple[dict[str, Any], list[ObjectProblem]]:
        problems: list[ObjectProblem] = []
        given: dict[str, Any] = {}
        misnamed: set[str] = set()
        for key, value in arguments.items():
            argument = info.arguments.get(key) if isinstance(key, str) else None
            if argument is None:
                problem, meant = self._unknown_argument(info, key, arguments)
                problems.append(problem)
                misnamed.add(meant)
                continue
            read = _read(argument.kind, value, (*self.loc, key), f"'{key}' of {self.name}")
            problems.extend(read.problems)
            given[key] = read.value
        # A misspelt argument is reported once, as what it is, and not as missing too.
        missing = [name for name in info.required if name not in arguments and name not in misnamed]
        for name in missing:
            message = f"{self.name} needs '{name}': {expected(info.arguments[name].kind)}"
            hint = f"write '{self.name}: {{{', '.join(f'{each}: ...' for each in info.required)}}}'"
            problems.append(ObjectProblem("missing-argument", message, self.loc, arguments, hint, self.at))
        return given, problems

    def _unknown_argument(
        self, info: ClassInfo, key: Any, arguments: dict[Any, Any]
    ) -> tuple[ObjectProblem, str]:
        """Returns the problem, and the argument that was probably meant (or an empty string)."""
        from nnrun.config.keras_hints import argument_hint

        text = key if isinstance(key, str) else received(key)
        hint, meant = argument_hint(catalog(), info, text, arguments)
        message = f"{self.name} has no argument {shortened(key) if isinstance(key, str) else text}"
        loc = (*self.loc, key) if isinstance(key, str) else self.loc
        return ObjectProblem("unknown-argument", message, loc, arguments[key], hint, "key"), meant


def _why_unusable(option: Object, info: ClassInfo) -> str:
    if info.refused:
        return f"cannot be used in a config: {info.refused}"
    if info.abstract:
        return f"is only the base of other {plural(option.family)} and does nothing itself"
    return ""


def _shorthand_hint(info: ClassInfo, name: str, value: Any) -> str:
    """Shows the long form of `Dropout: 0.5`."""
    if not info.arguments:
        return f"{name} takes no arguments: write the name alone"
    if isinstance(value, list) and 0 < len(value) <= len(info.arguments):
        shown = _by_position(info, value)
        if shown:
            return f"write '{name}: {{{shown}}}'"
    first = info.required[0] if info.required else next(iter(info.arguments))
    fits = not _read(info.arguments[first].kind, value, (), "").problems
    shown = inline(value) if fits and len(info.required) <= 1 else ""
    return f"write '{name}: {{{first}: {shown or '...'}}}'"


def _by_position(info: ClassInfo, values: list[Any]) -> str:
    """Names the values of `Dense: [8, relu]`; empty where they do not fit the arguments in their order."""
    pairs = list(zip(info.arguments.values(), values, strict=False))
    if any(_read(argument.kind, value, (), "").problems or not inline(value) for argument, value in pairs):
        return ""
    return ", ".join(f"{argument.name}: {inline(value)}" for argument, value in pairs)


def _read(kind: Kind, value: Any, loc: Loc, what: str) -> Read:
    """Reads a value of any kind; `what` names it at the start of a message."""
    if isinstance(kind, Either):
        return _read_either(kind, value, loc, what)
    if isinstance(kind, Object):
        return _read_object((kind,), value, loc, what)
    if isinstance(kind, Listing):
        return _read_list(kind, value, loc, what)
    if isinstance(kind, Table):
        return _read_table(kind, value, loc, what)
    return read_scalar(kind, value, loc, what)


def _read_either(kind: Either, value: Any, loc: Loc, what: str) -> Read:
    """Reads the option that fits; where none does, reports what is wrong for the one that comes nearest."""
    objects = tuple(option for option in kind.options if isinstance(option, Object))
    reads = [_read(option, value, loc, what) for option in kind.options if not isinstance(option, Object)]
    if objects and isinstance(value, (str, dict)) and not is_number_text(value):
        reads.append(_read_object(objects, value, loc, what))
    for read in reads:
        if not read.problems:
            return read
    best = max(reads, key=lambda read: read.near)
    if best.near > 0:
        return best
    if Plain("function") in kind.options:
        return wrong_type(kind, value, loc, what, "leave it out: only Python code could give anything else")
    if any(option.family == "regularizer" for option in objects) and isinstance(value, (int, float)):
        return wrong_type(kind, value, loc, what, f"write '{{L2: {{l2: {inline(value)}}}}}'")
    numbers = [option for option in kind.options if isinstance(option, Number)]
    return wrong_type(kind, value, loc, what, number_hint(numbers[0], value) if numbers else "")


def _read_list(kind: Listing, value: Any, loc: Loc, what: str) -> Read:
    if not isinstance(value, list) or (kind.length is not None and len(value) != kind.length):
        return wrong_type(kind, value, loc, what)
    reads = [
        _read(kind.items, item, (*loc, index), f"item {index + 1} of {what}")
        for index, item in enumerate(value)
    ]
    problems = tuple(problem for read in reads for problem in read.problems)
    return Read(tuple(read.value for read in reads), problems, 1)


def _read_table(kind: Table, value: Any, loc: Loc, what: str) -> Read:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return wrong_type(kind, value, loc, what)
    reads = {
        key: _read(kind.values, item, (*loc, key), f"{shortened(key)} in {what}")
        for key, item in value.items()
    }
    problems = tuple(problem for read in reads.values() for problem in read.problems)
    return Read(frozen({key: read.value for key, read in reads.items()}), problems, 1)
