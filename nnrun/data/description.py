"""What a run records about its data, and how other data differ from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnrun.config.datasets import Dataset
from nnrun.data.splits import Splits


def describe(dataset: Dataset, splits: Splits) -> dict[str, Any]:
    """Returns the `data` of `run.json`.

    Args:
        dataset: The `dataset` section.
        splits: The data, loaded and prepared.
    """
    x, y = splits.train.x, splits.train.y
    return {
        "fingerprint": splits.fingerprint,
        "source": dataset.source,
        "kind": splits.preprocessing.kind,
        "samples": {name: len(split) for name, split in splits.present().items()},
        "input": {"shape": list(x.shape[1:]), "dtype": str(x.dtype)},
        "label": {"shape": list(y.shape[1:]), "dtype": str(y.dtype)},
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Returns in which way data differ from those of a run, in a few words each.

    Args:
        before: The `data` of `run.json`; in a run of an older version it has the fingerprint only.
        now: What `describe` says of the other data.

    Returns:
        Nothing where the fingerprints are the same.
    """
    if before.get("fingerprint") in (None, now["fingerprint"]):
        return []
    found: list[str] = []
    known = before.get("samples")
    if isinstance(known, Mapping):
        for name in dict.fromkeys([*known, *now["samples"]]):
            old, new = known.get(name, 0), now["samples"].get(name, 0)
            if old != new:
                found.append(f"{old:,} {name} samples are {new:,} now")
    if "input" in before and before["input"] != now["input"]:
        old, new = (_shape(one["input"]["shape"]) for one in (before, now))
        found.append(f"a sample of shape {old} is {new} now")
    return found or ["values, labels or the order of the samples are others"]


def _shape(shape: list[int]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
