"""Time of an epoch: nnrun's engine against `model.fit`, on the same arrays, in one process, taking turns.

Usage: python tests/benchmarks/epochs.py [CONFIG...] [--rounds N]

Both sides train the network of the config on the arrays that nnrun loads for it, validation included, with the same
batch size. A round is one epoch of each; the first one, with its tracing, is not counted. `fit` runs as a script
without options would run it, but silent, in its favour.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from table import median, print_table, seconds

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
DATA = Path(os.environ.get("NNRUN_TEST_DATA", CONFIGS.parents[1] / "shared" / "data"))
NAMES = [
    "iris_softmax",
    "iris_mlp",
    "moons_mlp",
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
    )
    engine.prepare()
    engine.run(lambda epoch, logs: False)
    return times[1:]


def measure(name: str, rounds: int) -> list[str]:
    """Returns a row of the table."""
    from nnrun.check import check_config
    from nnrun.data.loading import load_splits
    from nnrun.training.building import build_model, compile_model

    overrides = [f"dataset.path={DATA / 'mnist'}"] if name.startswith("mnist") else []
    loaded = check_config(CONFIGS / f"{name}.yaml", overrides)
    experiment = loaded.experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 0)
    validation = splits.get(experiment.fit.validation_data or "validation")

    def fresh() -> Any:
        model = build_model(loaded, splits.train.x.shape[1:], str(splits.train.x.dtype), 0)
        compile_model(loaded, model, jit_compile=False)
        return model

    def run(side: Callable[..., list[float]]) -> list[float]:
        return side(fresh(), splits, validation, experiment.fit.batch_size, per_turn)

    turns, per_turn = (4, 10) if len(splits.train) < 10_000 else (rounds, 1)
    fit: list[float] = []
    ours: list[float] = []
    for _ in range(turns):
        fit += run(fit_epochs)
        ours += run(engine_epochs)
    ratio = median(fit) / median(ours)
    return [name, seconds(median(fit)), seconds(median(ours)), f"{ratio:.2f}", f"{len(fit)}"]


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--rounds", type=int, help="Epochs of each side for the MNIST networks.")
    arguments = parser.parse_args()
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    rows = [measure(name, arguments.rounds or ROUNDS.get(name, 1)) for name in arguments.names]
    print_table(["config", "fit", "nnrun", "fit / nnrun", "epochs"], rows)


if __name__ == "__main__":
    main()
