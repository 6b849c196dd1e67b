"""Data that do not fit into memory: throughput against the same data in memory, and the memory that they take.

Usage: python tests/benchmarks/streaming.py [--gigabytes N] [--rounds N] [--folder DIR]

The network is that of `configs/mnist_mlp.yaml`. First, MNIST in a memory-mapped file: epochs that read it piece by
piece and epochs over the same samples on the device take turns. Then a file of N gigabytes of images (10 by default, in
the folder, removed at the end) is trained on for one epoch in a process of its own, which may take at most 2 GiB; its
resident memory is read ten times a second.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from table import median, print_table, seconds

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("NNRUN_TEST_DATA", ROOT.parent / "shared" / "data"))
LIMIT = 2 << 30
IMAGE = 28 * 28


def engine_over(split: Any, allowed: int, epochs: int, listen: Any) -> Any:
    """Returns an engine for `mnist_mlp` over a split, prepared to train."""
    from nnrun.check import check_config
    from nnrun.training.batches import arrays_of
    from nnrun.training.building import build_model, compile_model
    from nnrun.training.engine import Engine, Schedule
    from nnrun.training.hooks import Hooks
    from nnrun.training.streaming import to_device

    loaded = check_config(ROOT / "configs" / "mnist_mlp.yaml", [f"dataset.path={DATA / 'mnist'}"])
    model = build_model(loaded, split.x.shape[1:], str(split.x.dtype), 0)
    compile_model(loaded, model, jit_compile=True)
    data = to_device(arrays_of(split), 100, allowed)
    hooks = Hooks([], model, epochs, data.steps)
    engine = Engine(model, data, None, Schedule(epochs, seed=0), hooks, listen, jit_compile=True)
    engine.prepare()
    return engine


def mapped_split(folder: Path, images: Any, labels: Any) -> Any:
    """Writes images to a file and returns a split that reads them from there."""
    from nnrun.config.datasets import SklearnData
    from nnrun.data.loading import make_splits
    from nnrun.data.raw import Part, RawData

    np.save(folder / "images.npy", images)
    mapped = np.load(folder / "images.npy", mmap_mode="r")
    raw = RawData("images", Part(mapped, labels), value_range=(0, 255))
    section = SklearnData(source="sklearn", name="digits", scale="unit")
    return make_splits(raw, section, "one_hot", seed=0).train


def throughput(rounds: int, folder: Path) -> list[str]:
    """Returns a row of the table: an epoch in memory, one in pieces, and their ratio."""
    from nnrun.data.sources import idx
    from nnrun.data.splits import Split
    from nnrun.events import EpochEnded

    part = idx.read_part(DATA / "mnist", "train")
    streamed = mapped_split(folder, part.x, part.y)
    resident = Split(np.asarray(streamed.x), streamed.y, streamed.class_index)
    times: dict[str, list[float]] = {"memory": [], "file": []}
    for _ in range(rounds):
        for name, split, allowed in (("memory", resident, 1 << 40), ("file", streamed, 0)):
            here: list[float] = []
            engine_over(
                split,
                allowed,
                3,
                lambda event, here=here: here.append(event) if isinstance(event, EpochEnded) else None,
            ).run(lambda epoch, logs: False)
            times[name] += [event.train_seconds for event in here[1:]]
    memory, file = median(times["memory"]), median(times["file"])
    return ["MNIST", seconds(memory), seconds(file), f"{memory / file:.2f}", f"{2 * rounds}"]


def resident_bytes() -> int:
    """Returns the memory of this process, mapped files included."""
    fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024


def train_large(folder: Path) -> None:
    """Trains one epoch on the large file, in this process, and prints its memory and throughput."""
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    from nnrun.data.rows import MappedRows
    from nnrun.data.scaling import Scaling
    from nnrun.data.splits import Split

    images = np.load(folder / "large.npy", mmap_mode="r")
    index = (np.arange(len(images)) % 10).astype(np.int32)
    scaling = Scaling("unit", (0.0,), (255.0,))
    x = MappedRows(images, np.arange(len(images)), scaling.apply, scaling.apply_to_bytes)
    engine = engine_over(
        Split(x, np.eye(10, dtype=np.float32)[index], index), LIMIT // 4, 1, lambda event: None
    )
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            seen.append(resident_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    engine.run(lambda epoch, logs: False)
    took = time.perf_counter() - started
    done.set()
    watcher.join()
    tenth = max(1, len(seen) // 10)
    parts = [max(seen[start : start + tenth]) / 2**20 for start in range(0, len(seen) - tenth + 1, tenth)]
    print(f"{images.nbytes / 1e9:.1f} GB in {took:.0f} s, {images.nbytes / took / 1e6:.0f} MB/s")
    print(
        "resident memory in MiB, the most in each tenth of the epoch:",
        " ".join(f"{part:.0f}" for part in parts),
    )
    if max(seen) > LIMIT:
        sys.exit(f"more than {LIMIT >> 20} MiB")


def large(folder: Path, gigabytes: float) -> None:
    """Writes the large file and trains on it in another process."""
    count = int(gigabytes * 1e9 / IMAGE)
    noise = np.random.default_rng(0).integers(0, 256, (100_000, 28, 28, 1), dtype=np.uint8)
    file = np.lib.format.open_memmap(folder / "large.npy", "w+", np.uint8, (count, 28, 28, 1))
    for start in range(0, count, len(noise)):
        stop = min(start + len(noise), count)
        file[start:stop] = noise[: stop - start]
    file.flush()
    del file
    subprocess.run([sys.executable, __file__, "--child", str(folder)], check=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="Where the large file goes; else a temporary folder.")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        train_large(arguments.child)
        return
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        row = throughput(arguments.rounds, Path(folder))
        print_table(["data", "in memory", "in pieces", "throughput", "epochs"], [row])
        if arguments.gigabytes:
            large(Path(folder), arguments.gigabytes)


if __name__ == "__main__":
    main()
