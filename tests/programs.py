"""Modules of the tests as programs of their own."""

from __future__ import annotations

import sys
from pathlib import Path

_RUN = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module(sys.argv[1], run_name='__main__')"
)


def program(module: str) -> list[str]:
    """Returns the command that runs a module such as `tests.forked`.

    The folder of the tests is last on its path, where Python would put the current one first: what is tested is the
    installed package, which may be another than the one beside the tests.
    """
    return [sys.executable, "-c", _RUN, str(Path(__file__).parent.parent), module]
