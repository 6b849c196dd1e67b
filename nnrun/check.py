"""The complete check of a config, as `nnrun check` and `nnrun train` do it. Never imports TensorFlow."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nnrun.config.cross_checks import Finding, cross_check
from nnrun.config.cross_checks.monitors import unknown_metric
from nnrun.config.datasets import Dataset
from nnrun.config.document import Document, merge_problems
from nnrun.config.facts import DataFacts
from nnrun.config.load import LoadedConfig, load_experiment
from nnrun.config.nodes import ListNode, MappingNode, Node, ScalarNode
from nnrun.config.problems import ConfigError, KeyPath, Place, Problem, format_path
from nnrun.config.requirements import parse_requirement
from nnrun.errors import DataError, UsageError

_KEY_PATH = re.compile(r"dataset(?:\.[a-z_]+)+")


def check_config(path: Path, overrides: Sequence[str] = ()) -> LoadedConfig:
    """Reads a config and compares its parts with each other and with the data, without loading the data.

    Args:
        path: The config file.
        overrides: `KEY=VALUE` arguments.

    Returns:
        The config, with the facts, and with warnings in the order of the file.

    Raises:
        ConfigError: It has problems; all of them are in the error. Its exit code is 4 where the data are
            the only problem.
        DataError: The config file is missing.
    """
    from nnrun.data.facts import facts_of

    loaded = load_experiment(path, overrides)
    document, dataset = loaded.document, loaded.experiment.dataset
    fault: Problem | None = None
    facts = DataFacts()
    try:
        facts = facts_of(dataset)
    except DataError as error:
        fault = _data_problem(error, document)
    found = [_problem(finding, document) for finding in cross_check(loaded.experiment, facts)]
    found += _missing_data(dataset, document)
    only_data = not any(problem.severity == "error" for problem in found)
    if fault is not None and (only_data or fault.path not in {problem.path for problem in found}):
        found.append(fault)
    loaded = replace(loaded, facts=facts)
    return _judged(loaded, found, ConfigError.exit_code if not only_data else DataError.exit_code)


def compare(loaded: LoadedConfig, facts: DataFacts) -> LoadedConfig:
    """Compares the parts of a config with each other and with what is known of the data.

    Args:
        loaded: A config that is valid in itself.
        facts: What is known of the data: everything, once they are loaded.

    Returns:
        The config, with the facts, and with warnings in the order of the file.

    Raises:
        ConfigError: Something does not fit.
    """
    found = [_problem(finding, loaded.document) for finding in cross_check(loaded.experiment, facts)]
    return _judged(replace(loaded, facts=facts), found, ConfigError.exit_code)


def check_requirements(loaded: LoadedConfig, expressions: Sequence[str]) -> None:
    """Finds requirements of the command line that can never hold, before hours of training.

    Args:
        loaded: A checked config.
        expressions: What `--require` was given, each a valid requirement.

    Raises:
        UsageError: One of them names a metric that will not be logged.
    """
    if not expressions:
        return
    from nnrun.data.facts import facts_of

    facts = facts_of(loaded.experiment.dataset)
    for text in expressions:
        metric = parse_requirement(text).metric
        for finding in unknown_metric(metric, f"--require {text!r} names", (), loaded.experiment, facts):
            raise UsageError(f"{loaded.path}: {finding.message}", finding.hint)


def _judged(loaded: LoadedConfig, found: Sequence[Problem], exit_code: int) -> LoadedConfig:
    problems = merge_problems(loaded.document, found)
    if any(problem.severity == "error" for problem in problems):
        raised = ConfigError(problems)
        raised.exit_code = exit_code
        raise raised
    return replace(loaded, warnings=tuple(problems))


def _problem(finding: Finding, document: Document) -> Problem:
    # A whole mapping, such as an object that lacks an argument, is best shown by its key.
    at = "key" if isinstance(document.node(finding.path), MappingNode) else finding.at
    place = document.place(finding.path, at)
    path = format_path(finding.path)
    return Problem(finding.code, finding.message, place, path, finding.hint, finding.severity)


def _missing_data(dataset: Dataset, document: Document) -> list[Problem]:
    """Warns where the file of the data is not on this machine; training would stop there."""
    path = getattr(dataset, "path", None)
    if not isinstance(path, str) or glob.has_magic(path) or Path(path).exists():
        return []
    place = document.place(("dataset", "path"))
    message = f"there is no {path!r} on this machine, so the data were not checked"
    return [Problem("no-data", message, place, "dataset.path", severity="warning")]


def _data_problem(error: DataError, document: Document) -> Problem:
    """Points at the key or value of the `dataset` section that the message names, else at the source."""
    section = document.node(("dataset",))
    path: KeyPath | None = None
    place: Place | None = None
    for name in _KEY_PATH.findall(f"{error.message} {error.advice}"):
        named = tuple(name.split("."))
        if place is None and document.node(named) is not None:
            path, place = named, document.place(named)
    if place is None and section is not None:
        path, place = _quoted(section, error.message, ("dataset",))
    for key in ("path", "name", "source"):
        if place is None and document.node(("dataset", key)) is not None:
            path, place = ("dataset", key), document.place(("dataset", key))
    shown = format_path(path or ())
    return Problem("data", error.message.removeprefix(f"{shown}: "), place, shown, error.advice)


def _quoted(node: Node, message: str, path: KeyPath) -> tuple[KeyPath | None, Place | None]:
    """Returns the first value that a message quotes."""
    if isinstance(node, ScalarNode):
        found = isinstance(node.value, str) and repr(node.value) in message
        return (path, node.place) if found else (None, None)
    children: list[tuple[str | int, Node]] = []
    if isinstance(node, MappingNode):
        children = [(key, entry.node) for key, entry in node.entries.items() if key != "path"]
    elif isinstance(node, ListNode):
        children = list(enumerate(node.items))
    for part, child in children:
        found_path, place = _quoted(child, message, (*path, part))
        if place is not None:
            return found_path, place
    return None, None
