"""What the messages of the YAML parser mean to someone who writes a config.

libyaml and PyYAML's own parser word the same findings differently; both are covered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml

from nnrun.config.limits import MAX_DEPTH
from nnrun.config.problems import Place, Problem, Source

LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""The line breaks that the parser counts."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def line_of(source: Source, line: int) -> str:
    """Returns a line of a source, from 1, without its line break; empty past the end."""
    lines = _lines(source.text)
    return lines[line - 1] if 0 < line <= len(lines) else ""


@lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    return LINE_BREAK.split(text)


def place_at(source: Source, index: int, length: int = 1) -> Place:
    """Returns the place of the character at an index of a source, counted from 0."""
    lines = LINE_BREAK.split(source.text[:index])
    return Place(source, len(lines), len(lines[-1]) + 1, length)


def forbidden_character(source: Source) -> Problem | None:
    """Returns the problem of the first character that YAML does not allow, or None."""
    found = _FORBIDDEN.search(source.text)
    if found is None:
        return None
    number = ord(found.group())
    what = "a NUL byte" if number == 0 else f"the control character U+{number:04X}"
    return Problem(
        "bad-character",
        f"expected text, received {what}",
        place_at(source, found.start()),
        hint="remove it; if the file is no text at all, this is the wrong file",
    )


def syntax_problem(error: yaml.YAMLError, source: Source, offset: int) -> Problem:
    """Explains why the parser gave up.

    Args:
        error: What it raised.
        source: The text.
        offset: Where in the text the YAML begins: 0, or after the `=` of an override.
    """
    what = str(getattr(error, "problem", None) or "")
    context = str(getattr(error, "context", None) or "")
    mark: Any = getattr(error, "problem_mark", None)
    opening: Any = getattr(error, "context_mark", None)
    if mark is None:
        return Problem("yaml-syntax", "this is not YAML", Place(source, 1, 1))

    def place(mark: Any) -> Place:
        return Place(source, mark.line + 1, mark.column + 1 + (offset if mark.line == 0 else 0))

    here = place(mark)
    line = line_of(source, here.line)
    character = line[here.column - 1 : here.column]

    if "nesting depth" in what:
        # Newer versions of libyaml have a limit of their own, above this one, and say it before this one is reached.
        return Problem("too-deep", f"expected at most {MAX_DEPTH} levels of lists and mappings", here)
    if "flow sequence" in context or "flow mapping" in context:
        return _unclosed(context, place(opening) if opening else here, here, character)
    if "quoted scalar" in context and opening:
        start = place(opening)
        quote = line_of(source, start.line)[start.column - 1 : start.column] or '"'
        if "escape" in what:
            return Problem(
                "yaml-syntax",
                f"unknown escape {line[here.column - 1 : here.column + 1]} in a text in double quotes",
                here,
                hint="write \\\\ for a backslash, or use single quotes",
            )
        return Problem(
            "unclosed-quote",
            f"this quote {quote} is never closed",
            start,
            hint=f"add a {quote} after the text",
        )
    if character == "\t" or ("\t" in line[: here.column] and not line[: here.column].strip()):
        return Problem(
            "tab",
            "a tab cannot indent YAML",
            Place(source, here.line, line.index("\t") + 1),
            hint="indent with spaces",
        )
    if "mapping values are not allowed" in what:
        return _misplaced_colon(source, here, line)
    if character in ("*", "&") or line[here.column - 2 : here.column - 1] in ("*", "&"):
        # An alias or anchor without a name; the two parsers stop at it or just after it.
        start = here if character in ("*", "&") else Place(source, here.line, here.column - 1)
        sign = line[start.column - 1]
        return Problem(
            "yaml-syntax", f"a value cannot begin with {sign!r}", start, hint="put the value in quotes"
        )
    if "cannot start any token" in what:
        return Problem(
            "yaml-syntax",
            f"a value cannot begin with {character!r}",
            here,
            hint="put the value in quotes",
        )
    if "simple key" in context or "could not find expected ':'" in what:
        start = place(opening) if opening else here
        width = len(line_of(source, start.line).strip())
        return Problem(
            "yaml-syntax",
            "expected 'key: value' here",
            Place(source, start.line, start.column, max(1, width)),
            hint="put a colon and a space after the key",
        )
    if character in ("]", "}"):
        opened = "[" if character == "]" else "{"
        return Problem(
            "unclosed-bracket",
            f"this {character} closes nothing",
            here,
            hint=f"remove it, or write the {opened} that it belongs to",
        )
    if "block mapping" in context or "block collection" in context or "block sequence" in context:
        expected = "another '- item' of the list" if "mapping" not in context else "another 'key: value'"
        since = f" of what begins in line {opening.line + 1}" if opening else ""
        if character == ":":
            return Problem("yaml-syntax", "expected a key before ':'", here, hint="write 'key: value'")
        return Problem(
            "bad-indentation",
            f"expected {expected}{since}, received {_shown(line[here.column - 1 :])}",
            here,
            hint="entries that belong together start in the same column",
        )
    if "found undefined alias" in what or "tag" in context or "directive" in context:
        return Problem("yaml-syntax", f"{what or context}", here)
    return Problem("yaml-syntax", f"this is not YAML: {what or context}", here)


def _unclosed(context: str, start: Place, here: Place, character: str) -> Problem:
    bracket, closing = ("[", "]") if "sequence" in context else ("{", "}")
    found = f"line {here.line} has {character!r} instead" if character.strip() else "the text ends before"
    return Problem(
        "unclosed-bracket",
        f"this {bracket} is not closed: expected ',' or '{closing}', but {found}",
        start,
        hint=f"close it with {closing}",
    )


def _misplaced_colon(source: Source, here: Place, line: str) -> Problem:
    indent = len(line) - len(line.lstrip(" "))
    above = next(
        (text for text in reversed(LINE_BREAK.split(source.text)[: here.line - 1]) if text.strip()), ""
    )
    if ":" not in line[: here.column - 1] and len(above) - len(above.lstrip(" ")) < indent:
        return Problem(
            "bad-indentation",
            "this line is indented deeper than the one above, which already has a value",
            Place(source, here.line, indent + 1, max(1, here.column - 1 - indent)),
            hint="start it in the same column as the key above",
        )
    glued = re.fullmatch(r"\s*(?P<key>[\w-]+):(?P<value>\S+)\s*", above)
    if glued and len(above) - len(above.lstrip()) == indent:
        column = glued.start("key") + 1
        return Problem(
            "yaml-syntax",
            f"expected 'key: value', received {_shown(above)}",
            Place(source, here.line - 1, column, len(above.strip())),
            hint=f"write {glued['key']}: {glued['value']}, with a space after the colon",
        )
    if ":" not in line[: here.column - 1] and ":" not in above:
        number = here.line - 1
        return Problem(
            "yaml-syntax",
            f"expected 'key: value', received {_shown(above)}",
            Place(source, number, len(above) - len(above.lstrip()) + 1, max(1, len(above.strip()))),
            hint="put a colon and a space after the key",
        )
    return Problem(
        "yaml-syntax",
        "a second ':' is not allowed in one line",
        here,
        hint="put a text that contains ': ' in quotes, or write {key: value}",
    )


def _shown(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= 30 else text[:29] + "…") if text else "the end of the file"
