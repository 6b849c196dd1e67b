"""Expressions that choose runs, such as `val_accuracy>0.9 and not (status=failed or name~^smoke)`.

    expression   = conjunction { "or" conjunction }
    conjunction  = negation { "and" negation }
    negation     = "not" negation | "(" expression ")" | comparison
    comparison   = KEY ( "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" ) VALUE

VALUE is a word as YAML reads it, a text in quotes, or a list in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from nnrun.comparison.matching import Comparison
from nnrun.display.cells import width
from nnrun.errors import UsageError
from nnrun.rundir.reading import Run

_KEY = re.compile(r"[A-Za-z_][\w.-]*(?:\[\d+\][\w.-]*)*")
_SIGN = re.compile(r">=|<=|!=|!~|==|=|>|<|~")
_VALUE = re.compile(r'"[^"]*"|\'[^\']*\'|\[[^\[\]]*\]|[^\s()"\']+')

_OPEN = re.compile(r"\(")
_CLOSE = re.compile(r"\)")
_MOST_NESTED = 50

_EXAMPLE = "Write it like val_accuracy>0.9, status=failed or 'fit.batch_size=32 and not name~^smoke'."


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition on runs.

    Args:
        text: How it was written.
        keys: The keys of runs that it looks at.
        holds: Tells whether a run fulfils it.
    """

    text: str
    keys: tuple[str, ...]
    holds: Callable[[Run], bool]


def parse(text: str) -> Expression:
    """Reads an expression.

    Raises:
        UsageError: It is none; the message points at the place.
    """
    reader = _Reader(text)
    holds = reader.expression()
    if reader.position < len(text):
        reader.fail("expected 'and', 'or' or the end")
    return Expression(text, tuple(reader.keys), holds)


_Test = Callable[[Run], bool]


@dataclass(slots=True)
class _Reader:
    """Reads an expression from left to right.

    Args:
        text: The expression.
        position: Where the next word begins.
        keys: The keys so far.
        depth: How many parentheses and negations are open.
    """

    text: str
    position: int = 0
    keys: list[str] = field(default_factory=list)
    depth: int = 0

    def __post_init__(self) -> None:
        self._go_to(0)

    def expression(self) -> _Test:
        parts = [self._conjunction()]
        while self._word("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda run: any(part(run) for part in parts)

    def _conjunction(self) -> _Test:
        parts = [self._negation()]
        while self._word("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else lambda run: all(part(run) for part in parts)

    def _negation(self) -> _Test:
        at = self.position
        negated = self._word("not")
        if not negated and self._take(_OPEN) is None:
            return self._comparison()
        self.depth += 1
        if self.depth > _MOST_NESTED:
            self.fail(f"more than {_MOST_NESTED} parentheses or 'not' inside each other", at)
        if negated:
            inner = self._negation()
        else:
            inner = self.expression()
            if self._take(_CLOSE) is None:
                self.fail("this parenthesis is not closed", at)
        self.depth -= 1
        return (lambda run: not inner(run)) if negated else inner

    def _comparison(self) -> _Test:
        key = self._take(_KEY)
        if key is None:
            self.fail("expected a comparison such as val_accuracy>0.9")
        sign = self._take(_SIGN)
        if sign is None:
            self.fail(f"expected =, !=, <, <=, >, >= or ~ after {key[0]!r}")
        at = self.position
        value = self._take(_VALUE)
        if value is None:
            self.fail(f"expected a value after {sign[0]!r}")
        self.keys.append(key[0])
        quoted = value[0][0] in "\"'"
        try:
            written = value[0][1:-1] if quoted else value[0]
            return Comparison.of(key[0], sign[0], written, quoted=quoted).holds
        except ValueError as error:
            self.fail(str(error), at)

    def _word(self, word: str) -> bool:
        """Reads a word, unless it is the key of a comparison."""
        return self._take(re.compile(rf"{word}\b(?!\s*[=<>!~])")) is not None

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.position)
        if found is not None:
            self._go_to(found.end())
        return found

    def _go_to(self, position: int) -> None:
        rest = self.text[position:]
        self.position = position + len(rest) - len(rest.lstrip())

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        """Ends the reading with an error that points at a place, by default where it is now."""
        before = " " * width(self.text[: self.position if at is None else at])
        raise UsageError(f"cannot understand the filter: {message}\n  {self.text}\n  {before}^", _EXAMPLE)
