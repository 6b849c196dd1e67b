"""Time of `nnrun runs` and its like over many run directories, as whole processes taking turns.

Usage: python tests/benchmarks/runs.py [--runs N] [--rounds N] [--profile]

`--profile` prints instead which functions of `nnrun runs` with a condition on the config take the time.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

from table import median, print_table, seconds

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

PROGRAM = [sys.executable, "-c", "from nnrun.cli.main import main; main()"]  # what the installed command does

QUERIES = {
    "nnrun runs": [],
    "nnrun runs --sort val_loss --limit 10": ["--sort", "val_loss", "--limit", "10"],
    "nnrun runs --filter 'fit.batch_size=32 and val_loss<0.5'": [
        "--filter",
        "fit.batch_size=32 and val_loss<0.5",
    ],
    "nnrun runs --columns +compile.optimizer,model.layers": ["--columns", "+compile.optimizer,model.layers"],
    "nnrun runs --json": ["--json"],
}


def make_runs(folder: Path, count: int) -> None:
    """Makes that many complete run directories, of all configs in turn, as a training leaves them."""
    from nnrun.config.load import load_experiment
    from nnrun.config.resolved import to_yaml
    from nnrun.events import EpochEnded, RunEnded, TrainingStarted
    from nnrun.rundir.recorder import Recorder
    from nnrun.rundir.writing import RunDirectory

    configs = sorted((ROOT / "configs").glob("*.yaml"))
    experiments = [load_experiment(path).experiment for path in configs]
    texts = [to_yaml(experiment) for experiment in experiments]
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        which = number % len(configs)
        directory = RunDirectory.create(
            folder,
            experiments[which].name,
            config=configs[which].read_bytes(),
            resolved=texts[which],
            command=["nnrun", "train", str(configs[which])],
            seed=number,
        )
        metrics = dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy"), 1 / (number + 2))
        ended = RunEnded("completed", "all 2 epochs trained", 2, 3.0, 2, metrics, metrics, {})
        with Recorder(directory.path) as recorder:
            recorder(TrainingStarted(2, 1, 10, {"train": 100}, 131, "CPU", number, "val_loss"))
            recorder(EpochEnded(1, 2, 10, 1.0, 0.9, 0.01, metrics, best=True))
            recorder(ended)
        directory.record["started"] = (first + timedelta(minutes=number)).isoformat()
        directory.finish("completed", 0, "all 2 epochs trained", timing={"train": 1.8})


def timed(command: list[str]) -> tuple[float, float]:
    """Runs a command silently; fails if the command fails.

    Returns:
        The seconds that it took, and those that processors worked for it, which other programs do not change.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    taken = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def print_profile(folder: str) -> None:
    """Prints the functions that take the most time."""
    from nnrun.cli.main import run

    profile = cProfile.Profile()
    with redirect_stdout(io.StringIO()):
        profile.runcall(run, ["runs", "--runs-dir", folder, *QUERIES[[*QUERIES][2]]])
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(15)
    print(text.getvalue())


def main() -> None:
    """Measures or profiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--profile", action="store_true", help="Print what takes the time.")
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode, too
    with tempfile.TemporaryDirectory() as folder:
        make_runs(Path(folder), arguments.runs)
        if arguments.profile:
            print_profile(folder)
            return
        commands = {name: [*PROGRAM, "runs", "--runs-dir", folder, *query] for name, query in QUERIES.items()}
        commands["nnrun diff latest best:val_loss"] = [
            *[*PROGRAM, "diff", "latest", "best:val_loss", "--runs-dir", folder]
        ]
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for number in range(arguments.rounds + 1):
            for name, command in commands.items():
                taken = timed(command)
                if number:  # the first round fills the disk cache
                    times[name].append(taken)
        rows = [
            [name, *(seconds(median(values)) for values in zip(*taken, strict=True))]
            for name, taken in times.items()
        ]
        print_table([f"over {arguments.runs:,} runs", "time", "processor time"], rows)


if __name__ == "__main__":
    main()
