"""Time of loading images against `keras.utils.image_dataset_from_directory`, whole processes taking turns.

Usage: python tests/benchmarks/images.py [--rounds N] [--data FOLDER]

Both sides decode the same files to the same size. `first` is what a training has to wait for at first: Keras's data set
made and gone through once, nnrun's cache filled; `work` is the time of all processors for it, which other programs on
the machine disturb less. `epoch` is every further time, the median of five: Keras decodes again; nnrun has opened the
cache (`start`) and gathers the batches from it in a shuffled order. Imports are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from table import median, print_table, seconds

ROOT = Path(__file__).resolve().parents[2]
BATCH = 32
"""The default of `keras.utils.image_dataset_from_directory`, and of `fit.batch_size`."""

EPOCHS = 5


def work() -> float:
    """Returns the seconds that processors have worked for this process, and for those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def keras_side(folder: str, height: int, width: int, color: str) -> dict[str, float]:
    """Times Keras."""
    import keras

    started, worked = time.perf_counter(), work()
    data = keras.utils.image_dataset_from_directory(
        folder,
        image_size=(height, width),
        color_mode={"gray": "grayscale", "rgb": "rgb"}[color],
        batch_size=BATCH,
        verbose=False,
    )
    images = sum(len(x) for x, _ in data)
    found = {"images": images, "first": time.perf_counter() - started, "work": work() - worked}
    epochs = []
    for _ in range(EPOCHS):
        started = time.perf_counter()
        assert sum(len(x) for x, _ in data) == images
        epochs.append(time.perf_counter() - started)
    return {**found, "epoch": median(epochs)}


def nnrun_side(path: str, height: int, width: int, color: str) -> dict[str, float]:
    """Times nnrun, with an empty cache at first."""
    from pydantic import TypeAdapter

    from nnrun.config.datasets import Dataset
    from nnrun.config.keras_object import KerasObject
    from nnrun.data.images import labels, parts, store  # noqa: F401 - imports are not counted
    from nnrun.data.loading import load_splits

    values = {"source": "images", "path": path, "size": [height, width], "color": color, "scale": "unit"}
    section = TypeAdapter(Dataset).validate_python(values)
    loss = KerasObject("loss", "sparse_categorical_crossentropy", None)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["NNRUN_CACHE"] = cache
        started, worked = time.perf_counter(), work()
        images = len(load_splits(section, loss, 0).train)
        first, first_work = time.perf_counter() - started, work() - worked
        started = time.perf_counter()
        splits = load_splits(section, loss, 0)
        start = time.perf_counter() - started
        # As in a training, TensorFlow is loaded when the data are there.
        import tensorflow as tf

        from nnrun.training.batches import arrays_of, resident
        from nnrun.training.ordering import epoch_order

        data = resident(arrays_of(splits.train), BATCH)

    @tf.function
    def epoch(order: tf.Tensor) -> tf.Tensor:
        """Gathers every batch in a graph, as the training does."""
        total = 0.0
        for step in tf.range(data.steps):
            rows = order[step * BATCH : (step + 1) * BATCH]
            x, y = (tf.gather(tensor, rows) for tensor in data.tensors)
            total += x[0, 0, 0, 0] + tf.cast(y[0], tf.float32)
        return total

    epoch(tf.constant(epoch_order(images, 0, 0, shuffle=True)))  # traces
    epochs = []
    for number in range(1, EPOCHS + 1):
        started = time.perf_counter()
        epoch(tf.constant(epoch_order(images, 0, number, shuffle=True))).numpy()
        epochs.append(time.perf_counter() - started)
    return {"images": images, "first": first, "work": first_work, "start": start, "epoch": median(epochs)}


SIDES = {"keras": keras_side, "nnrun": nnrun_side}


def measured(side: str, path: Path, height: int, width: int, color: str) -> dict[str, float]:
    """Runs a side in a process of its own."""
    command = [sys.executable, __file__, "--side", side, str(path), str(height), str(width), color]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    result = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    found: dict[str, float] = json.loads(result.stdout)
    return found


def readable(archive: Path, folder: Path) -> Path:
    """Unpacks an archive without its empty files, at which Keras stops."""
    with tarfile.open(archive) as members:
        for member in members:
            if member.isfile() and member.size:
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(members.extractfile(member), file)  # type: ignore[arg-type]
    return next(folder.iterdir())


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("NNRUN_TEST_DATA", ROOT.parent / "shared" / "data"))
    )
    parser.add_argument("--side", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        side, path, height, width, color = arguments.side
        print(json.dumps(SIDES[side](path, int(height), int(width), color)))
        return
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        letters = readable(arguments.data / "notmnist" / "notMNIST_small-rebuilt.tar.gz", Path(folder))
        cases = [
            ("notMNIST_small", letters, letters, 28, 28, "gray"),
            ("flowers", *[arguments.data / "images" / "flowers"] * 2, 128, 128, "rgb"),
            ("cifar10_small", *[arguments.data / "images" / "cifar10_small"] * 2, 32, 32, "rgb"),
        ]
        for name, *paths, height, width, color in cases:
            found: dict[str, list[dict[str, float]]] = {"keras": [], "nnrun": []}
            for _ in range(arguments.rounds):
                for side, path in zip(found, paths, strict=True):
                    found[side].append(measured(side, path, height, width, color))
            rows.append(row(name, found))
    print_table(
        [
            "images",
            "number",
            "Keras, first",
            "nnrun, first",
            "times faster",
            "times less work",
            "nnrun, start",
            "Keras, epoch",
            "nnrun, epoch",
            "times faster",
        ],
        rows,
    )


def row(name: str, found: dict[str, list[dict[str, float]]]) -> list[str]:
    """Returns a row of the table; ratios are medians of those of each round."""

    def value(side: str, key: str) -> str:
        return seconds(median([each[key] for each in found[side]]))

    def ratio(key: str) -> str:
        pairs = zip(found["keras"], found["nnrun"], strict=True)
        return f"{median([keras[key] / ours[key] for keras, ours in pairs]):.1f}"

    return [
        name,
        f"{found['nnrun'][0]['images']:,}",
        value("keras", "first"),
        value("nnrun", "first"),
        ratio("first"),
        ratio("work"),
        value("nnrun", "start"),
        value("keras", "epoch"),
        value("nnrun", "epoch"),
        ratio("epoch"),
    ]


if __name__ == "__main__":
    main()
