"""Arrays that NumPy or h5py saved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from nnrun.config.datasets.arrays import NpzData
from nnrun.config.facts import DataFacts
from nnrun.data.array_kinds import kind_of, sample_shape
from nnrun.data.own_splits import files_here, located_files
from nnrun.data.sources.array_files import ArrayFile, is_quick, open_arrays
from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.data.arrays import Given
    from nnrun.data.raw import RawData

CLASS_NAMES, FEATURE_NAMES = "class_names", "feature_names"
"""Arrays of texts that are used where they are in the file."""

_DEFAULTS: dict[str, tuple[Collection[str], Collection[str]]] = {
    "samples": (("x", "x_train"), ("y", "y_train")),
    "validation": (("x_validation", "x_val"), ("y_validation", "y_val")),
    "test": (("x_test",), ("y_test",)),
}
"""Of each part, the names of its arrays where the config does not say them."""

_SHOWN = 20


class _Pair(NamedTuple):
    """The arrays of one part.

    Args:
        file: Where they are.
        x: Name of the inputs.
        y: Name of the labels.
    """

    file: ArrayFile
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
    files = files_here(section)
    if any(path is None or not is_quick(path) for path in files.values()):
        return known
    pairs = _pairs({name: open_arrays(path) for name, path in files.items() if path is not None}, section)
    file, x_name, y_name = pairs["samples"]
    x, y = file.header(x_name), file.header(y_name)
    kind = kind_of(x.dtype, x.shape, section.kind, f"{file.path}: {x_name}")
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

    pairs = _pairs({name: open_arrays(path) for name, path in located_files(section).items()}, section)
    parts = {name: _given(found) for name, found in pairs.items()}
    file = pairs["samples"].file
    used = {name for found in pairs.values() if found.file is file for name in (found.x, found.y)}
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
    return data_of_arrays(parts, section.kind, names, file.path, notes)


def _pairs(files: Mapping[str, ArrayFile], section: NpzData) -> dict[str, _Pair]:
    """Returns the arrays of each part that there is.

    A split with a file of its own has its arrays there, under the names of those to train on.

    Raises:
        DataError: An array that the config names, or that there must be, is missing.
    """
    pairs: dict[str, _Pair] = {}
    for part in _DEFAULTS:
        keys = ("x", "y") if part == "samples" or part in files else (f"x_{part}", f"y_{part}")
        file = files.get(part, files["samples"])
        asked = [getattr(section, key) for key in keys]
        # A file of its own for a part may call them either way.
        usual = [
            (*first, *own) if keys[0] == "x" and part != "samples" else own
            for first, own in zip(_DEFAULTS["samples"], _DEFAULTS[part], strict=True)
        ]
        x, y = (_found(file, key, name, names) for key, name, names in zip(keys, asked, usual, strict=True))
        if x is not None and y is not None:
            pairs[part] = _Pair(file, x, y)
        elif keys[0] == "x" or any(asked):
            missing = 0 if x is None else 1
            raise DataError(
                f"dataset.{keys[missing]}: {file.path} has no array {_either(usual[missing])}; it has "
                f"{_listed(file.names())}",
                f"write `{keys[missing]}: NAME` with the one that is meant",
            )
    return pairs


def _found(file: ArrayFile, key: str, asked: str | None, usual: Collection[str]) -> str | None:
    """Returns the name of an array: the one that the config says, else a usual one, else None."""
    if asked is not None:
        _check_there(file, key, asked)
        return asked
    return next((name for name in usual if name in file.names()), None)


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


def _given(found: _Pair) -> Given:
    from nnrun.data.arrays import Given

    return Given(found.file.read(found.x), found.file.read(found.y), found.x, found.y, where=found.file.path)


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
