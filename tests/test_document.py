"""YAML text becomes values with places, or located problems."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.config.document import Document, parse_document
from nnrun.config.problems import ConfigError, Problem, Source


def read(text: str) -> Document:
    """Reads a text that must be a config."""
    return parse_document(Source("config.yaml", text))


def problems_of(text: str) -> tuple[Problem, ...]:
    """Returns what is wrong with a text, whether or not it could be read."""
    try:
        return read(text).problems
    except ConfigError as error:
        return error.problems


def where(problem: Problem) -> tuple[str, int, int]:
    """Returns code, line and column of a problem."""
    assert problem.place is not None
    return problem.code, problem.place.line, problem.place.column


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("no", "no"),
        ("on", "on"),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("~", None),
        ("", None),
        ("null", None),
        ("True", True),
        ("1.", 1.0),
        ("+.5e3", 500.0),
        ("-7", -7),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("!!float 3", 3.0),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: Any) -> None:
    """An unquoted word means what the core schema of YAML 1.2 says."""
    found = read(f"a: {text}\n").data()["a"]
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number() -> None:
    """`.nan` is a float; whether it is allowed is for the section to say."""
    assert math.isnan(read("a: .nan").data()["a"])


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "hint"),
    [
        ("", "empty-file", 1, 1, "start with the sections"),
        ("# nothing\n", "empty-file", 1, 1, "start with the sections"),
        ("- a\n", "wrong-type", 1, 1, "start with the sections"),
        ("hello\n", "wrong-type", 1, 1, "start with the sections"),
        ("a:\n\t- b\n", "tab", 2, 1, "spaces"),
        ("a:\n  b: 1\n\tc: 2\n", "tab", 3, 1, "spaces"),
        ("a: [1, 2\nb: 3\n", "unclosed-bracket", 1, 4, "]"),
        ("a: {b: c\n", "unclosed-bracket", 1, 4, "}"),
        ("a: [1, 2]]\n", "unclosed-bracket", 1, 10, "remove"),
        ("a: 'x\n", "unclosed-quote", 1, 4, "add a '"),
        ("a: 1\n b: 2\n", "bad-indentation", 2, 2, "same column"),
        ("a:\n  b: 1\n c: 2\n", "bad-indentation", 3, 2, "same column"),
        ("a: b: c\n", "yaml-syntax", 1, 5, "quotes"),
        ("a: @b\n", "yaml-syntax", 1, 4, "quotes"),
        ("a: 1\nb 2\nc: 3\n", "yaml-syntax", 2, 1, "colon"),
        ("a: \x00\n", "bad-character", 1, 4, "remove"),
        ("a: 1\nb: \x1b[31m\n", "bad-character", 2, 4, "remove"),
        ("a: *b\n", "bad-alias", 1, 4, "&b"),
        ("a: &b [*b]\n", "bad-alias", 1, 8, "&b"),
        ("a: 1\n---\nb: 2\n", "several-documents", 2, 1, "file of its own"),
        ("a: !python/object x\n", "unknown-tag", 1, 4, "remove"),
        ("a: !!int x\n", "unknown-tag", 1, 4, "remove"),
        ("<<: {a: 1}\n", "merge-key", 1, 1, "anchor"),
        ("true: 1\n", "bad-key", 1, 1, "quotes"),
        ("1.5: 1\n", "bad-key", 1, 1, "quotes"),
        ("[a]: 1\n", "bad-key", 1, 1, "quotes"),
        ("a: 1\nb:\n  c: 2\n  c: 3\n", "duplicate-key", 4, 3, "line 3"),
        (f"a: {'9' * 5000}\n", "number-too-large", 1, 4, ""),
        ("a: 1e400\n", "number-too-large", 1, 4, ""),
        ("a: 9223372036854775808\n", "number-too-large", 1, 4, ""),
    ],
)
def test_bad_yaml_is_located(text: str, code: str, line: int, column: int, hint: str) -> None:
    """Every kind of broken YAML is one problem with its place and advice."""
    (problem,) = problems_of(text)
    assert where(problem) == (code, line, column)
    assert hint in problem.hint


def test_duplicate_keys_name_both_lines() -> None:
    """The message about a duplicate key names the line of the first, the place is that of the second."""
    (problem,) = problems_of("a: 1\nb: 2\na: 3\n")
    assert where(problem) == ("duplicate-key", 3, 1)
    assert "line 1" in problem.message
    assert problem.path == "a"


def test_problems_that_do_not_stop_come_together() -> None:
    """Duplicate keys, tags and bad keys of one file are reported in one go, in order."""
    codes = [problem.code for problem in problems_of("a: !x 1\na: 2\ntrue: 3\nb: 1e999\n")]
    assert codes == ["unknown-tag", "duplicate-key", "bad-key", "number-too-large"]


def test_integer_keys_are_text() -> None:
    """Whole numbers as keys, such as class numbers, become texts as they are written."""
    assert read("weights: {0: 1.0, 12: 2.0}").data() == {"weights": {"0": 1.0, "12": 2.0}}


def test_a_bomb_of_aliases_is_refused() -> None:
    """Aliases count as if written out, so ten levels of ten are refused before any object exists."""
    lines = ["a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]"]
    for previous, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{previous}'] * 10)}]")
    (problem,) = problems_of("\n".join(lines))
    assert problem.code == "too-large"
    assert problem.place is not None
    assert problem.place.line == 5


def test_an_alias_cannot_smuggle_depth() -> None:
    """Depth is counted through aliases."""
    text = "a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 30 + "*a" + "]" * 30
    assert [problem.code for problem in problems_of(text)] == ["too-deep"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_of_30000_levels_is_refused(opening: str) -> None:
    """Nesting that crashes recursive loaders is a located problem."""
    (problem, *_) = problems_of("a: " + opening * 30_000 if opening in "[{a: " else opening * 30_000)
    assert problem.code in ("too-deep", "yaml-syntax", "bad-key")


def test_aliases_repeat_values_without_sharing_them() -> None:
    """The data of an alias are a copy: changing one leaves the other."""
    data = read("a: &x {b: [1]}\nc: *x\n").data()
    assert data == {"a": {"b": [1]}, "c": {"b": [1]}}
    data["a"]["b"].append(2)
    assert data["c"] == {"b": [1]}


def test_places_are_exact() -> None:
    """Keys and values are found by path, in characters, also after wide letters."""
    document = read("ä: {ö: [x, 'yy']}\nfit:\n  epochs:   ten  # no\n")
    value = document.place(("ä", "ö", 1))
    assert (value.line, value.column, value.length) == (1, 12, 4)
    key = document.place(("fit", "epochs"), "key")
    assert (key.line, key.column, key.length) == (3, 3, 6)
    value = document.place(("fit", "epochs"))
    assert (value.line, value.column, value.length) == (3, 13, 3)


def test_a_missing_value_is_placed_at_its_section() -> None:
    """What is not in the text is looked for where it should be."""
    place = read("fit:\n  epochs: 1\n").place(("fit", "batch_size"))
    assert (place.line, place.column) == (1, 1)


def test_a_value_left_out_is_placed_at_its_key() -> None:
    """`epochs:` with nothing after it points at `epochs`."""
    place = read("fit:\n  epochs:\n").place(("fit", "epochs"))
    assert (place.line, place.column, place.length) == (2, 3, 6)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="ab:-[]{},'\"&*!|>#%@ \n\t0~<?", max_size=60))
def test_any_text_is_read_or_has_located_problems(text: str) -> None:
    """Whatever the text, the result is values or problems with a place inside it."""
    for problem in problems_of(text):
        assert problem.place is not None
        assert problem.place.line >= 1
        assert problem.place.column >= 1
        assert problem.place.length >= 1
        assert problem.message
