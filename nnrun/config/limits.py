"""How large a config may be: written by hand, it stays far below; hostile ones are refused early."""

from __future__ import annotations

MAX_BYTES = 1_000_000
"""Size of a config file."""

MAX_DEPTH = 64
"""Levels of mappings and lists inside each other, aliases included."""

MAX_PROBLEMS = 100
"""Problems that are looked for in a file; who has more has given the wrong file."""

MAX_NODES = 50_000
"""Values in a file, where each use of an alias counts as much as writing its value out again."""

MAX_BASES = 16
"""Files that a config extends, one through the other."""
