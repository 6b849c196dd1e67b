"""Reads Keras's docstrings: the first sentence of a class, and what `Args` says about each argument."""

from __future__ import annotations

import inspect
import re
import textwrap

_ARGS = re.compile(r"^(?:Args|Arguments):[ \t]*\n(.*?)(?=^\S|\Z)", re.DOTALL | re.MULTILINE)
_ENTRY = re.compile(r"\*{0,2}`?(\w+)`?(?: \([^)]*\))?\s*:\s*(.*)")
_SENTENCE = re.compile(r".+?[.!?](?=\s|$)")


def argument_texts(owner: type | object) -> dict[str, str]:
    """Returns the text of each entry in the `Args` section, in one line each."""
    doc = inspect.getdoc(owner) or ""
    section = _ARGS.search(doc)
    if section is None:
        return {}
    texts: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in textwrap.dedent(section[1]).splitlines():
        entry = None if line.startswith(" ") else _ENTRY.match(line)
        if entry:
            current = texts.setdefault(entry[1], [])
            current.append(entry[2])
        elif current is not None:
            current.append(line)
    return {name: " ".join(" ".join(lines).split()) for name, lines in texts.items()}


def summary(owner: type | object) -> str:
    """Returns the first sentence of a docstring, or an empty string."""
    doc = inspect.getdoc(owner) or ""
    paragraph = " ".join(doc.split("\n\n")[0].split())
    return first_sentence(paragraph)


def first_sentence(text: str) -> str:
    """Returns the first sentence of a text, with `i.e.` and `e.g.` kept inside it."""
    end = 0
    for match in _SENTENCE.finditer(text):
        end = match.end()
        if not re.search(r"(?:\bi\.e|\be\.g|\bvs|\betc)\.$", text[:end], re.IGNORECASE):
            return text[:end].strip()
    return text.strip()
