"""Long epochs: the bar moves, the time that is left is right, a log gets its sign of life; by a clock of their own."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nnrun.display.plain import PlainDisplay
from nnrun.events import Event, Progress

pytestmark = pytest.mark.tensorflow

STEPS = 3000
STEP_SECONDS = 0.1
WARM_UP = 3.0
"""What the first batch takes in addition."""


class Clock:
    """A time that only the batches make go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def epoch(monkeypatch: pytest.MonkeyPatch) -> tuple[list[tuple[float, Progress]], Clock, io.StringIO]:
    """The progress of an epoch of five minutes with the times at which it was told, and what a log says."""
    from nnrun.training.startup import import_tensorflow

    import_tensorflow("cpu")
    import keras

    from nnrun.training import engine as module
    from nnrun.training.batches import resident
    from nnrun.training.hooks import Hooks
    from nnrun.training.steps import ChunkFunction, ChunkResult

    clock, log = Clock(), io.StringIO()
    told: list[tuple[float, Progress]] = []
    plain = PlainDisplay(log, clock)

    def listen(event: Event) -> None:
        plain(event)
        if isinstance(event, Progress):
            told.append((clock(), event))

    def chunk(self: ChunkFunction, feed: Any, start: int, stop: int) -> ChunkResult:
        clock.now += (stop - start) * STEP_SECONDS + (WARM_UP if start == 0 else 0)
        return ChunkResult(stop, True, {"loss": 1.0})

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    x = np.zeros((STEPS, 1), np.float32)
    hooks = Hooks([], model, 1, STEPS)
    engine = module.Engine(model, resident((x, x), 1), None, module.Schedule(1, 0), hooks, listen)
    engine.prepare()
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=clock))
    monkeypatch.setattr(ChunkFunction, "__call__", chunk)
    engine.run(lambda epoch, logs: False)
    plain.close()
    return told, clock, log


def test_an_epoch_of_five_minutes(epoch: tuple[list[tuple[float, Progress]], Clock, io.StringIO]) -> None:
    """It is followed batch by batch, and after a tenth of it the time that is left is right within ten per cent."""
    told, clock, log = epoch
    gaps = np.diff([moment for moment, _ in told])
    assert gaps.max() < 0.5
    for moment, event in told:
        if event.step >= STEPS // 10:
            left = event.seconds / event.step * (event.steps - event.step)
            assert abs(left - (clock.now - moment)) <= 0.1 * (clock.now - moment)
    lines = log.getvalue().splitlines()
    assert 9 <= len(lines) <= 11  # one in half a minute, and the epoch itself
    assert lines[0].startswith("Epoch 1/1 - 2")
    assert "ETA" in lines[0]
