"""What bars cost: training with `--progress rich` against `--progress off`, in one process, taking turns.

Usage: python tests/benchmarks/progress.py [CONFIG...] [--rounds N]

The bars are drawn on a pseudo-terminal of 120 columns that a thread reads, as a terminal would. Beside the ratio of
the two times, which the noise of the machine blurs, the table shows the share of the training that was spent inside
the display, which it does not.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import struct
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from epochs import CONFIGS, DATA
from table import median, print_table, seconds

EPOCHS = {"iris_mlp": 100, "moons_mlp": 200, "mnist_mlp": 2, "mnist_conv": 1}


@contextmanager
def terminal(columns: int) -> Iterator[TextIO]:
    """Gives a stream into a pseudo-terminal that is read until it is closed."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def drain() -> None:
        while True:
            try:
                if not os.read(ours, 65536):
                    return
            except OSError:
                return

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    with os.fdopen(theirs, "w") as stream:
        yield stream
    reader.join(timeout=5)
    os.close(ours)


def train(loaded: Any, splits: Any, display: Any) -> tuple[float, float]:
    """Trains once; returns the seconds of the training, and those spent inside the display."""
    from nnrun.events import Event, RunStarted, TrainingStarted
    from nnrun.training.batches import arrays_of, resident
    from nnrun.training.building import build_model, compile_model
    from nnrun.training.engine import Engine, Schedule
    from nnrun.training.hooks import Hooks

    experiment = loaded.experiment
    epochs, batch_size = experiment.fit.epochs, experiment.fit.batch_size
    model = build_model(loaded, splits.train.x.shape[1:], str(splits.train.x.dtype), 0)
    compile_model(loaded, model, jit_compile=False)
    validation = splits.get(experiment.fit.validation_data or "validation")
    inside = 0.0

    def listen(event: Event) -> None:
        nonlocal inside
        started = time.perf_counter()
        display(event)
        inside += time.perf_counter() - started

    steps = -(-len(splits.train) // batch_size)
    engine = Engine(
        model=model,
        train=resident(arrays_of(splits.train), batch_size),
        validation=None if validation is None else resident(arrays_of(validation), batch_size),
        schedule=Schedule(epochs, seed=0),
        hooks=Hooks([], model, epochs, steps),
        emit=listen,
    )
    engine.prepare()
    listen(RunStarted("20260101-000000-0000", experiment.name, "runs", epochs))
    listen(
        TrainingStarted(
            epochs, 1, steps, {"train": len(splits.train)}, model.count_params(), "CPU", 0, "loss"
        )
    )
    inside = 0.0
    started = time.perf_counter()
    engine.run(lambda epoch, logs: False)
    return time.perf_counter() - started, inside


def measure(name: str, rounds: int) -> list[str]:
    """Returns a row of the table."""
    from nnrun.check import check_config
    from nnrun.data.loading import load_splits
    from nnrun.display.choose import make_display

    overrides = [f"dataset.path={DATA / 'mnist'}"] if name.startswith("mnist") else []
    loaded = check_config(CONFIGS / f"{name}.yaml", [*overrides, f"fit.epochs={EPOCHS[name]}"])
    splits = load_splits(loaded.experiment.dataset, loaded.experiment.compile.loss, 0)
    off: list[float] = []
    rich: list[float] = []
    shares: list[float] = []
    for _ in range(rounds):
        off.append(train(loaded, splits, lambda event: None)[0])
        with terminal(120) as stream, make_display("rich", stream) as display:
            total, inside = train(loaded, splits, display)
        rich.append(total)
        shares.append(inside / total)
    ratio = median(rich) / median(off)
    return [name, seconds(median(off)), seconds(median(rich)), f"{ratio:.3f}", f"{median(shares):.2%}"]


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(EPOCHS))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    rows = [measure(name, arguments.rounds) for name in arguments.names]
    print_table(["config", "off", "rich", "rich / off", "inside the display"], rows)


if __name__ == "__main__":
    main()
