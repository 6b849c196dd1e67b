"""Pydantic's findings as problems of a config: our words, and the place in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nnrun.config import datasets, experiment
from nnrun.config.document import Document
from nnrun.config.expectations import choices, describe, model_at, type_at
from nnrun.config.limits import MAX_PROBLEMS
from nnrun.config.problems import KeyPath, Problem, format_path
from nnrun.config.suggestions import key_hint, keys_of, meant_key, value_hint
from nnrun.config.value_advice import received, value_advice

_OUT_OF_RANGE = frozenset({
    "greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number",
    "too_short", "too_long", "string_too_short", "string_too_long", "string_pattern_mismatch",
})  # fmt: skip

_SECTIONS: Mapping[str, type[BaseModel]] = {
    "the top of the file": experiment.Experiment,
    "model": experiment.ModelSection,
    "compile": experiment.CompileSection,
    "fit": experiment.FitSection,
    "checkpoint": experiment.CheckpointSection,
    "distribute": experiment.DistributeSection,
    "dataset.split": datasets.SplitSection,
    "dataset (source: keras)": datasets.KerasData,
    "dataset (source: csv)": datasets.CsvData,
    "dataset (source: images)": datasets.ImagesData,
    "dataset (source: npz)": datasets.NpzData,
    "dataset (source: python)": datasets.PythonData,
    "dataset (source: text)": datasets.TextData,
    "dataset (source: synthetic)": datasets.SyntheticSection,
}


_TAGS: Mapping[KeyPath, tuple[str, ...]] = {
    ("dataset", "source"): ("sklearn", "keras", "csv", "images", "npz", "python", "text", "synthetic"),
    ("dataset", "generator"): ("moons", "circles", "blobs", "classification", "regression", "tokens"),
}
"""Keys that decide which others there are, with their values."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """An error of pydantic with the path of the config that it is about.

    Args:
        error: The error.
        path: Where it is, without the labels that pydantic adds for members of unions.
        union: Path of the outermost value whose type is a union, where the error is about one member.
    """

    error: ErrorDetails
    path: KeyPath
    union: KeyPath | None


def problems_of(error: ValidationError, document: Document, data: Any) -> list[Problem]:
    """Returns what is wrong with a config.

    Args:
        error: What pydantic raised.
        document: The config, for places.
        data: What was validated.
    """
    findings = _without_repeats([_finding(item, data) for item in error.errors(include_url=False)])[
        :MAX_PROBLEMS
    ]
    # A value that already has a problem, such as an unknown tag, has no meaningful second one.
    known = {
        problem.path for problem in document.problems if problem.code in ("number-too-large", "unknown-tag")
    }
    translated = [_problem(finding, document, data) for finding in findings]
    located = [problem for problem in translated if problem.path not in known]
    located = _without_merged(located, document)
    return _without_consequences(located, _misspelt(findings, data), document.incomplete)


def wrong_paths(error: ValidationError, data: Any) -> set[KeyPath]:
    """Returns where a config is wrong or lacks something, and what its misspelt keys probably mean.

    Args:
        error: What pydantic raised.
        data: What was validated.
    """
    findings = [_finding(item, data) for item in error.errors(include_url=False)]
    return {finding.path for finding in findings} | _misspelt(findings, data)


def _finding(error: ErrorDetails, data: Any) -> _Finding:
    loc = list(error["loc"])
    if loc[:1] == ["dataset"] and len(loc) > 1:
        tag = loc.pop(1)
        if (
            tag == "synthetic"
            and len(loc) > 1
            and error["type"] not in ("union_tag_invalid", "union_tag_not_found")
        ):
            loc.pop(1)
    path: list[str | int] = []
    union: KeyPath | None = None
    for index, part in enumerate(loc):
        inside = isinstance(data, dict) and part in data
        inside |= isinstance(data, list) and isinstance(part, int) and part < len(data)
        if inside:
            data = data[part]
            path.append(part)
        elif index == len(loc) - 1 and error["type"] == "missing":
            path.append(part)
        elif "-" in error["type"]:
            break
        elif union is None:
            union = tuple(path)
    return _Finding(error, tuple(path), union)


def _without_repeats(findings: list[_Finding]) -> list[_Finding]:
    """Keeps one finding per value: each member of a union that a value does not fit reports for itself."""
    kept: list[_Finding] = []
    seen: set[KeyPath] = set()
    deepest: dict[KeyPath, int] = {}
    for finding in findings:
        if finding.union is not None:
            deepest[finding.union] = max(deepest.get(finding.union, 0), len(finding.path))
    for finding in findings:
        if finding.union is not None:
            if len(finding.path) < deepest[finding.union] or finding.path in seen:
                continue
            seen.add(finding.path)
        kept.append(finding)
    return kept


def _problem(finding: _Finding, document: Document, data: Any) -> Problem:
    error, path = finding.error, finding.path
    kind = error["type"]
    context: dict[str, Any] = error.get("ctx") or {}
    if "-" in kind:
        at: Literal["key", "value"] = context.get("at") or ("key" if kind.startswith("unknown-") else "value")
        hint = str(context.get("hint") or "")
        return Problem(kind, error["msg"], document.place(path, at), format_path(path), hint)
    if kind == "extra_forbidden":
        return _unknown_key(path, document, data)
    if kind == "missing":
        return _missing_key(path, document, data)
    if kind == "union_tag_not_found":
        return _missing_tag(path, _discriminator(context), document, data)
    if kind == "union_tag_invalid":
        path = (*path, _discriminator(context))
        options = re.findall(r"'([^']*)'", str(context.get("expected_tags", "")))
        return _unknown_value(path, document, context.get("tag"), options)
    value = error["input"] if finding.union is None else _value(data, path)
    annotation = type_at(experiment.Experiment, path, data)
    options = [option for option in choices(annotation) if option is not None]
    expected = describe(annotation) if annotation is not None else "another value"
    if options and isinstance(value, str) and (kind == "literal_error" or finding.union is not None):
        return _unknown_value(path, document, value, options, expected)
    return Problem(
        "out-of-range" if kind in _OUT_OF_RANGE else "wrong-type",
        f"expected {expected}, received {received(value)}",
        document.place(path),
        format_path(path),
        value_advice(value, expected),
    )


def _unknown_key(path: KeyPath, document: Document, data: Any) -> Problem:
    key, section = str(path[-1]), path[:-1]
    model = model_at(experiment.Experiment, section, data)
    where = format_path(section) or "a config"
    hint = key_hint(key, section, model, _SECTIONS) if model is not None else ""
    return Problem(
        "unknown-key", f"{where} has no key {key!r}", document.place(path, "key"), format_path(path), hint
    )


def _missing_tag(path: KeyPath, tag: str, document: Document, data: Any) -> Problem:
    """Reports that the key is missing which decides about the others, or that it has another name."""
    section = _value(data, path)
    for key in section if isinstance(section, dict) else ():
        if meant_key(key, (tag,)) == tag:
            place, shown = document.place((*path, key), "key"), format_path((*path, key))
            message = f"{format_path(path)} has no key {key!r}"
            return Problem("unknown-key", message, place, shown, f"did you mean {tag!r}?")
    return _missing_key((*path, tag), document, data)


def _missing_key(path: KeyPath, document: Document, data: Any) -> Problem:
    section = path[:-1]
    options = ", ".join(map(str, _TAGS.get(path) or choices(type_at(experiment.Experiment, path, data))))
    where = f"{format_path(section)!r} needs" if section else "a config needs"
    at: Literal["key", "value"] = "key" if section and isinstance(section[-1], str) else "value"
    return Problem(
        "missing-key", f"{where} the key {path[-1]!r}", document.place(section, at), format_path(path),
        hint=f"add {path[-1]}: " + (f"one of {options}" if options else "…"),
    )  # fmt: skip


def _unknown_value(
    path: KeyPath, document: Document, value: Any, options: list[Any], expected: str = ""
) -> Problem:
    expected = expected or "one of " + ", ".join(map(str, options))
    message = f"expected {expected}, received {received(value)}"
    hint = value_hint(value, options) or value_advice(value, expected)
    return Problem("unknown-value", message, document.place(path), format_path(path), hint)


def _without_consequences(problems: list[Problem], missing: set[KeyPath], incomplete: bool) -> list[Problem]:
    """Drops a missing key where a misspelling of it is reported, or the file that may have it cannot be read."""
    expected = {format_path(path) for path in missing}
    incomplete |= "extends" in expected
    return [
        problem
        for problem in problems
        if problem.code != "missing-key" or not (incomplete or problem.path in expected)
    ]


def _without_merged(problems: list[Problem], document: Document) -> list[Problem]:
    """Drops what is missing where a merge key, which is a problem of its own, would have brought it."""
    merged = {problem.path for problem in document.problems if problem.code == "merge-key"}

    def is_brought(problem: Problem) -> bool:
        if problem.code == "missing-argument":
            return problem.path in merged
        return problem.code == "missing-key" and problem.path.rpartition(".")[0] in merged

    return [problem for problem in problems if not is_brought(problem)]


def _misspelt(findings: list[_Finding], data: Any) -> set[KeyPath]:
    """Returns the paths of the keys that are there under another name."""
    meant: set[KeyPath] = set()
    for finding in findings:
        section = finding.path[:-1]
        model = model_at(experiment.Experiment, section, data) if section else experiment.Experiment
        if finding.error["type"] == "extra_forbidden" and model is not None:
            key = meant_key(str(finding.path[-1]), keys_of(section, model))
            meant |= {(*section, key)} if key is not None else set()
    return meant


def _discriminator(context: Mapping[str, Any]) -> str:
    return str(context.get("discriminator", "")).strip("'")


def _value(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data
