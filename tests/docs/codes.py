"""Finds the problem codes in the sources of nnrun."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import nnrun


def positions() -> dict[str, set[int]]:
    """Returns the functions and classes of nnrun that take a problem code, with its position."""
    found: dict[str, set[int]] = {}
    for tree in trees():
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.FunctionDef):
                names = [item.arg for item in node.args.args if item.arg not in ("self", "cls")]
            elif isinstance(node, ast.ClassDef):
                names = [
                    item.target.id
                    for item in node.body
                    if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
                ]
            if "code" in names and isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.setdefault(node.name, set()).add(names.index("code"))
    return found


@cache
def trees() -> tuple[ast.Module, ...]:
    """Returns the syntax trees of nnrun's modules."""
    folder = Path(nnrun.__file__).parent
    return tuple(ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py")))


def strings(node: ast.expr) -> set[str]:
    """Returns the strings that an expression may be."""
    if isinstance(node, ast.IfExp):
        return strings(node.body) | strings(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def codes() -> set[str]:
    """Returns the problem codes that nnrun's modules give to anything that takes one."""
    takers, found = positions(), set[str]()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                for position in takers.get(name, ()):
                    given = [*node.args[position : position + 1]]
                    given += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                    found |= {text for item in given for text in strings(item)}
            elif isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == "code" for target in node.targets
            ):
                found |= strings(node.value)
    return {code for code in found if re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code)}
