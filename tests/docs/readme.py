"""Reads the README; `python -m tests.docs.readme` writes its help texts anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nnrun.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
NAMES = ["", *(command.__name__ for command in COMMANDS)]
"""The commands; the empty one is `nnrun` itself."""

HELP = re.compile(r"<!-- help:(?P<name>[ \w-]*)-->\n```text\n(?P<text>.*?)```\n", re.DOTALL)


@cache
def current_help(name: str) -> str:
    """Returns what a new process prints for `nnrun NAME --help` on 80 columns."""
    arguments = ["nnrun", *([name] if name else []), "--help"]
    code = f"import sys; sys.argv = {arguments!r}; from nnrun.cli.main import main; main()"
    environment = {**os.environ, "COLUMNS": "80", "TERMINAL_WIDTH": "80", "NO_COLOR": "1"}
    environment.pop("NNRUN_RUNS_DIR", None)
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT, check=True
    )
    return "\n".join(line.rstrip() for line in result.stdout.strip().splitlines()) + "\n"


def with_current_help(text: str) -> str:
    """Returns the README with the help texts as they are now."""

    def block(found: re.Match[str]) -> str:
        name = found["name"].strip()
        command = " ".join(["nnrun", *name.split(), "--help"])
        return f"<!-- help:{found['name']}-->\n```text\n$ {command}\n{current_help(name)}```\n"

    return HELP.sub(block, text)


def section(heading: str) -> str:
    """Returns the text below a heading, up to the next one of its level or above."""
    level = heading.index(" ")
    found = re.search(
        rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)", without_code(TEXT), re.DOTALL | re.MULTILINE
    )
    assert found, f"the README has no heading {heading!r}"
    return found[1]


def without_code(text: str) -> str:
    """Returns a text without its code blocks, whose comments look like headings."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def tables(text: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Yields the header and the other rows of each table in a text, as cells."""
    for found in re.finditer(r"^\|.*\n\|---.*\n(?:\|.*\n)+", text, re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[0].splitlines()]
        yield lines[0], lines[2:]


def rows(heading: str) -> list[list[str]]:
    """Returns the rows of the only table below a heading."""
    [(_, found)] = tables(section(heading))
    return found


def options(text: str) -> set[str]:
    """Returns the long options in a text."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


if __name__ == "__main__":
    README.write_text(with_current_help(TEXT), encoding="utf-8")
