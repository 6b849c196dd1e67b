"""The complete check of a config, as `nnrun check` and `nnrun train` do it. Never imports TensorFlow."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from nnrun.config.cross_checks import Finding, cross_check
from nnrun.config.cross_checks.monitors import unknown_metric
from nnrun.config.document import Document, in_order
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.load import DATA_PATHS, LoadedConfig, Reading, read_config, resolved
from nnrun.config.nodes import ListNode, MappingNode, Node, ScalarNode
from nnrun.config.partial import unknown_facts
from nnrun.config.problems import ConfigError, KeyPath, Problem, format_path
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
    reading = read_config(path, overrides)
    experiment, document = reading.experiment, reading.document
    if experiment is None:
        return reading.loaded()
    facts, fault = _facts(reading)
    problems = [*reading.problems, *_findings(experiment, facts, document)]
    if reading.dataset is not None:
        faulty = "" if fault is None else fault.path
        problems += [problem for problem in _missing_data(document) if problem.path != faulty]
    only_data = not any(problem.severity == "error" for problem in problems)
    if fault is not None and (only_data or fault.path not in {problem.path for problem in problems}):
        problems.append(fault)
    loaded = LoadedConfig(path, experiment, document, reading.source, facts=facts)
    return _judged(loaded, problems, ConfigError.exit_code if not only_data else DataError.exit_code)


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
    found = _findings(loaded.experiment, facts, loaded.document)
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


def _facts(reading: Reading) -> tuple[DataFacts, Problem | None]:
    """Returns what is known about the data, and what is wrong with them."""
    from nnrun.data.facts import facts_of

    if reading.dataset is None:
        return unknown_facts(), None
    try:
        return facts_of(reading.dataset), None
    except DataError as error:
        return DataFacts(), _data_problem(error, reading.document)


def _findings(experiment: Experiment, facts: DataFacts, document: Document) -> list[Problem]:
    return [_problem(finding, document) for finding in cross_check(experiment, facts)]


def _judged(loaded: LoadedConfig, found: Sequence[Problem], exit_code: int) -> LoadedConfig:
    problems = in_order(loaded.document, found)
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


def _missing_data(document: Document) -> list[Problem]:
    """Warns where a file of the data is not on this machine; training would stop there."""
    found: list[Problem] = []
    for keys in DATA_PATHS:
        path: KeyPath = ("dataset", *keys)
        if document.node((*path[:-1], "download")) is not None:
            continue  # it is fetched when it is needed
        node = document.node(path)
        items = [(path, node)]
        if isinstance(node, ListNode):
            items = [((*path, index), item) for index, item in enumerate(node.items)]
        for place, item in items:
            if not isinstance(item, ScalarNode) or not isinstance(item.value, str):
                continue
            file = resolved(item)
            if not _is_there(file):
                which = "no file fits" if glob.has_magic(file) else "there is no"
                message = f"{which} {file!r} on this machine, so the data were not checked"
                at = document.place(place)
                found.append(Problem("no-data", message, at, format_path(place), severity="warning"))
    return found


def _is_there(path: str) -> bool:
    # `Path.glob` takes no absolute patterns.
    return Path(path).exists() or (glob.has_magic(path) and any(glob.iglob(path, recursive=True)))  # noqa: PTH207


def _data_problem(error: DataError, document: Document) -> Problem:
    """Points at the key or value of the `dataset` section that the message names, else at the source."""
    named = [tuple(name.split(".")) for name in _KEY_PATH.findall(f"{error.message} {error.advice}")]
    path = next((each for each in named if document.node(each) is not None), None)
    # Of a list, the item that the message quotes; without a key, any value that it quotes.
    at: Literal["key", "value"] = "value"
    if path is not None and (key := _quoted_key(document, path, error.message)) is not None:
        path, at = (*path, key), "key"
    else:
        path = _quoted(document, path or ("dataset",), error.message) or path
    for key in ("path", "name", "source"):
        if path is None and document.node(("dataset", key)) is not None:
            path = ("dataset", key)
    place = document.place(path, at) if path is not None else None
    shown = format_path(path or ())
    key = format_path(named[0]) if named else ""
    message = error.message.removeprefix(f"{key}: ") if key and shown.startswith(key) else error.message
    return Problem("data", message, place, shown, error.advice)


def _quoted_key(document: Document, path: KeyPath, message: str) -> str | None:
    """Returns the key of a mapping at a path, such as the name of a column, that a message quotes first."""
    node = document.node(path)
    keys = [key for key in node.entries if f"'{key}'" in message] if isinstance(node, MappingNode) else []
    return min(keys, key=lambda key: message.index(f"'{key}'"), default=None)


def _quoted(document: Document, path: KeyPath, message: str) -> KeyPath | None:
    """Returns the path of the text, at or below a path, that a message quotes first."""
    found: list[tuple[int, KeyPath]] = []
    waiting: list[tuple[KeyPath, Node | None]] = [(path, document.node(path))]
    while waiting:
        here, node = waiting.pop()
        if isinstance(node, ScalarNode) and isinstance(node.value, str) and repr(node.value) in message:
            found.append((message.index(repr(node.value)), here))
        elif isinstance(node, MappingNode):
            waiting += [((*here, key), entry.node) for key, entry in node.entries.items() if key != "path"]
        elif isinstance(node, ListNode):
            waiting += [((*here, index), item) for index, item in enumerate(node.items)]
    return min(found, key=lambda each: each[0])[1] if found else None
