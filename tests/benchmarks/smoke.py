"""Time of `nnrun smoke` over all configs of a folder against that over one of them, as whole processes taking turns.

Usage: python tests/benchmarks/smoke.py [CONFIG...] [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from process import ROOT
from table import median, print_table, seconds

from runs import timed


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = sorted((ROOT / "configs" / "smoke").glob("*.yaml"))
    parser.add_argument("configs", type=Path, nargs="*", default=default)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    program = [sys.executable, "-m", "nnrun", "smoke"]
    configs = [str(path.resolve()) for path in arguments.configs]
    times: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for _ in range(arguments.rounds):
            for names in (*([config] for config in configs), configs):
                label = f"`{Path(names[0]).name}`" if len(names) == 1 else f"all {len(names)}"
                times.setdefault(label, []).append(timed([*program, *names]))
    middle = {
        label: [median(list(side)) for side in zip(*taken, strict=True)] for label, taken in times.items()
    }
    alone = [taken for label, taken in middle.items() if not label.startswith("all")]
    one = [sum(side) / len(alone) for side in zip(*alone, strict=True)]
    rows = [
        [label, seconds(wall), f"{wall / one[0]:.2f}", seconds(processor), f"{processor / one[1]:.2f}"]
        for label, (wall, processor) in middle.items()
    ]
    print_table(["configs", "time", "of one", "processor time", "of one"], rows)


if __name__ == "__main__":
    main()
