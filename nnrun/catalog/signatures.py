"""Which keyword arguments a constructor takes, those that `**kwargs` hands to base classes included."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MISSING = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Parameter:
    """A keyword argument of a constructor.

    Args:
        name: Its name.
        default: Its default, or `MISSING`.
        annotation: Its annotation, or `MISSING`.
        owner: The class whose `__init__` declares it, or the function.
    """

    name: str
    default: Any
    annotation: Any
    owner: Any


def constructor_parameters(owner: Any) -> list[Parameter]:
    """Returns the keyword arguments of a class or function.

    Where `__init__` takes `**kwargs` and gives them to `super().__init__`, the parameters of that one follow,
    unless the call sets them itself: `Conv2D` fixes `rank=2` for its base class, so nobody else can set it.
    """
    if not inspect.isclass(owner):
        return _named(owner, owner)
    found: dict[str, Parameter] = {}
    taken: set[str] = set()
    classes = [
        cls for cls in owner.__mro__ if "__init__" in vars(cls) and cls.__module__.startswith("keras.")
    ]
    for index, cls in enumerate(classes):
        init = vars(cls)["__init__"]
        for parameter in _named(init, cls):
            if parameter.name not in taken:
                found.setdefault(parameter.name, parameter)
        following = classes[index + 1] if index + 1 < len(classes) else None
        handed_on = _handed_on(init, following)
        if handed_on is None:
            break
        taken |= handed_on | set(found)
    return list(found.values())


def _named(function: Callable[..., Any], owner: Any) -> list[Parameter]:
    return [
        Parameter(parameter.name, parameter.default, parameter.annotation, owner)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name != "self"
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]


def _handed_on(init: Callable[..., Any], following: type | None) -> set[str] | None:
    """Returns what `init` itself sets in `super().__init__(…, **kwargs)`; None where it hands nothing on."""
    if following is None:
        return None
    tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        called_on = node.func.value
        is_super = isinstance(called_on, ast.Call) and getattr(called_on.func, "id", "") == "super"
        if node.func.attr != "__init__" or not is_super:
            continue
        if not any(keyword.arg is None for keyword in node.keywords):
            return None
        names = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
        positional = [parameter.name for parameter in _named(vars(following)["__init__"], following)]
        return names | set(positional[: len(node.args)])
    return None
