"""Time of an epoch: nnrun's engine against `model.fit`, and PyTorch's eager loop, on the same arrays, taking turns.

Usage: python tests/benchmarks/epochs.py [CONFIG...] [--rounds N] [--torch PYTHON]

All sides train the network of the config on the arrays that nnrun loads for it, validation included, with the same
batch size. A round is one epoch of each (ten of the small networks); the first epoch, with its tracing, is not counted.
`fit` runs as a script without options would run it, but silent, in its favour. nnrun compiles with XLA where its rule
says so. `--torch` names a Python that has PyTorch; where it is missing, that column is too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from table import median, print_table, seconds

HERE = Path(__file__).resolve().parent
CONFIGS = HERE.parents[1] / "configs"
DATA = Path(os.environ.get("NNRUN_TEST_DATA", CONFIGS.parents[1] / "shared" / "data"))
NAMES = [
    "iris_softmax",
    "iris_mlp",
    "moons_mlp",
    "lstm",
    "text",
    "mnist_mlp",
    "mnist_mlp_dropout",
    "mnist_conv",
    "mnist_convnet",
]
ROUNDS = {"mnist_mlp": 5, "mnist_mlp_dropout": 5, "mnist_conv": 3, "mnist_convnet": 1}


def fit_epochs(model: Any, splits: Any, validation: Any, batch_size: int, count: int) -> list[float]:
    """Returns the seconds of each of `count` epochs of `fit`, without the first one's tracing."""
    import keras

    times: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            times.append(time.perf_counter() - self.started)

    model.fit(
        splits.train.x,
        splits.train.y,
        batch_size=batch_size,
        epochs=count + 1,
        verbose=0,
        validation_data=None if validation is None else (validation.x, validation.y),
        callbacks=[Clock()],
    )
    return times[1:]


def engine_epochs(model: Any, splits: Any, validation: Any, batch_size: int, count: int) -> list[float]:
    """Returns the seconds of each of `count` epochs of the engine, without the first one's tracing."""
    from nnrun.events import EpochEnded, Event
    from nnrun.training.batches import arrays_of, resident
    from nnrun.training.engine import Engine, Schedule
    from nnrun.training.hooks import Hooks

    times: list[float] = []

    def listen(event: Event) -> None:
        if isinstance(event, EpochEnded):
            times.append(event.seconds)

    engine = Engine(
        model=model,
        train=resident(arrays_of(splits.train), batch_size),
        validation=None if validation is None else resident(arrays_of(validation), batch_size),
        schedule=Schedule(count + 1, seed=0),
        hooks=Hooks([], model, count + 1, -(-len(splits.train) // batch_size)),
        emit=listen,
        jit_compile=model.jit_compile,
    )
    engine.prepare()
    engine.run(lambda epoch, logs: False)
    return times[1:]


class TorchSide:
    """The same network in PyTorch, in a process of its own that waits while the others have their turn."""

    def __init__(self, python: str, name: str, splits: Any, validation: Any, batch_size: int) -> None:
        import numpy as np

        arrays = {"x": splits.train.x, "y": self._labels(splits.train)}
        if validation is not None:
            arrays |= {"x_validation": validation.x, "y_validation": self._labels(validation)}
        with tempfile.NamedTemporaryFile(suffix=".npz") as file:
            np.savez(file.name, **arrays)
            command = [python, str(HERE / "torch_side.py"), name, file.name, str(batch_size)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self.epochs(1)  # the file is read by then

    @staticmethod
    def _labels(split: Any) -> Any:
        """Returns class numbers, or the single column of two classes."""
        return split.y if split.y.ndim == 2 and split.y.shape[1] == 1 else split.class_index.astype("int64")

    def epochs(self, count: int) -> list[float]:
        """Returns the seconds of each of `count` more epochs."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return [float(word) for word in self._process.stdout.readline().split()]

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()


def measure(name: str, rounds: int, torch: str | None) -> list[str]:
    """Returns a row of the table."""
    from nnrun.check import check_config
    from nnrun.data.loading import load_splits
    from nnrun.training.building import build_model, compile_model
    from nnrun.training.xla import choose_compilation

    overrides = [f"dataset.path={DATA / 'mnist'}"] if name.startswith("mnist") else []
    file = HERE / "configs" / f"{name}.yaml"
    loaded = check_config(file if file.exists() else CONFIGS / f"{name}.yaml", overrides)
    experiment = loaded.experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 0)
    validation = splits.get(experiment.fit.validation_data or "validation")
    batch_size = experiment.fit.batch_size
    steps = -(-len(splits.train) // batch_size)
    xla = choose_compilation(experiment.compile, experiment.model.layers, steps, "CPU").jit_compile

    def run(side: Callable[..., list[float]], *, jit_compile: bool) -> list[float]:
        model = build_model(loaded, splits.train.x.shape[1:], str(splits.train.x.dtype), 0)
        compile_model(loaded, model, jit_compile=jit_compile)
        return side(model, splits, validation, batch_size, per_turn)

    turns, per_turn = (4, 10) if len(splits.train) < 10_000 else (rounds, 1)
    fit: list[float] = []
    ours: list[float] = []
    theirs: list[float] = []
    eager = None if torch is None else TorchSide(torch, name, splits, validation, batch_size)
    for _ in range(turns):
        # Keras's own default, `auto`, compiles nothing on a CPU.
        fit += run(fit_epochs, jit_compile=False)
        ours += run(engine_epochs, jit_compile=xla)
        if eager is not None:
            theirs += eager.epochs(per_turn)
    row = [name, "yes" if xla else "no", *(seconds(median(side)) for side in (fit, ours))]
    row.append(f"{median(fit) / median(ours):.2f}")
    if eager is not None:
        eager.close()
        row += [seconds(median(theirs)), f"{median(theirs) / median(ours):.2f}"]
    return [*row, f"{len(fit)}"]


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--rounds", type=int, help="Epochs of each side for the MNIST networks.")
    parser.add_argument("--torch", metavar="PYTHON", help="A Python that has PyTorch.")
    arguments = parser.parse_args()
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    rows = (
        measure(name, arguments.rounds or ROUNDS.get(name, 1), arguments.torch) for name in arguments.names
    )
    torch = ["PyTorch", "PyTorch / nnrun"] if arguments.torch else []
    print_table(["config", "XLA", "fit", "nnrun", "fit / nnrun", *torch, "epochs"], rows)


if __name__ == "__main__":
    main()
