"""Predictions: the outputs of networks against `model.predict`, and a large table from file to file.

Usage: python tests/benchmarks/predict.py [CONFIG...] [--rounds N] [--rows N]

The first table takes turns between `model.predict` with its own batch size (32), `model.predict` with that of nnrun,
and nnrun, on the same samples in memory. The second is the whole command on a table of 30 columns: its time, and how
much more memory it takes than for a table of a thousand rows (Linux).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from epochs import CONFIGS, DATA
from table import median, print_table, seconds

SAMPLES = {
    "iris_mlp": 100_000,
    "moons_mlp": 100_000,
    "mnist_mlp": 60_000,
    "mnist_conv": 20_000,
    "mnist_convnet": 5_000,
}

WIDE = """\
name: wide
seed: 0
dataset:
  {source: synthetic, generator: classification, n_features: 30, n_informative: 10, samples: 2000, scale: standard}
model: {layers: [{Dense: {units: 64, activation: relu}}, {Dense: {units: 1, activation: sigmoid}}]}
compile: {optimizer: adam, loss: binary_crossentropy}
fit: {epochs: 1}
"""


def measure(name: str, rounds: int) -> list[str]:
    """Returns a row of the first table."""
    import numpy as np

    from nnrun.check import check_config
    from nnrun.data.facts import facts_of
    from nnrun.training.building import build_model, compile_model
    from nnrun.training.predicting import Predictor, fitting_batch_size

    overrides = [f"dataset.path={DATA / 'mnist'}"] if name.startswith("mnist") else []
    loaded = check_config(CONFIGS / f"{name}.yaml", overrides)
    facts = facts_of(loaded.experiment.dataset)
    model = build_model(loaded, facts.shape or (), facts.dtype, 0)
    compile_model(loaded, model, jit_compile=False)
    x = np.random.default_rng(0).normal(size=(SAMPLES[name], *model.input_shape[1:])).astype(np.float32)
    predictor = Predictor(model, fitting_batch_size(model, loaded.experiment.fit.batch_size))
    size = predictor.batch_size
    sides: dict[str, Callable[[], Any]] = {
        "own": lambda: model.predict(x, verbose=0),
        "same": lambda: model.predict(x, batch_size=size, verbose=0),
        "nnrun": lambda: predictor(x),
    }
    times: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(rounds + 1):
        for side, call in sides.items():
            started = time.perf_counter()
            call()
            if number:  # the first one traces
                times[side].append(time.perf_counter() - started)
    own, same, ours = (median(times[side]) for side in sides)
    return [
        name,
        f"{len(x):,}",
        seconds(own),
        f"{seconds(same)} ({size})",
        seconds(ours),
        f"{own / ours:.1f}",
    ]


def whole(rows: int) -> list[str]:
    """Returns the row of the second table."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "wide.yaml").write_text(WIDE)
        nnrun(folder, "train", "wide.yaml")
        draw = np.random.default_rng(0)
        results = []
        for count in (1000, rows):
            table = pa.table({f"x{column}": draw.normal(size=count).round(6) for column in range(30)})
            pa.csv.write_csv(table, folder / f"{count}.csv")
            del table
            results.append(nnrun(folder, "predict", "wide", f"{count}.csv", "--output", f"{count}-out.csv"))
        size = (folder / f"{rows}.csv").stat().st_size
    (small, small_memory), (large, large_memory) = results
    return [
        f"{rows:,}",
        f"{size / 2**20:,.0f} MiB",
        seconds(small),
        seconds(large),
        f"{rows / (large - small):,.0f}",
        f"{(large_memory - small_memory) / 2**20:,.0f} MiB",
    ]


def nnrun(folder: Path, *arguments: str) -> tuple[float, int]:
    """Runs a command in a process of its own; returns its seconds, and the most memory that it took, in bytes."""
    code = (
        "import re, sys\nfrom nnrun.cli.main import run\n"
        f"assert run({list(arguments)!r}) == 0\n"
        # Not what `getrusage` tells, which is at least what the process that started this one took.
        "print(re.search(r'VmHWM:\\s+([0-9]+)', open('/proc/self/status').read())[1], file=sys.stderr)"
    )
    started = time.perf_counter()
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return time.perf_counter() - started, int(result.stderr.split()[-1]) * 1024


def main() -> None:
    """Measures and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(SAMPLES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    rows = [measure(name, arguments.rounds) for name in arguments.names]
    print_table(["config", "samples", "predict (32)", "predict (batch)", "nnrun", "times faster"], rows)
    print()
    header = ["rows", "file", "1,000 rows", "all rows", "rows a second", "more memory"]
    print_table(header, [whole(arguments.rows)])


if __name__ == "__main__":
    main()
