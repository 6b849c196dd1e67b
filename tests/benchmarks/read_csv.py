"""Time and memory of reading a large table, against pandas, whole processes taking turns.

Usage: python tests/benchmarks/read_csv.py [--rows N] [--columns N] [--rounds N] [--quoted | --missing]

pandas reads with its default options, `pandas.read_csv(FILE)`; the row below adds `.to_numpy()`, the float64 array
that training begins with. nnrun reads as `dataset: {source: csv}` does, to that array. `nnrun, ready to train` adds the
split, mean 0 and deviation 1 by the training rows, and float32.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from table import median, print_table, seconds

ROOT = Path(__file__).resolve().parents[2]

WRITE = """
import sys
import numpy as np
import pyarrow as pa
from pyarrow import csv

path, rows, columns, kind = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
random = np.random.default_rng(0)
made = {}
for number in range(columns - 1):
    if number % 3 == 0:
        made[f"x{number}"] = random.normal(size=rows).round(4)
    elif number % 3 == 1:
        made[f"x{number}"] = random.integers(0, 10_000, rows)
    else:
        made[f"x{number}"] = random.normal(size=rows) * 1000
    if kind == "missing" and number % 2:
        made[f"x{number}"] = pa.array(made[f"x{number}"], mask=random.random(rows) < 0.05)
made["y"] = random.normal(size=rows)
style = "all_valid" if kind == "quoted" else "none"
csv.write_csv(pa.table(made), path, csv.WriteOptions(quoting_style=style))
"""

MEASURE = """
import json
import resource
import sys
import time

path, missing = sys.argv[1], sys.argv[2]

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)

{imports}
started = time.perf_counter()
{read}
seconds = time.perf_counter() - started
print(json.dumps({{"seconds": seconds, "peak": peak(), "array": array / 2**20}}))
"""

SIDES = {
    "pandas": (
        "import pandas, pyarrow",
        "array = pandas.read_csv(path).memory_usage().sum()",
    ),
    "pandas, to_numpy": (
        "import pandas, pyarrow",
        "array = pandas.read_csv(path).drop(columns='y').to_numpy().nbytes",
    ),
    "nnrun": (
        "import pyarrow.csv, pyarrow.parquet\n"
        "from nnrun.config.datasets import CsvData\n"
        "from nnrun.data.sources.csv_files import load\n"
        "import nnrun.data.tables.reading, nnrun.data.tables.contents",
        "array = load(CsvData(source='csv', path=path, target='y', missing=missing), 0).samples.x.nbytes",
    ),
    "nnrun, ready to train": (
        "import pyarrow.csv, pyarrow.parquet\n"
        "from nnrun.config.datasets import CsvData, TableSplitSection\n"
        "from nnrun.data.loading import make_splits\n"
        "from nnrun.data.sources.csv_files import load\n"
        "import nnrun.data.tables.reading, nnrun.data.tables.contents",
        "data = CsvData(source='csv', path=path, target='y', missing=missing, scale='standard',\n"
        "               split=TableSplitSection(test=0.2))\n"
        "raw = load(data, 0)\n"
        "splits = make_splits(raw, data, 'values', 0)\n"
        "array = raw.samples.x.nbytes",
    ),
}


def measured(side: str, path: Path, missing: str) -> dict[str, float]:
    """Reads the table in a process of its own and returns seconds and MiB."""
    imports, read = SIDES[side]
    code = MEASURE.format(imports=imports, read=read)
    output = subprocess.run(
        [sys.executable, "-c", code, str(path), missing], check=True, capture_output=True, text=True
    ).stdout
    found: dict[str, float] = json.loads(output)
    return found


def main() -> None:
    """Writes the table, and measures both sides in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=7)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--quoted", action="store_true", help="Every cell in double quotes.")
    kinds.add_argument("--missing", action="store_true", help="Every second column has 5 % empty cells.")
    arguments = parser.parse_args()
    kind = "quoted" if arguments.quoted else "missing" if arguments.missing else "plain"
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        subprocess.run(
            [sys.executable, "-c", WRITE, str(path), str(arguments.rows), str(arguments.columns), kind],
            check=True,
        )
        print(
            f"{arguments.rows:,} rows of {arguments.columns} columns, {kind}: {path.stat().st_size / 2**20:,.0f} MiB"
        )
        found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for number in range(arguments.rounds + 1):
            for side in SIDES:
                result = measured(side, path, "median" if arguments.missing else "error")
                if number:  # the first round fills the disk cache
                    found[side].append(result)
    array = found["nnrun"][0]["array"]
    rows = []
    for side, results in found.items():
        peak = max(result["peak"] for result in results)
        times = [result["seconds"] for result in results]
        rows.append(
            [side, seconds(median(times)), seconds(min(times)), f"{peak:,.0f} MiB", f"{peak / array:.1f} x"]
        )
    print_table(
        [
            "reader",
            "median",
            "best",
            "peak memory of the process",
            f"of the array ({array:,.0f} MiB, float64)",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
