"""Time of `nnrun check FILE` against `import tensorflow`, whole processes taking turns.

Usage: python tests/benchmarks/check.py [--rounds N] [--profile]

`--profile` prints instead what one `nnrun check FILE` imports, by top-level package, with the milliseconds of each.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
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
    """Measures or profiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument(
        "--profile", action="store_true", help="Print what is imported, and what takes the time."
    )
    arguments = parser.parse_args()
    rounds = arguments.rounds
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode, too
    config = str(ROOT / "configs" / "iris_mlp.yaml")
    if arguments.profile:
        print_imports(config)
        return
    with tempfile.TemporaryDirectory() as folder:
        print_times(config, folder_of_configs(Path(folder), 200), rounds)


def folder_of_configs(folder: Path, count: int) -> list[str]:
    """Returns that many valid configs, in a folder of their own."""
    originals = [path.read_text() for path in sorted((ROOT / "configs").glob("*.yaml"))]
    paths = [folder / f"config_{number:03d}.yaml" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(originals[number % len(originals)])
    return [str(path) for path in paths]


def print_imports(config: str) -> None:
    """Prints the packages that a check loads, the slowest first."""
    command = [sys.executable, "-X", "importtime", *PROGRAM[1:], "check", config]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines()
    times: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    for line in lines:
        if not line.startswith("import time:") or "[us]" in line:
            continue
        own, _, name = line.removeprefix("import time:").split("|")
        package = name.strip().partition(".")[0]
        times[package] += int(own)
        modules[package] += 1
    rows = [[name, f"{modules[name]}", f"{micro / 1000:.1f} ms"] for name, micro in times.most_common(12)]
    total = sum(times.values()) / 1000
    print_table(
        ["package", "modules", "time"], [*rows, ["all", f"{sum(modules.values())}", f"{total:.1f} ms"]]
    )


def print_times(config: str, many: list[str], rounds: int) -> None:
    """Measures and prints the table."""
    commands = {
        "import tensorflow": [sys.executable, "-c", "import tensorflow"],
        "nnrun check FILE": [*PROGRAM, "check", config],
        "nnrun check configs/*.yaml": [
            *PROGRAM,
            "check",
            *map(str, sorted((ROOT / "configs").glob("*.yaml"))),
        ],
        "nnrun check, 200 files": [*PROGRAM, "check", *many],
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
