"""One line of a comparison: a key, and what each run has under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final


class Missing:
    """Stands for a value that a run does not have."""

    def __repr__(self) -> str:
        """Returns how it is shown."""
        return "-"


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Row:
    """What several runs have under a key.

    Args:
        key: What it is, such as `model.layers[0].Dense.units`.
        values: One per run; `MISSING` where a run has none.
    """

    key: str
    values: Sequence[Any]

    @property
    def equal(self) -> bool:
        """Whether all runs have the same."""
        first = self.values[0]
        return all(same(first, value) for value in self.values[1:])

    def to_record(self) -> dict[str, Any]:
        """Returns the row as a JSON object; `missing` has the numbers of the runs without a value, from 0."""
        return {
            "key": self.key,
            "values": [None if isinstance(value, Missing) else value for value in self.values],
            "missing": [index for index, value in enumerate(self.values) if isinstance(value, Missing)],
            "equal": self.equal,
        }


def same(one: Any, other: Any) -> bool:
    """Tells whether two values are the same; so are null and a key that is not there."""
    one, other = (None if isinstance(value, Missing) else value for value in (one, other))
    if isinstance(one, bool) != isinstance(other, bool):
        return False  # in Python, but not in a config, true equals 1
    return bool(one == other) or (one != one and other != other)
