"""The descriptions of keys: the strings that stand below the fields of the sections in their source.

Read from the source when a schema is written, so that checking a config pays nothing for them.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache

from pydantic import BaseModel

from nnrun.config.sections import Section


def section_models() -> dict[str, type[BaseModel]]:
    """Returns every section by the name of its class."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[type[BaseModel]] = [Section]
    while waiting:
        model = waiting.pop()
        found[model.__name__] = model
        waiting += model.__subclasses__()
    return found


def field_descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Returns the description of each field of a section that has one, those of its bases included.

    Args:
        model: The section.
    """
    descriptions: dict[str, str] = {}
    for base in reversed(model.__mro__):
        descriptions |= _documented(base.__module__).get(base.__name__, {})
    return {name: text for name, text in descriptions.items() if name in model.model_fields}


@cache
def _documented(module: str) -> dict[str, dict[str, str]]:
    """Returns the strings below fields, by class and field, of a module of this package."""
    if not module.startswith("nnrun."):
        return {}
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    found: dict[str, dict[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            fields = found.setdefault(node.name, {})
            for field, below in zip(node.body, node.body[1:], strict=False):
                if (
                    isinstance(field, ast.AnnAssign)
                    and isinstance(field.target, ast.Name)
                    and isinstance(below, ast.Expr)
                    and isinstance(below.value, ast.Constant)
                    and isinstance(below.value.value, str)
                ):
                    fields[field.target.id] = " ".join(below.value.value.split())
    return found
