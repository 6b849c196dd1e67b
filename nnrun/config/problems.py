"""What is wrong with a config, where, and what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nnrun.errors import NnrunError

KeyPath = tuple[str | int, ...]
"""The way from the top of a config to a value: `("model", "layers", 0, "Dense", "units")`."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Source:
    """A text that values came from: a file, or one `KEY=VALUE` argument.

    Args:
        name: What to call it in a message: the path as the user wrote it, or the argument.
        text: The whole text, for showing the line of a problem.
        kind: `file` or `argument`.
    """

    name: str
    text: str
    kind: Literal["file", "argument"] = "file"


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of one line of a source.

    Args:
        source: The text that it lies in.
        line: Line, from 1.
        column: Column, from 1, in characters.
        length: How many characters to underline, at least 1.
    """

    source: Source
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or doubtful, in a config.

    Args:
        code: Stable name of the kind of problem, such as `unknown-key`; see the README.
        message: What is wrong: what was expected and what was received.
        place: Where, or None where nothing in a text can be pointed at.
        path: The key path, written `model.layers[0].Dense.units`; empty for the whole file.
        hint: What to do, such as `did you mean 'units'?`; may be empty.
        severity: Errors make the config invalid, warnings only with `--strict`.
    """

    code: str
    message: str
    place: Place | None
    path: str = ""
    hint: str = ""
    severity: Severity = "error"


class ConfigError(NnrunError):
    """A config cannot be used.

    Args:
        problems: All of them, errors and warnings, in the order of the file; at least one error.
    """

    exit_code = 3

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.message for problem in self.problems))


def format_path(path: KeyPath) -> str:
    """Writes a key path as users write it in overrides, such as `model.layers[0].Dense.units`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
