"""Writes the catalogue from the installed Keras: `python -m nnrun.catalog.generate [--check]`.

Two files come out, both sorted and with a line per argument, so that a new Keras shows as a readable diff:
`keras.json`, which every check reads, and `descriptions.json`, which only the editor schema needs.
"""

from __future__ import annotations

import argparse
import difflib
import fnmatch
import inspect
import json
import math
import sys
from typing import Any, get_args

from nnrun.catalog import overlay
from nnrun.catalog.coverage import coverage_table
from nnrun.catalog.derive import derive_kind
from nnrun.catalog.docstrings import argument_texts, first_sentence, summary
from nnrun.catalog.examples import example
from nnrun.catalog.families import Family
from nnrun.catalog.kinds import parse_kind
from nnrun.catalog.reading import CATALOG_FILE, DESCRIPTIONS_FILE, Catalog
from nnrun.catalog.signatures import MISSING, constructor_parameters

MODULES: dict[Family, str] = {
    "layer": "layers",
    "optimizer": "optimizers",
    "loss": "losses",
    "metric": "metrics",
    "callback": "callbacks",
    "activation": "activations",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
    "schedule": "optimizers.schedules",
    "dtype_policy": "dtype_policies",
}
_NOT_OBJECTS = ("serialize", "deserialize", "get")
_NOT_CLASSES = {"layer": ("InputSpec",), "optimizer": ("OptimizerMap",)}
"""Public, but no layer and no optimizer: a description of inputs, and a mapping."""


class OverlayError(Exception):
    """An entry of the overlay fits nothing in the installed Keras."""


def build() -> tuple[dict[str, Any], dict[str, Any]]:
    """Reads the installed Keras.

    Returns:
        The content of `keras.json` and of `descriptions.json`.

    Raises:
        OverlayError: An entry of the overlay is stale.
    """
    import keras

    named = _dtype_kinds(keras) | overlay.NAMED_KINDS
    families: dict[str, Any] = {}
    descriptions: dict[str, Any] = {}
    used: set[tuple[str, str, str]] = set()
    for family, module_name in MODULES.items():
        objects = _public(keras, family, module_name)
        classes: dict[str, Any] = {}
        descriptions[family] = {}
        for name, owner in objects.items():
            classes[name], descriptions[family][name] = _entry(family, name, owner, used)
        families[family] = {"aliases": _aliases(keras, family, module_name, objects), "classes": classes}
    stale = {str(key) for key in overlay.KINDS if key not in used}
    for table in (overlay.REFUSED, overlay.ABSTRACT):
        stale |= {str(key) for key in table if key[1] not in families[key[0]]["classes"]}
    for family, name, argument in overlay.REQUIRED:
        known = families[family]["classes"].get(name, {"arguments": ()})
        if argument not in known["arguments"]:
            stale.add(str((family, name, argument)))
    if stale:
        raise OverlayError("stale entries in nnrun/catalog/overlay.py: " + ", ".join(sorted(stale)))
    content = {"keras_version": keras.__version__, "kinds": named, "families": families}
    _check_kinds(content)
    _add_log_names(keras, content)
    return content, descriptions


def _public(keras: Any, family: Family, module_name: str) -> dict[str, Any]:
    """Returns the public classes (or activation functions) of a module, under one name each, sorted."""
    module = keras
    for part in module_name.split("."):
        module = getattr(module, part)
    names: dict[int, list[str]] = {}
    for name, owner in vars(module).items():
        if name.startswith("_") or inspect.ismodule(owner) or name in _NOT_OBJECTS:
            continue
        if name in _NOT_CLASSES.get(family, ()):
            continue
        if inspect.isclass(owner) or family == "activation" or name == "Input":
            names.setdefault(id(owner), []).append(name)
    chosen: dict[str, Any] = {}
    for same in names.values():
        owner = getattr(module, same[0])
        chosen[owner.__name__ if owner.__name__ in same else min(same)] = owner
    return dict(sorted(chosen.items()))


def _aliases(keras: Any, family: Family, module_name: str, objects: dict[str, Any]) -> dict[str, str | None]:
    """Returns the other public names of the same objects, and Keras's string aliases."""
    module = keras
    for part in module_name.split("."):
        module = getattr(module, part)
    by_object = {id(owner): name for name, owner in objects.items()}
    found: dict[str, str | None] = {
        name: by_object[id(owner)] for name, owner in vars(module).items() if id(owner) in by_object
    }
    if family not in ("layer", "callback", "schedule", "dtype_policy"):
        source = __import__(f"keras.src.{module_name}", fromlist=["ALL_OBJECTS_DICT"])
        by_snake = {_snake(name): name for name in objects}
        for alias, owner in source.ALL_OBJECTS_DICT.items():
            # A loss alias names a function (`mse`: `mean_squared_error`), whose class means the same.
            target = by_object.get(id(owner)) or by_snake.get(owner.__name__)
            if target is not None and alias not in objects:
                found[alias] = target
    abstract = {name for name, owner in objects.items() if _is_base(family, name, owner)}
    found = {alias: name for alias, name in found.items() if alias not in objects and name not in abstract}
    found |= dict.fromkeys(overlay.RESOLVED_BY_SHAPE.get(family, ()))
    return dict(sorted(found.items()))


def _snake(name: str) -> str:
    from keras.src.utils.naming import to_snake_case

    return str(to_snake_case(name))


def _is_base(family: Family, name: str, owner: Any) -> bool:
    bases = ("Layer", "Optimizer", "Loss", "Metric", "Callback", "Initializer", "Regularizer", "Constraint")
    return (
        name in bases
        or name == "LearningRateSchedule"
        or (family, name) in overlay.ABSTRACT
        or (inspect.isclass(owner) and inspect.isabstract(owner))
    )


