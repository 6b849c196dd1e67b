"""From a config file and overrides to one frozen `Experiment`, with all problems at once."""

from __future__ import annotations

import os.path
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nnrun.config.datasets import Dataset
from nnrun.config.document import Document, in_order, parse_document, read_source
from nnrun.config.experiment import Experiment
from nnrun.config.extends import extended
from nnrun.config.facts import DataFacts
from nnrun.config.nodes import ListNode, Node, ScalarNode
from nnrun.config.overrides import apply_overrides
from nnrun.config.partial import partial
from nnrun.config.problems import ConfigError, KeyPath, Problem, format_path
from nnrun.config.translation import problems_of, wrong_paths

DATA_PATHS: tuple[KeyPath, ...] = (
    ("path",),
    ("labels", "path"),
    *((split, *rest) for split in ("validation", "test") for rest in (("path",), ("labels", "path"))),
)
"""Keys below `dataset` that hold a path, or a list of paths."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A config that is valid in itself.

    Args:
        path: The file.
        experiment: What it says.
        document: Its text with places, overrides included.
        source: The file, byte for byte.
        warnings: What is doubtful in it.
        facts: What is known about its data, once it was compared with them.
    """

    path: Path
    experiment: Experiment
    document: Document
    source: bytes
    warnings: tuple[Problem, ...] = ()
    facts: DataFacts = field(default_factory=DataFacts)

    def problem(self, code: str, message: str, path: KeyPath, *, hint: str = "") -> Problem:
        """Returns a problem of the value at a path, for what only loading the data or Keras can find.

        Args:
            code: Stable name of the kind of problem.
            message: What is wrong.
            path: The key path.
            hint: What to do.
        """
        return Problem(code, message, self.document.place(path), format_path(path), hint)

    def with_seed(self, seed: int) -> LoadedConfig:
        """Returns the config with this seed, unless it has one."""
        if self.experiment.seed is not None:
            return self
        return replace(self, experiment=self.experiment.model_copy(update={"seed": seed}))

    @property
    def seed(self) -> int:
        """The seed; 0 where none was given or drawn."""
        return self.experiment.seed or 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What came out of reading a config file, valid or not.

    Args:
        path: The file.
        document: Its text with places, with what it extends and overrides included.
        source: The file, byte for byte.
        problems: What is wrong with it; nothing where it is valid in itself.
        experiment: What it says; where it is not valid, the sound parts of that (see `nnrun.config.partial`),
            or None where too little is left.
        wrong: Paths of the values that are not valid.
    """

    path: Path
    document: Document
    source: bytes
    problems: tuple[Problem, ...]
    experiment: Experiment | None
    wrong: frozenset[KeyPath] = frozenset()

    @property
    def dataset(self) -> Dataset | None:
        """The `dataset` section, or None where anything in it is wrong."""
        if self.experiment is None or any(path[:1] in ((), ("dataset",)) for path in self.wrong):
            return None
        return self.experiment.dataset

    def loaded(self) -> LoadedConfig:
        """Returns the config if it is valid.

        Raises:
            ConfigError: It has problems; all of them are in the error, in the order of the file.
        """
        if self.problems or self.experiment is None:
            raise ConfigError(self.problems)
        return LoadedConfig(self.path, self.experiment, self.document, self.source)


def load_experiment(path: Path, overrides: Sequence[str] = ()) -> LoadedConfig:
    """Reads a config file.

    Args:
        path: The file.
        overrides: `KEY=VALUE` arguments, applied in order.

    Raises:
        ConfigError: It has problems; all of them are in the error, in the order of the file.
        DataError: There is no such file, or it cannot be read.
    """
    return read_config(path, overrides).loaded()


def read_config(path: Path, overrides: Sequence[str] = ()) -> Reading:
    """Reads a config file, and of an invalid one what can be read.

    Args:
        path: The file.
        overrides: `KEY=VALUE` arguments, applied in order.

    Raises:
        ConfigError: It is no YAML, or an argument does not fit it: nothing can be said about its values.
        DataError: There is no such file, or it cannot be read.
    """
    source, content = read_source(path)
    document = apply_overrides(extended(parse_document(source), path), overrides)
    data = document.data()
    if "name" not in data and _NAME.fullmatch(path.stem):
        data["name"] = path.stem
    _resolve_paths(data, document)
    experiment: Experiment | None
    wrong: set[KeyPath] = set()
    try:
        experiment = Experiment.model_validate(data)
        problems = list(document.problems)
    except ValidationError as error:
        wrong = wrong_paths(error, data)
        problems = [*document.problems, *problems_of(error, document, data)]
        experiment = partial(data, wrong)
    return Reading(path, document, content, tuple(in_order(document, problems)), experiment, frozenset(wrong))


def _resolve_paths(data: dict[str, Any], document: Document) -> None:
    """Makes the paths of the data absolute: they are relative to the file that says them.

    In an override, they are relative to the current folder.
    """
    dataset = data.get("dataset")
    if not isinstance(dataset, dict):
        return
    for keys in DATA_PATHS:
        section: Any = dataset
        for key in keys[:-1]:
            section = section.get(key) if isinstance(section, dict) else None
        if isinstance(section, dict) and keys[-1] in section:
            section[keys[-1]] = _resolved(document.node(("dataset", *keys)), section[keys[-1]])
    function = document.node(("dataset", "function"))
    if dataset.get("source") == "python" and function is not None:
        dataset.setdefault("path", str(_folder(function)))


def _folder(node: Node) -> Path:
    """Returns what paths of a value are relative to."""
    source = node.place.source
    return Path.cwd() if source.kind == "argument" else Path(source.name).absolute().parent


def _resolved(node: Node | None, value: Any) -> Any:
    if isinstance(node, ListNode) and isinstance(value, list):
        return [_resolved(item, each) for item, each in zip(node.items, value, strict=True)]
    if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value:
        return resolved(node)
    return value


def resolved(node: ScalarNode) -> str:
    """Returns a path of a config as an absolute one: relative to its file, or in an override to the current folder."""
    base = _folder(node)
    try:
        path = Path(str(node.value)).expanduser()
    except RuntimeError:  # "~name" of a user who does not exist: then it is a name like any other
        path = Path(str(node.value))
    # Not `resolve`: links in the way to the data stay as the user wrote them.
    return os.path.normpath(base / path)
