"""From a config file and overrides to one frozen `Experiment`, with all problems at once."""

from __future__ import annotations

import os.path
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nnrun.config.document import Document, merge_problems, parse_document, read_source
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.nodes import ListNode, ScalarNode
from nnrun.config.overrides import apply_overrides
from nnrun.config.problems import ConfigError, KeyPath, Problem, format_path
from nnrun.config.translation import problems_of

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


def load_experiment(path: Path, overrides: Sequence[str] = ()) -> LoadedConfig:
    """Reads a config file.

    Args:
        path: The file.
        overrides: `KEY=VALUE` arguments, applied in order.

    Raises:
        ConfigError: It has problems; all of them are in the error, in the order of the file.
        DataError: There is no such file, or it cannot be read.
    """
    source, content = read_source(path)
    document = apply_overrides(parse_document(source), overrides)
    data = document.data()
    if "name" not in data and _NAME.fullmatch(path.stem):
        data["name"] = path.stem
    _resolve_paths(data, document, path)
    try:
        experiment = Experiment.model_validate(data)
    except ValidationError as error:
        raise ConfigError(merge_problems(document, problems_of(error, document, data))) from None
    if document.problems:
        raise ConfigError(merge_problems(document, []))
    return LoadedConfig(path, experiment, document, content)


def _resolve_paths(data: dict[str, Any], document: Document, config: Path) -> None:
    """Makes `dataset.path` absolute: it is relative to the file, or for an override to the current folder."""
    dataset = data.get("dataset")
    if not isinstance(dataset, dict):
        return
    path: KeyPath = ("dataset", "path")
    node = document.node(path)
    if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value:
        dataset["path"] = _absolute(node, config)
    elif isinstance(node, ListNode):
        dataset["path"] = [
            _absolute(item, config) if isinstance(item, ScalarNode) and isinstance(item.value, str) else value
            for item, value in zip(node.items, dataset["path"], strict=True)
        ]


def _absolute(node: ScalarNode, config: Path) -> str:
    base = Path.cwd() if node.place.source.kind == "argument" else config.absolute().parent
    try:
        path = Path(str(node.value)).expanduser()
    except RuntimeError:  # "~name" of a user who does not exist: then it is a name like any other
        path = Path(str(node.value))
    # Not `resolve`: links in the way to the data stay as the user wrote them.
    return os.path.normpath(base / path)
