"""A run that only happens in events: for tests of the displays, and to look at them in a terminal.

python tests/simulated_run.py --progress rich --epochs 20 --seconds 0.5 2>&1
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nnrun import events
from nnrun.display.choose import make_display

PARTS = 20
"""Into how many pieces the training of an epoch falls, each followed by a `Progress`."""


def simulated_run(
    epochs: int = 3,
    seconds: float = 0.0,
    steps: int = 100,
    sleep: Callable[[float], None] = time.sleep,
    warning: str = "",
) -> Iterator[events.Event]:
    """Gives the events of a run that gets better, with the pauses of a real one.

    Args:
        epochs: Epochs to train.
        seconds: Duration of one epoch.
        steps: Batches per epoch.
        sleep: Waits a number of seconds.
        warning: A message to give before the first epoch.
    """
    yield events.RunStarted("20260102-030405-abcd", "moons", "runs/moons/20260102-030405-abcd", epochs)
    for phase in ("import", "data", "build"):
        yield events.PhaseStarted(phase)
        sleep(seconds)
    yield events.TrainingStarted(
        epochs, 1, steps, {"train": 1500, "validation": 500}, 1234, "CPU", 7, "val_loss"
    )
    if warning:
        yield events.Message("warning", warning)
    yield events.PhaseStarted("trace")
    sleep(seconds)
    metrics: dict[str, float] = {}
    best: dict[str, float] = {}
    for epoch in range(1, epochs + 1):
        yield events.EpochStarted(epoch, epochs, steps)
        for part in range(1, PARTS + 1):
            sleep(seconds / PARTS * 0.8)
            done = epoch - 1 + part / PARTS
            running = {"loss": 0.7 / (done + 1), "accuracy": 1 - 0.5 / (done + 1)}
            yield events.Progress(
                "train", epoch, steps * part // PARTS, steps, seconds * part / PARTS * 0.8, running
            )
        sleep(seconds / 10)
        yield events.Progress("validate", epoch, 5, 10, seconds / 10)
        sleep(seconds / 10)
        metrics = {**running, "val_loss": 0.8 / (epoch + 1), "val_accuracy": 1 - 0.6 / (epoch + 1)}
        best = metrics
        yield events.EpochEnded(epoch, epochs, steps, seconds, seconds * 0.8, 0.001, metrics, best=True)
    yield events.PhaseStarted("save")
    sleep(seconds)
    yield events.Saved(epochs, "model/last.keras")
    yield events.RunEnded(
        "completed",
        f"all {epochs} epochs trained",
        epochs,
        seconds * (epochs + 5),
        epochs,
        best,
        metrics,
        {"import": seconds, "train": seconds * epochs},
    )


def main() -> None:
    """Shows a simulated run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--progress", default="auto")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    with make_display(arguments.progress, sys.stderr) as display:
        for event in simulated_run(
            arguments.epochs, arguments.seconds, warning="class 'b' has 3 samples only"
        ):
            display(event)


if __name__ == "__main__":
    main()
