"""What a Python function of the user returns. Nothing is imported or run without `--allow-code`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.config.datasets.arrays import PythonData
from nnrun.config.facts import DataFacts
from nnrun.data.permission import require_permission
from nnrun.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnrun.data.raw import RawData

PARTS = {"samples": ("x", "y"), "validation": ("x_validation", "y_validation"), "test": ("x_test", "y_test")}
"""Of each part, the keys of its arrays."""

KEYS = (
    *(key for pair in PARTS.values() for key in pair),
    "sample_weight",
    "class_names",
    "feature_names",
    "target_names",
)
"""What a function may return."""


def facts(section: PythonData) -> DataFacts:
    """Returns what the section says; the rest would need the function to run."""
    names = None if section.class_names is None else tuple(section.class_names)
    return DataFacts(
        dtype="int32" if section.kind == "tokens" else "float32",
        classes=None if names is None else len(names),
        class_names=names,
        more_splits=True,
    )


def load(section: PythonData, seed: int) -> RawData:
    """Calls the function and checks what it returns.

    Raises:
        UsageError: The user did not allow it.
        DataError: The function cannot be called, fails, or returns something that nothing can be learned from.
    """
    from nnrun.data.arrays import Given, Names, data_of_arrays
    from nnrun.data.sources.user_code import call

    require_permission(section)
    where = section.function
    found = _keyed(call(section.function, section.path or ".", section.arguments, seed), where)
    parts: dict[str, Given] = {}
    for part, (x, y) in PARTS.items():
        if x in found and y in found:
            parts[part] = Given(_array(found[x], f"{where}: {x}"), _array(found[y], f"{where}: {y}"), x, y)
        elif x in found or y in found or part == "samples":
            raise DataError(
                f"{where} returns no '{y if x in found else x}'", f"return '{x}' and '{y}', inputs and labels"
            )
    if "sample_weight" in found:
        weights = _array(found["sample_weight"], f"{where}: sample_weight")
        parts["samples"] = parts["samples"].weighted(weights, "sample_weight")
    names = Names(
        classes=tuple(section.class_names or ()) or _names(found, "class_names", where),
        features=_names(found, "feature_names", where),
        targets=_names(found, "target_names", where),
    )
    return data_of_arrays(parts, section.kind, names, where)


def _keyed(value: Any, where: str) -> dict[str, Any]:
    """Returns what a function returned by its keys.

    Raises:
        DataError: It is neither a mapping of known keys, nor `(x, y)`, nor `(x, y), (x_test, y_test)`.
    """
    if isinstance(value, tuple) and len(value) == 2:
        pairs = value if all(isinstance(item, tuple) and len(item) == 2 for item in value) else (value,)
        keys = (PARTS["samples"], PARTS["test"])
        return {
            key: item
            for names, pair in zip(keys, pairs, strict=False)
            for key, item in zip(names, pair, strict=True)
        }
    if not isinstance(value, dict):
        size = f" of {len(value)}" if isinstance(value, tuple | list) else ""
        raise DataError(
            f"{where} returns a {type(value).__name__}{size}",
            "return (x, y), or ((x, y), (x_test, y_test)), or a dict with the keys x and y",
        )
    unknown = [key for key in value if key not in KEYS]
    if unknown:
        from nnrun.config.suggestions import closest

        meant = closest(str(unknown[0]), KEYS)
        raise DataError(
            f"{where} returns a dict with the key {unknown[0]!r}",
            f"did you mean '{meant}'?" if meant else f"known are {', '.join(KEYS)}",
        )
    return {key: item for key, item in value.items() if item is not None}


def _array(value: Any, where: str) -> NDArray[Any]:
    """Returns an array of numbers or texts; a mapped one stays mapped."""
    import numpy as np

    try:
        array = value if isinstance(value, np.ndarray) else np.asarray(value)
    except (ValueError, TypeError) as error:
        raise DataError(f"{where} is no array: {error}", "all samples need one shape") from error
    if array.dtype.kind == "O":
        # Tables of other libraries keep texts as objects.
        if array.ndim <= 2 and all(isinstance(item, str) for item in array.reshape(-1)):
            return array.astype(np.str_)
        kinds = sorted({type(item).__name__ for item in array.reshape(-1)[:100]})
        raise DataError(
            f"{where} holds Python objects ({', '.join(kinds)}) instead of numbers",
            "return arrays of numbers, with samples of one shape",
        )
    return array


def _names(found: dict[str, Any], key: str, where: str) -> tuple[str, ...] | None:
    if key not in found:
        return None
    names = _array(found[key], f"{where}: {key}")
    if names.ndim != 1 or names.dtype.kind != "U":
        raise DataError(
            f"{where}: {key} is {names.dtype} of shape {names.shape}, but names are texts in a row"
        )
    return tuple(str(name) for name in names)
