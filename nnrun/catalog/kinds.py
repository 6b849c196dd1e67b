"""Which values an argument takes, written as short text such as `int>0|[int>0]*2|null`.

The text is what the catalogue stores and what a reviewer reads in a diff:

| text | accepts |
|---|---|
| `int`, `float` | a whole number; any finite number. Bounds follow: `int>0`, `float>=0<=1` |
| `bool`, `str`, `null` | exactly that |
| `'same'` | this string |
| `layer`, `initializer`, … | a Keras object of that family; `layer(LSTM,GRU)` only of these classes |
| `[K]`, `[K]*2` | a list of `K`; of exactly two |
| `{K}` | a mapping from strings to `K` |
| `function` | nothing that a config could give: a Python function, tensor or instance |
| `any` | every value: not known, or truly anything |
| another word | a kind that the catalogue names once and uses often, such as `dtype` |

`|` separates alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from nnrun.catalog.families import Family

FAMILIES: frozenset[str] = frozenset(get_args(Family))


# Named tuples, and not dataclasses, as those take four milliseconds of every `nnrun check` to define.


class Plain(NamedTuple):
    """What needs no more than a word: `bool`, `str`, `null`, `function` (nothing that YAML has) or `any`."""

    word: Literal["bool", "str", "null", "function", "any"]


class Number(NamedTuple):
    """A number within bounds.

    Args:
        integer: Whole numbers only.
        bounds: Pairs of a comparison (`>`, `>=`, `<`, `<=`) and a limit; all must hold.
    """

    integer: bool
    bounds: tuple[tuple[str, float], ...] = ()


class Choice(NamedTuple):
    """One of a few strings."""

    values: tuple[str, ...]


class Object(NamedTuple):
    """A Keras object.

    Args:
        family: Its family.
        classes: The classes that fit; empty for every class of the family.
    """

    family: Family
    classes: tuple[str, ...] = ()


class Listing(NamedTuple):
    """A list.

    Args:
        items: What each item is.
        length: How many there must be, or None for any number.
    """

    items: Kind
    length: int | None = None


class Table(NamedTuple):
    """A mapping from strings to values of one kind."""

    values: Kind


class Either(NamedTuple):
    """One of several kinds."""

    options: tuple[Kind, ...]


Kind = Plain | Number | Choice | Object | Listing | Table | Either

_TOKEN = re.compile(
    r"\s*(?:(?P<word>[A-Za-z_]\w*)|'(?P<choice>[^']*)'"
    r"|(?P<bound>[<>]=?)(?P<limit>-?\d+(?:\.\d+)?)|\*(?P<length>\d+)|(?P<sign>[\[\]{}()|,]))"
)
_PLAIN: Mapping[str, Plain] = {
    "bool": Plain("bool"),
    "str": Plain("str"),
    "null": Plain("null"),
    "function": Plain("function"),
    "any": Plain("any"),
}


class KindSyntaxError(ValueError):
    """A kind is not written as this module's table says: a mistake in the overlay or the generator."""


def parse_kind(text: str, named: Mapping[str, str] | None = None) -> Kind:
    """Reads a kind from its text.

    Args:
        text: Such as `int>0|null`.
        named: The texts of kinds that are used by name.

    Returns:
        The kind.

    Raises:
        KindSyntaxError: The text is not a kind.
    """
    return _Parser(text, named or {}).parse()


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, named: Mapping[str, str]) -> None:
        self.text = text
        self.named = named
        self.tokens: list[re.Match[str]] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise KindSyntaxError(f"cannot read the kind {text!r} at {text[at:]!r}")
            self.tokens.append(match)
            at = match.end()
        self.next = 0

    def parse(self) -> Kind:
        kind = self.either()
        if self.next != len(self.tokens):
            raise KindSyntaxError(f"more than one kind in {self.text!r}")
        return kind

    def either(self) -> Kind:
        options = [self.one()]
        while self.sign("|"):
            options.append(self.one())
        choices: list[str] = []
        flat: list[Kind] = []
        for option in options:
            for part in option.options if isinstance(option, Either) else (option,):
                if isinstance(part, Choice):
                    if not choices:
                        flat.append(part)
                    choices.extend(part.values)
                else:
                    flat.append(part)
        flat = [Choice(tuple(choices)) if isinstance(part, Choice) else part for part in flat]
        return flat[0] if len(flat) == 1 else Either(tuple(flat))

    def one(self) -> Kind:
        if self.sign("["):
            items = self.either()
            self.expect("]")
            length = self.take("length")
            return Listing(items, None if length is None else int(length))
        if self.sign("{"):
            values = self.either()
            self.expect("}")
            return Table(values)
        choice = self.take("choice")
        if choice is not None:
            return Choice((choice,))
        word = self.take("word")
        if word is None:
            raise KindSyntaxError(f"a kind is missing in {self.text!r}")
        if word in ("int", "float"):
            return Number(word == "int", self.bounds())
        if word in _PLAIN:
            return _PLAIN[word]
        if word in FAMILIES:
            return Object(word, self.classes())  # type: ignore[arg-type]  # just tested
        if word in self.named:
            return parse_kind(self.named[word], self.named)
        raise KindSyntaxError(f"unknown kind {word!r} in {self.text!r}")

    def bounds(self) -> tuple[tuple[str, float], ...]:
        found = []
        while self.next < len(self.tokens) and (sign := self.tokens[self.next]["bound"]):
            found.append((sign, float(self.tokens[self.next]["limit"])))
            self.next += 1
        return tuple(found)

    def classes(self) -> tuple[str, ...]:
        if not self.sign("("):
            return ()
        names = []
        while (name := self.take("word")) is not None:
            names.append(name)
            self.sign(",")
        self.expect(")")
        return tuple(names)

    def take(self, group: str) -> str | None:
        if self.next < len(self.tokens) and self.tokens[self.next][group] is not None:
            self.next += 1
            return self.tokens[self.next - 1][group]
        return None

    def sign(self, sign: str) -> bool:
        if self.next < len(self.tokens) and self.tokens[self.next]["sign"] == sign:
            self.next += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.sign(sign):
            raise KindSyntaxError(f"{sign!r} is missing in {self.text!r}")
