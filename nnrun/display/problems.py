"""Problems of a config as text: for people, as JSON, and as annotations of GitHub."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nnrun.config.problems import Place, Problem
from nnrun.config.syntax import line_of
from nnrun.config.urls import masked
from nnrun.display.cells import width
from nnrun.display.paint import BOLD, CYAN, FAINT, RED, YELLOW, painted, uses_colour

__all__ = [
    "as_github",
    "as_json",
    "as_record",
    "printable",
    "render",
    "uses_colour",
    "workflow_command",
]

_WIDTH = 110  # longer source lines are cut around the place


def render(problems: Iterable[Problem], colour: bool = False) -> str:
    """Returns problems as text for people, each with its line and a caret under the place.

    Logins in the addresses of a line are not shown: outputs end up in logs that others read.

    Args:
        problems: The problems, in the order in which to show them.
        colour: Whether to write ANSI colours.
    """
    return masked("\n".join(_render_one(problem, colour) for problem in problems))


def as_record(problem: Problem, file: str) -> dict[str, Any]:
    """Returns a problem as a JSON object; `line`, `column` and `length` count characters, from 1.

    Args:
        problem: The problem.
        file: The config that was checked; the problem may lie in a file that it extends.
    """
    place = problem.place
    in_argument = place is not None and place.source.kind == "argument"
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": masked(problem.message),
        "hint": masked(problem.hint),
        "path": problem.path,
        "file": _file(place, file),
        "argument": masked(place.source.name) if place is not None and in_argument else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "length": place.length if place else None,
    }


def as_json(files: Sequence[dict[str, Any]]) -> str:
    """Returns the results of a check as one JSON document."""
    return json.dumps({"files": list(files)}, indent=2)


def as_github(problem: Problem, file: str) -> str:
    """Returns a problem as a workflow command, which GitHub shows beside the line."""
    place = problem.place
    fields = {"file": _file(place, file)}
    if place is not None and place.source.kind == "file":
        fields |= {"line": str(place.line), "col": str(place.column)}
        fields["endColumn"] = str(place.column + place.length)
    fields["title"] = problem.code
    text = f"{problem.path}: {problem.message}" if problem.path else problem.message
    if problem.hint:
        text += f"\n{problem.hint}"
    return workflow_command(problem.severity, fields, text)


def workflow_command(severity: str, fields: Mapping[str, str], text: str) -> str:
    """Returns a command that has GitHub show something; logins in addresses are masked.

    Args:
        severity: `error`, `warning` or `notice`.
        fields: Properties of the command, such as `file` and `title`.
        text: What to show; may have several lines.
    """
    properties = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in fields.items())
    return f"::{severity} {properties}::{_escaped(masked(text))}"


def _render_one(problem: Problem, colour: bool) -> str:
    def paint(text: str, *codes: str) -> str:
        return painted(text, *codes) if colour else text

    tone = RED if problem.severity == "error" else YELLOW
    head = paint(problem.severity, BOLD, tone) + ": "
    if problem.path:
        head += f"{printable(problem.path)}: "
    head += f"{printable(problem.message)} {paint(f'[{problem.code}]', FAINT)}"
    place = problem.place
    lines = [head]
    if place is not None:
        lines[0] = f"{paint(_where(place), BOLD)}: {head}"
        text, before, marked = _excerpt(place)
        number = str(place.line) if place.source.kind == "file" else ""
        margin = " " * len(number)
        lines.append(f"  {paint(f'{number} |', FAINT)} {text}")
        lines.append(f"  {paint(f'{margin} |', FAINT)} {' ' * before}{paint('^' * marked, BOLD, tone)}")
    if problem.hint:
        lines.append(f"  {paint('hint:', CYAN)} {printable(problem.hint)}")
    return "\n".join(lines)


def _file(place: Place | None, file: str) -> str:
    return place.source.name if place is not None and place.source.kind == "file" else file


def _where(place: Place) -> str:
    if place.source.kind == "argument":
        return "argument"
    return f"{printable(place.source.name)}:{place.line}:{place.column}"


def _excerpt(place: Place) -> tuple[str, int, int]:
    """Returns the line to show, the cells before the place and the cells of the place."""
    line = line_of(place.source, place.line)
    start = min(place.column - 1, len(line))
    end = max(start + 1, min(start + place.length, len(line)))
    prefix = suffix = ""
    if len(line) > _WIDTH:
        begin = max(0, min(start - _WIDTH // 3, len(line) - _WIDTH))
        stop = begin + _WIDTH
        prefix, suffix = ("…" if begin else ""), ("…" if stop < len(line) else "")
        line, start, end = line[begin:stop], start - begin, min(end, stop) - begin
    text = prefix + printable(line) + suffix
    return text, len(prefix) + width(line[:start]), max(1, width(line[start:end]))


def printable(text: str) -> str:
    """Returns a text without control characters, which could move the cursor or colour the terminal."""
    if text.isprintable():
        return text
    return "".join(
        "  " if character == "\t" else character if character.isprintable() or character == " " else "\ufffd"
        for character in text
    )


def _escaped(text: str, more: str = "") -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for character in more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
