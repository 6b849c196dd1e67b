"""Time of the whole command: `nnrun train CONFIG` against the plain Keras script, each in a process of its own.

Usage: python tests/benchmarks/process.py [CONFIG...] [--rounds N] [--epochs N]

The two take turns, both with their defaults, output into a file, and both save a model.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import median, print_table, seconds

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).resolve().parent / "plain_keras"
DATA = Path(os.environ.get("NNRUN_TEST_DATA", ROOT.parent / "shared" / "data"))
NAMES = [
    "iris_softmax",
    "iris_softmax_onehot",
    "iris_mlp",
    "moons_mlp",
    "mnist_mlp",
    "mnist_mlp_dropout",
    "mnist_conv",
    "mnist_convnet",
]
ROUNDS = {"mnist_mlp": 2, "mnist_mlp_dropout": 2, "mnist_conv": 2, "mnist_convnet": 1}


def timed(command: list[str], folder: Path) -> float:
    """Runs a command and returns its seconds; fails if the command fails."""
    started = time.perf_counter()
    with (folder / "output.txt").open("wb") as output:
        result = subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{(folder / 'output.txt').read_text()[-2000:]}")
    return time.perf_counter() - started


def measure(name: str, rounds: int, epochs: int | None) -> list[str]:
    """Returns a row of the table."""
    nnrun = [
        sys.executable,
        "-m",
        "nnrun",
        "train",
        str(ROOT / "configs" / f"{name}.yaml"),
        "--runs-dir",
        "runs",
    ]
    script = [sys.executable, str(SCRIPTS / f"{name}.py"), "model.keras"]
    if name.startswith("mnist"):
        nnrun.append(f"dataset.path={DATA / 'mnist'}")
    if epochs is not None and name.startswith("mnist"):
        nnrun.append(f"fit.epochs={epochs}")
        script.append(str(epochs))
    ours: list[float] = []
    plain: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            plain.append(timed(script, Path(folder)))
            ours.append(timed(nnrun, Path(folder)))
    ratio = median(ours) / median(plain)
    return [name, seconds(median(plain)), seconds(median(ours)), f"{ratio:.2f}", f"{rounds}"]


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--epochs", type=int, help="Epochs for the MNIST networks, on both sides.")
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    rows = (
        measure(name, arguments.rounds or ROUNDS.get(name, 3), arguments.epochs) for name in arguments.names
    )
    print_table(["config", "script", "nnrun", "nnrun / script", "rounds"], rows)


if __name__ == "__main__":
    main()
