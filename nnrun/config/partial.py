"""What can be said about a config that is not valid: its sound parts, with the others out of reach.

The cross-checks run on it too, so that a misspelt monitor and a wrong `epochs` are reported together. Reading
a value that is not valid ends the check that reads it, as nothing more can be concluded then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, cast

from pydantic import ValidationError

from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.problems import KeyPath
from nnrun.config.sections import Section

_STANDING_IN: Mapping[str, Any] = {
    "name": "unknown",
    "dataset": {"source": "sklearn", "name": "iris"},
    "model": {"layers": ["Flatten"]},
    "compile": {"optimizer": "SGD", "loss": "MeanSquaredError"},
}
"""Values for what a config must have; none of them is ever read."""


class UnknownValueError(Exception):
    """A value was read that the config does not validly give."""


def partial(data: Mapping[str, Any], wrong: Collection[KeyPath]) -> Experiment | None:
    """Returns an experiment whose wrong values cannot be read, or None where hardly anything is left.

    Args:
        data: The config, as it was validated.
        wrong: Paths of what is not valid, or missing.

    Returns:
        What reads like an experiment: `UnknownValueError` comes out of its wrong values and sections.
    """
    # A list or object with one wrong value is wrong as a whole: what is in it belongs together.
    blocked = {path[:2] for path in wrong}
    if () in blocked:
        return None
    values = {key: dict(value) if isinstance(value, dict) else value for key, value in data.items()}
    for path in list(blocked):
        name = str(path[0])
        section = values.get(name) if len(path) == 2 else None
        if isinstance(section, dict):
            section.pop(path[1], None)
        else:
            values.pop(name, None)
            blocked.add((name,))
    for name, standing_in in _STANDING_IN.items():
        section = values.setdefault(name, standing_in)
        if name in ("model", "compile") and isinstance(section, dict):
            values[name] = {**standing_in, **section}
    try:
        experiment = Experiment.model_validate(values)
    except ValidationError:
        # A data set without what it needs cannot be described at all.
        blocked.add(("dataset",))
        try:
            experiment = Experiment.model_validate({**values, "dataset": _STANDING_IN["dataset"]})
        except ValidationError:
            return None
    return cast(Experiment, _Guarded(experiment, (), frozenset(blocked)))


def unknown_facts() -> DataFacts:
    """Returns facts of data that are not described validly: none of them can be read."""
    names = (field.name for field in fields(DataFacts))
    return cast(DataFacts, _Guarded(DataFacts(), (), frozenset((name,) for name in names)))


class _Guarded:
    """A section with values that cannot be read."""

    def __init__(self, section: Section | DataFacts, path: KeyPath, blocked: frozenset[KeyPath]) -> None:
        self._section = section
        self._path = path
        self._blocked = blocked

    def __getattr__(self, name: str) -> Any:
        path = (*self._path, name)
        if path in self._blocked:
            raise UnknownValueError
        value = getattr(self._section, name)
        if isinstance(value, Section) and any(each[: len(path)] == path for each in self._blocked):
            return _Guarded(value, path, self._blocked)
        return value
