"""Time of `nnrun check FILE` against `import tensorflow`, whole processes taking turns.

Usage: python tests/benchmarks/check.py [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from table import median, print_table, seconds

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-c", "from nnrun.cli.main import main; main()"]  # what the installed command does


def timed(command: list[str]) -> float:
    """Runs a command silently and returns its seconds; fails if the command fails."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    config = str(ROOT / "configs" / "iris_mlp.yaml")
    commands = {
        "import tensorflow": [sys.executable, "-c", "import tensorflow"],
        "nnrun check FILE": [*PROGRAM, "check", config],
        "nnrun check configs/*.yaml": [
            *PROGRAM,
            "check",
            *map(str, sorted((ROOT / "configs").glob("*.yaml"))),
        ],
        "nnrun --help": [*PROGRAM, "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            taken = timed(command)
            if number:  # the first round fills the disk cache
                times[name].append(taken)
    base = median(times["import tensorflow"])
    rows = [
        [name, seconds(median(values)), f"1/{base / median(values):.1f}"] for name, values in times.items()
    ]
    print_table(["command", "median", "of import tensorflow"], rows)


if __name__ == "__main__":
    main()
