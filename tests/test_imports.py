"""Imports point one way, and quick commands load nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.configs import write_iris

PACKAGE = Path(__file__).resolve().parent.parent / "nnrun"

BASE = {"errors", "events", "interrupts"}
CONFIG = {"config", "catalog", *BASE}

ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "events": set(),
    "interrupts": {"errors"},
    "catalog": {"errors"},
    "config": {"catalog", "errors"},
    "rundir": CONFIG,
    "data": {"rundir", *CONFIG},
    "display": {"config", "errors", "events"},
    "comparison": {"rundir", "display", *CONFIG},
    "tracking": {"rundir", *CONFIG},
    "verification": {"data", "rundir", "display", *CONFIG},
    "check": {"config", "data", "errors"},
    "diagnosis": {"training", "rundir", "errors"},
    "training": {"tracking", "check", "data", "rundir", *CONFIG},
    "evaluation": {"training", "comparison", "display", "check", "data", "rundir", *CONFIG},
    "search": {"training", "evaluation", "display", "check", "data", "rundir", *CONFIG},
    "smoke": {"training", "evaluation", "verification", "display", "check", "data", "rundir", *CONFIG},
}
"""Which packages each one may import, anywhere in its modules; `cli` may import all."""

HEAVY = ("tensorflow", "keras", "numpy", "sklearn", "pyarrow", "pandas", "matplotlib", "rich", "jinja2")


def imported_packages(path: Path) -> set[str]:
    """Returns the packages of nnrun that a module imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("nnrun.")} - {"__version__"}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_imports_point_one_way(path: Path) -> None:
    """No module imports a package that stands above its own."""
    package = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if package in ("cli", "__main__", "__init__"):
        return
    assert imported_packages(path) - {package} <= ALLOWED[package]


@pytest.mark.parametrize("command", ["--help", "--version", "check", "show"])
def test_quick_commands_load_nothing_heavy(tmp_path: Path, command: str) -> None:
    """Help, check and show load neither TensorFlow nor anything else that takes long."""
    arguments = [command] if command.startswith("-") else [command, str(write_iris(tmp_path))]
    code = (
        "import sys\n"
        "from nnrun.cli.main import run\n"
        f"assert run({arguments!r}) == 0\n"
        f"loaded = set(sys.modules) & set({HEAVY!r})\n"
        "assert not loaded, loaded\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
