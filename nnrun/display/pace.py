"""How long epochs take, and so how long the run will take."""

from __future__ import annotations

from collections.abc import Callable

from nnrun.display.epoch_lines import Running
from nnrun.events import EpochEnded


class Pace:
    """Measures epochs and predicts the rest of the run.

    Args:
        clock: Gives seconds from any origin that never go back.
    """

    _WEIGHT = 0.1
    """Weight of the newest epoch in the mean, so that a change of speed shows after some epochs."""

    _FAST = 0.2
    """Seconds per epoch, two redraws."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: float | None = None
        self._epoch_began = 0.0
        self._mean: float | None = None
        self._count = 0
        self.epochs = 0
        """Epochs to train."""
        self.done = 0
        """Complete epochs."""

    def start(self, epochs: int, epoch: int) -> None:
        """Notes that an epoch begins."""
        self.epochs = epochs
        self.done = epoch - 1
        self._epoch_began = self._clock()
        if self._began is None:
            self._began = self._epoch_began

    def end(self, event: EpochEnded) -> None:
        """Notes that an epoch is complete."""
        self.epochs = event.epochs
        self.done = event.epoch
        self._count += 1
        weight = max(self._WEIGHT, 1 / self._count)
        mean = event.seconds if self._mean is None else self._mean
        self._mean = mean + weight * (event.seconds - mean)

    @property
    def is_fast(self) -> bool:
        """Whether epochs are too short to follow their batches with the eye."""
        return self._mean is not None and self._mean < self._FAST

    def elapsed(self) -> float:
        """Returns the seconds since the first epoch began."""
        return 0.0 if self._began is None else self._clock() - self._began

    def remaining(self, running: Running | None) -> float | None:
        """Returns the seconds that are left; None before anything was measured."""
        epochs_left = self.epochs - self.done
        if self._mean is not None:
            gone = 0.0 if running is None else self._clock() - self._epoch_began
            return max(self._mean - gone, 0.0) + self._mean * (epochs_left - 1) if epochs_left > 0 else 0.0
        if running is None or running.validating or not running.step:
            return None
        epoch = running.seconds / running.step * running.steps
        return max(epoch * epochs_left - running.seconds, 0.0)
