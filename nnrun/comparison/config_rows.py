"""How configs differ, key by key; lists of layers, metrics and callbacks are laid beside each other first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnrun.catalog.families import Family
from nnrun.catalog.reading import catalog
from nnrun.comparison.alignment import aligned
from nnrun.comparison.rows import MISSING, Missing, Row, same

_FAMILIES: Mapping[str, Family] = {
    "model.layers": "layer",
    "compile.optimizer": "optimizer",
    "compile.loss": "loss",
    "compile.metrics": "metric",
    "compile.weighted_metrics": "metric",
    "fit.callbacks": "callback",
}
"""Where a config has Keras objects."""

_CHANGED, _REPLACED = 1.0, 1.5
"""What it costs to pair objects of one class with other arguments, at least, and those of two classes."""

_Place = tuple[Any, ...]
"""Where a value is in the first config: keys, positions in lists, and what is inserted before a position."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A value of two configs, with its place, how its key is written, and whether it is compared as a whole."""

    place: _Place
    key: str
    one: Any
    other: Any
    leaf: bool


def config_rows(configs: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Compares configs.

    Args:
        configs: What their `resolved.yaml` say, two or more.

    Returns:
        A row for each value, equal or not, in the order of the first config, to which each of the others is compared.
    """
    first, *others = configs
    compared = [{node.place: node for node in _sections(first, other)} for other in others]
    rows = []
    whole: set[_Place] = set()  # what some of the others have something else for
    for place in _merged([list(nodes) for nodes in compared]):
        nodes = [found.get(place) for found in compared]
        known = [node for node in nodes if node is not None]
        if not any(node.leaf for node in known):
            continue
        values = [known[0].one, *(MISSING if node is None else node.other for node in nodes)]
        present = [value for value in values if value is not MISSING]
        if any(place[:length] in whole for length in range(1, len(place))) and all(
            same(present[0], value) for value in present
        ):
            continue  # an argument of an object that others replaced, which is told already
        whole.add(place)
        # The key tells both positions of an item where they differ.
        rows.append(Row(max(known, key=lambda node: not same(node.one, node.other)).key, values))
    return rows


def _merged(orders: Sequence[Sequence[_Place]]) -> list[_Place]:
    """Returns all places in one order: what only a later config has comes after what it follows there."""
    merged = list(orders[0])
    known = set(merged)
    for order in orders[1:]:
        at = 0
        for place in order:
            if place in known:
                at = merged.index(place) + 1
            else:
                merged.insert(at, place)
                known.add(place)
                at += 1
    return merged


def _sections(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[_Node]:
    for key in dict.fromkeys([*one, *other]):
        yield from _nodes(one.get(key, MISSING), other.get(key, MISSING), (key,), key)


def _nodes(one: Any, other: Any, place: _Place, key: str) -> Iterator[_Node]:
    family = _FAMILIES.get(key)
    if family is not None and isinstance(one, list) and isinstance(other, list):
        yield from _items(one, other, place, key, family)
    elif family is not None and not isinstance(one, Missing) and not isinstance(other, Missing):
        yield from _objects(one, other, place, key, family)
    elif isinstance(one, Mapping) and isinstance(other, Mapping) and _alike(one, other):
        yield _Node(place, key, one, other, leaf=False)
        for name in dict.fromkeys([*one, *other]):
            yield from _nodes(
                one.get(name, MISSING), other.get(name, MISSING), (*place, name), f"{key}.{name}"
            )
    else:
        yield _Node(place, key, one, other, leaf=True)


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tells whether two mappings have their keys in common, and are not objects of two classes."""
    return not (len(one) == len(other) == 1 and next(iter(one))[:1].isupper() and [*one] != [*other])


def _items(
    one: Sequence[Any], other: Sequence[Any], place: _Place, key: str, family: Family
) -> Iterator[_Node]:
    inserted = 0
    position = 0  # in the first list
    for left, right in aligned(one, other, lambda left, right: _cost(left, right, family)):
        if left is None:
            assert right is not None  # noqa: S101 - no pair is without both
            inserted += 1
            value = _written(other[right], family)
            yield _Node((*place, position, "before", inserted), f"{key}[{right}]", MISSING, value, leaf=True)
            continue
        position, inserted = left + 1, 0
        if right is None:
            yield _Node((*place, left), f"{key}[{left}]", _written(one[left], family), MISSING, leaf=True)
        else:
            both = f"{left}" if left == right else f"{left}→{right}"
            yield from _objects(one[left], other[right], (*place, left), f"{key}[{both}]", family)


def _objects(one: Any, other: Any, place: _Place, key: str, family: Family) -> Iterator[_Node]:
    (name, first), (other_name, second) = _parts(one, family), _parts(other, family)
    arguments = dict.fromkeys([*first, *second])
    leaf = name != other_name or not arguments
    yield _Node(place, key, _written(one, family), _written(other, family), leaf)
    if leaf:
        return
    defaults = _defaults(name, family)
    for argument in arguments:
        left, right = (each.get(argument, defaults.get(argument, MISSING)) for each in (first, second))
        yield from _nodes(left, right, (*place, argument), f"{key}.{name}.{argument}")


def _cost(one: Any, other: Any, family: Family) -> float:
    (name, first), (other_name, second) = _parts(one, family), _parts(other, family)
    if name != other_name:
        return _REPLACED
    arguments = first.keys() | second.keys()
    defaults = _defaults(name, family) if first != second else {}
    changed = [
        key for key in arguments if first.get(key, defaults.get(key)) != second.get(key, defaults.get(key))
    ]
    # The fewer arguments differ, the more it is the same layer.
    return _CHANGED + 0.4 * len(changed) / len(arguments) if changed else 0.0


def _parts(value: Any, family: Family) -> tuple[str, Mapping[str, Any]]:
    """Returns the class of a Keras object, whatever it is called, and its arguments."""
    name: Any = value
    arguments: Any = {}
    if isinstance(value, Mapping) and len(value) == 1:
        [(name, arguments)] = value.items()
    info = catalog().find(family, name) if isinstance(name, str) else None
    return info.name if info is not None else str(name), arguments if isinstance(arguments, Mapping) else {}


def _written(value: Any, family: Family) -> Any:
    """Returns a Keras object under the name of its class; a metric as it is, as Keras logs it under that name."""
    if family == "metric":
        return value
    name, arguments = _parts(value, family)
    return {name: dict(arguments)} if arguments else name


def _defaults(name: str, family: Family) -> Mapping[str, Any]:
    info = catalog().find(family, name)
    if info is None:
        return {}
    return {key: argument.default for key, argument in info.arguments.items() if not argument.required}
