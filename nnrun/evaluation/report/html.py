"""From sections to the text of a page that loads nothing and executes nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import nnrun
from nnrun.evaluation.report.blocks import Section
from nnrun.evaluation.report.texts import clean

_HERE = Path(__file__).parent

_SCRIPTS = (
    "values.js",
    "ticks.js",
    "drawing.js",
    "chart.js",
    "pointing.js",
    "group.js",
    "heat.js",
    "pairs.js",
    "tables.js",
    "theme.js",
    "start.js",
)
"""The parts of the script, in their order; one function around them keeps their names to themselves."""

GENERATOR = '<meta name="generator" content="nnrun'
"""By this a page is known as one that nnrun wrote."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above all sections.

    Args:
        title: The title of the page.
        badge: The status of the run, if the page is about one.
        facts: Short facts, on one line.
    """

    title: str
    badge: str
    facts: Sequence[str]


def render(head: Head, sections: Sequence[Section]) -> str:
    """Returns the page.

    Args:
        head: What stands above all sections.
        sections: The sections.
    """
    style, script = asset("page.css"), _script()
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_source(script)}",
            f"style-src {_source(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            head=head,
            sections=sections,
            policy=policy,
            # They are parts of nnrun, and hold nothing of any run.
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            version=nnrun.__version__,
            generator=Markup(GENERATOR),  # noqa: S704
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_cleaned,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["json.dumps_function"] = _json
    return environment


def _cleaned(value: Any) -> Any:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _json(value: Any, **_: Any) -> str:
    """Writes what a script of the page reads; jinja2 escapes what could end the element that it stands in."""
    return json.dumps(_tree(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _tree(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _tree(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tree(item) for item in value]
    return _cleaned(value)


@cache
def asset(name: str) -> str:
    """Returns a part of the script, or the style, of every page."""
    return (_HERE / "assets" / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    parts = "\n".join(asset(name) for name in _SCRIPTS)
    return f'(function () {{\n"use strict";\n{parts}}})();\n'


def _source(text: str) -> str:
    """Returns by what the policy of the page knows a part of it: the hash of exactly what is between the tags."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
