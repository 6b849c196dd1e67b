"""Which epoch was the best, and the state of the model at its end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from nnrun.config.directions import direction
from nnrun.training.snapshot import Snapshot, take


@dataclass(slots=True)
class BestEpoch:
    """Keeps the best epoch by one metric; a value that is not finite is never the best.

    Args:
        monitor: Name of the metric in the logs.
        mode: `min`, `max`, or `auto` for what the metric's name suggests.
        epoch: The best epoch so far, from 1; None before the first.
        value: Its value.
        snapshot: State of the model at its end.
    """

    monitor: str
    mode: str = "auto"
    epoch: int | None = None
    value: float = math.nan
    snapshot: Snapshot | None = None

    def offer(self, epoch: int, logs: Mapping[str, Any], model: keras.Model) -> bool:
        """Takes an epoch's state if it is better than all before; returns whether it is."""
        value = float(logs.get(self.monitor, math.nan))
        if not math.isfinite(value):
            return False
        mode = (direction(self.monitor) or "min") if self.mode == "auto" else self.mode
        if self.epoch is not None and (value >= self.value if mode == "min" else value <= self.value):
            return False
        self.epoch, self.value, self.snapshot = epoch, value, take(model)
        return True