def _entry(
    family: Family, name: str, owner: Any, used: set[tuple[str, str, str]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    arguments: dict[str, list[Any]] = {}
    texts: dict[str, str] = {}
    parameters = constructor_parameters(owner)
    if family == "activation":
        parameters = parameters[1:]  # the tensor
    for parameter in parameters:
        inherited = parameter.owner is not owner
        if inherited and parameter.name == "factor" and not getattr(owner, "_USE_BASE_FACTOR", True):
            continue  # an argument of the base class that this augmentation layer refuses
        text = argument_texts(owner).get(parameter.name) or argument_texts(parameter.owner).get(
            parameter.name, ""
        )
        kind = _overlay_kind(family, name, parameter.name, used) or derive_kind(
            name, parameter.name, parameter.default, text
        )
        required = parameter.default is MISSING or (family, name, parameter.name) in overlay.REQUIRED
        arguments[parameter.name] = [kind] if required else [kind, _yaml_value(parameter.default)]
        if text:
            texts[parameter.name] = first_sentence(text)
    entry: dict[str, Any] = {}
    if _is_base(family, name, owner):
        entry["abstract"] = True
    if (family, name) in overlay.REFUSED:
        entry["refused"] = overlay.REFUSED[family, name]
    entry["arguments"] = arguments
    return entry, {"description": summary(owner), "arguments": texts}


def _overlay_kind(
    family: Family, class_name: str, argument: str, used: set[tuple[str, str, str]]
) -> str | None:
    """Returns the kind of the overlay's best entry: the fewest wildcards in the class, then the last one."""
    best: tuple[int, str] | None = None
    for key, kind in overlay.KINDS.items():
        if key[0] != family or not any(fnmatch.fnmatchcase(argument, part) for part in key[2].split("|")):
            continue
        fitting = [part for part in key[1].split("|") if fnmatch.fnmatchcase(class_name, part)]
        if not fitting:
            continue
        used.add(key)
        exactness = 2 if class_name in fitting else 1 if fitting != ["*"] else 0
        if best is None or exactness >= best[0]:
            best = (exactness, kind)
    return None if best is None else best[1]


def _yaml_value(default: Any) -> Any:
    if isinstance(default, tuple):
        return [_yaml_value(item) for item in default]
    if isinstance(default, float) and not math.isfinite(default):
        return str(default)
    return default


def _dtype_kinds(keras: Any) -> dict[str, str]:
    """Returns the dtypes of tensors, and the names that a layer takes: not those of quantised types."""
    from keras.src.backend.common import dtypes

    policies = []
    for name in [*sorted(dtypes.ALLOWED_DTYPES), "mixed_float16", "mixed_bfloat16"]:
        try:
            keras.dtype_policies.get(name)
        except ValueError:
            continue
        policies.append(name)
    return {
        "dtype_name": "|".join(f"'{name}'" for name in policies),
        "tensor_dtype": "|".join(f"'{name}'" for name in sorted(dtypes.ALLOWED_DTYPES)),
    }


def _check_kinds(content: dict[str, Any]) -> None:
    from nnrun.catalog.kinds import Either, Kind, Listing, Object, Table

    def check(kind: Kind) -> None:
        if isinstance(kind, Either):
            for option in kind.options:
                check(option)
        elif isinstance(kind, Listing):
            check(kind.items)
        elif isinstance(kind, Table):
            check(kind.values)
        elif isinstance(kind, Object):
            unknown = set(kind.classes) - set(content["families"][kind.family]["classes"])
            if unknown:
                raise OverlayError(f"kinds name classes that do not exist: {sorted(unknown)}")

    for family in content["families"].values():
        for entry in family["classes"].values():
            for value in entry["arguments"].values():
                check(parse_kind(value[0], content["kinds"]))


def _add_log_names(keras: Any, content: dict[str, Any]) -> None:
    """Reads from an instance under which name Keras logs a metric that was given none."""
    known = Catalog(content)
    for name, entry in content["families"]["metric"]["classes"].items():
        if entry.get("abstract") or entry.get("refused"):
            continue
        info = known.classes("metric")[name]
        keras.backend.clear_session()  # otherwise a second AUC is called auc_1
        arguments = {key: example(info.arguments[key].kind) for key in info.required}
        entry["log_name"] = getattr(keras.metrics, name)(**arguments).name


def render(content: dict[str, Any]) -> str:
    """Writes a file's content as JSON with a line per argument."""

    def one_line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    def lines(value: Any, indent: int) -> str:
        if not isinstance(value, dict) or not value:
            return one_line(value)
        pad = " " * (indent + 1)
        items = (f"{pad}{one_line(key)}: {lines(item, indent + 1)}" for key, item in value.items())
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"

    return lines(content, 0) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Writes the files, or with `--check` compares them and prints the difference.

    Returns:
        0, or 1 where `--check` finds a difference.
    """
    parser = argparse.ArgumentParser(prog="python -m nnrun.catalog.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the files are stale")
    options = parser.parse_args(arguments)
    content, descriptions = build()
    stale = False
    for path, value in ((CATALOG_FILE, content), (DESCRIPTIONS_FILE, descriptions)):
        new = render(value)
        if not options.check:
            path.write_text(new, encoding="utf-8")
            continue
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        difference = difflib.unified_diff(
            old.splitlines(True), new.splitlines(True), path.name, f"{path.name} from the installed Keras"
        )
        text = "".join(difference)
        stale = stale or bool(text)
        sys.stdout.write(text)
    sys.stderr.write(coverage_table(Catalog(content)))
    return 1 if stale else 0


assert set(MODULES) == set(get_args(Family))  # noqa: S101  # a new family needs its module here


if __name__ == "__main__":
    raise SystemExit(main())
