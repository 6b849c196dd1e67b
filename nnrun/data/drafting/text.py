"""How a draft writes comments, names and numbers."""

from __future__ import annotations

import re

from nnrun.data.drafting.table import Column, Looked, quoted

_WIDTH = 110
_PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def comment(text: str, indent: str = "  ") -> list[str]:
    """Returns a comment, in lines that are not too long."""
    import textwrap

    start = f"{indent}# "
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=start,
        break_long_words=False,
        break_on_hyphens=False,
    )


def column_in_yaml(column: Column, table: Looked) -> str:
    """Returns how a config names a column."""
    return text_in_yaml(column.name) if table.header else str(column.number)


def text_in_yaml(text: str) -> str:
    """Returns a text as a YAML value: in quotes unless it is a plain word that YAML reads as nothing else."""
    plain = _PLAIN_WORD.fullmatch(text) and text.lower() not in (
        "true",
        "false",
        "null",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
    )
    return text if plain else quoted(text)


def name_in_yaml(name: str) -> str:
    """Returns the name of an experiment as a YAML value; words with hyphens need no quotes."""
    return name if re.match(r"[A-Za-z]", name) and "-" in name else text_in_yaml(name)


def number_in_yaml(value: float) -> str:
    """Returns four digits of a number as YAML; one is as good as the next here."""
    short = float(f"{value:.4g}")
    return f"{short:.1f}" if short.is_integer() and abs(short) < 1e15 else repr(short)


def capitalised(text: str) -> str:
    """Returns a text that begins a sentence; the rest of it stays as it is."""
    return text[:1].upper() + text[1:]
