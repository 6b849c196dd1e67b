"""Time of a cross-validation against that of a training on one of its folds, as whole processes taking turns.

Usage: python tests/benchmarks/crossval.py [FOLDER] [--folds K] [--images N] [--epochs N] [--rounds N]

FOLDER holds the four IDX files of MNIST; by default that of NNRUN_TEST_DATA.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from process import DATA, ROOT, timed
from table import median, print_table, seconds


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA / "mnist")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    config = [str(ROOT / "configs" / "mnist_mlp.yaml"), f"dataset.path={arguments.folder.resolve()}"]
    config.append(f"dataset.limit={arguments.images}")
    if arguments.epochs:
        config.append(f"fit.epochs={arguments.epochs}")
    program = [sys.executable, "-m", "nnrun"]
    fold = ["dataset.split.fold=1", f"dataset.split.folds={arguments.folds}", "fit.validation_data=null"]
    one: list[float] = []
    all_folds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            one.append(timed([*program, "train", *config, *fold], Path(folder)))
            crossval = [*program, "crossval", *config, "--folds", str(arguments.folds)]
            all_folds.append(timed(crossval, Path(folder)))
    ratio = median(all_folds) / median(one)
    print_table(
        ["what", "time", "of one fold"],
        [
            ["`nnrun train`, one fold", seconds(median(one)), "1.00"],
            [f"`nnrun crossval --folds {arguments.folds}`", seconds(median(all_folds)), f"{ratio:.2f}"],
        ],
    )


if __name__ == "__main__":
    main()
