"""Arrays that NumPy or h5py saved."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nnrun.config.datasets.arrays import NpzData
from nnrun.config.facts import DataFacts
from nnrun.data.array_kinds import kind_of, sample_shape
from nnrun.data.sources.array_files import ArrayFile, open_arrays
from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.data.arrays import Given
    from nnrun.data.raw import RawData

CLASS_NAMES, FEATURE_NAMES = "class_names", "feature_names"
"""Arrays of texts that are used where they are in the file."""

_DEFAULTS = {
    "samples": (("x", "x_train"), ("y", "y_train")),
    "validation": (("x_validation", "x_val"), ("y_validation", "y_val")),
    "test": (("x_test",), ("y_test",)),
}
"""Of each part, the names of its arrays where the config does not say them."""

_SHOWN = 20


class _Pair(NamedTuple):
    """The names of the arrays of one part."""

    x: str
    y: str


def facts(section: NpzData) -> DataFacts:
    """Reads the headers of the arrays. Those of HDF5 are left unknown, as its library takes long to load.

    Raises:
        DataError: If an array that the section names is not there, or is none that can be used.
    """
    names = None if section.class_names is None else tuple(section.class_names)
    known = DataFacts(
        classes=None if names is None else len(names),
        class_names=names,
        dtype="int32" if section.kind == "tokens" else "float32",
        more_splits=True,
    )
    if not Path(section.path).exists():
        return known
    file = open_arrays(section.path)
    if not file.is_quick:
        return known
    pairs = _pairs(file, section)
    x, y = file.header(pairs["samples"].x), file.header(pairs["samples"].y)
    kind = kind_of(x.dtype, x.shape, section.kind, f"{section.path}: {pairs['samples'].x}")
    several = len(y.shape) == 2 and y.shape[1] > 1
    return DataFacts(
        shape=sample_shape(kind, x.shape),
        dtype="int32" if kind == "tokens" else "float32",
        train_samples=x.shape[0],
        classes=known.classes,
        class_names=names,
        target="classes" if y.kind in "US" or names is not None else None,
        targets=y.shape[1] if several else 1,
        splits=frozenset(pairs) - {"samples"},
    )


def load(section: NpzData, seed: int) -> RawData:  # noqa: ARG001 - all sources are called alike
    """Opens the arrays; what can be mapped is not read as a whole, only looked through.

    Raises:
        DataError: If an array is missing, damaged, or holds something that nothing can be learned from.
    """
    from nnrun.data.arrays import Names, data_of_arrays

    file = open_arrays(section.path)
    pairs = _pairs(file, section)
    parts = {name: _given(file, pair) for name, pair in pairs.items()}
    used = {name for pair in pairs.values() for name in pair}
    if section.sample_weight is not None:
        _check_there(file, "sample_weight", section.sample_weight)
        weights = file.read(section.sample_weight)
        parts["samples"] = parts["samples"].weighted(weights, section.sample_weight)
        used.add(section.sample_weight)
    classes = None if section.class_names is None else tuple(section.class_names)
    names = Names(
        classes=classes or _texts(file, CLASS_NAMES),
        features=_texts(file, FEATURE_NAMES),
    )
    used |= {CLASS_NAMES, FEATURE_NAMES}
    notes = _unused(file, used)
    return data_of_arrays(parts, section.kind, names, section.path, notes)


def _pairs(file: ArrayFile, section: NpzData) -> dict[str, _Pair]:
    """Returns the names of the arrays of each part that there is.

    Raises:
        DataError: An array that the config names, or that there must be, is missing.
    """
    asked = {
        "samples": (section.x, section.y),
        "validation": (section.x_validation, section.y_validation),
        "test": (section.x_test, section.y_test),
    }
    keys = {part: ("x", "y") if part == "samples" else (f"x_{part}", f"y_{part}") for part in asked}
    there = file.names()
    pairs: dict[str, _Pair] = {}
    for part, own in asked.items():
        found: list[str | None] = []
        for key, name, usual in zip(keys[part], own, _DEFAULTS[part], strict=True):
            if name is not None:
                _check_there(file, key, name)
            found.append(name or next((each for each in usual if each in there), None))
        x, y = found
        if x is not None and y is not None:
            pairs[part] = _Pair(x, y)
        elif part == "samples" or any(own):
            key = keys[part][0 if x is None else 1]
            raise DataError(
                f"dataset.{key}: {file.path} has no array {_either(_DEFAULTS[part][0 if x is None else 1])}; "
                f"it has {_listed(there)}",
                f"write `{key}: NAME` with the one that is meant",
            )
    return pairs


def _check_there(file: ArrayFile, key: str, name: str) -> None:
    there = file.names()
    if name in there:
        return
    from nnrun.config.suggestions import closest

    meant = closest(name, there)
    raise DataError(
        f"dataset.{key}: {file.path} has no array '{name}'; it has {_listed(there)}",
        f"did you mean '{meant}'?" if meant else "",
    )


def _given(file: ArrayFile, pair: _Pair) -> Given:
    from nnrun.data.arrays import Given

    return Given(file.read(pair.x), file.read(pair.y), pair.x, pair.y)


def _texts(file: ArrayFile, name: str) -> tuple[str, ...] | None:
    if name not in file.names():
        return None
    values: Any = file.read(name)
    if values.ndim != 1 or values.dtype.kind != "U":
        raise DataError(
            f"{file.path}: {name} is {values.dtype} of shape {values.shape}, but names are texts in a row"
        )
    return tuple(str(value) for value in values)


def _unused(file: ArrayFile, used: Collection[str]) -> tuple[str, ...]:
    others = [name for name in file.names() if name not in used]
    return (f"{file.path}: not used: {_listed(others)}",) if others else ()


def _either(names: Collection[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)


def _listed(names: Collection[str]) -> str:
    if not names:
        return "none"
    shown = ", ".join(f"'{name}'" for name in list(names)[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN:,} more"
