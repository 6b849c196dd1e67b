"""How far a training came."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Outcome:
    """How far a training came; filled while it runs, so that it also tells where one ended early.

    Args:
        epochs: Complete epochs.
        final: All metrics of the last complete epoch.
        best_epoch: The best epoch, from 1; None where none was complete.
        best: All metrics of that epoch.
        reason: Why it ended, one sentence.
        timing: Seconds by phase that the engine measured.
    """

    epochs: int = 0
    final: dict[str, float] = field(default_factory=dict)
    best_epoch: int | None = None
    best: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    timing: dict[str, float] = field(default_factory=dict)
