"""A worker that is not the chief: it trains its part of every batch, and writes nothing."""

from __future__ import annotations

from pathlib import Path

from nnrun.config.load import LoadedConfig
from nnrun.events import Event
from nnrun.interrupts import Interrupts
from nnrun.training.part import Part, Request, with_shared_seed
from nnrun.training.resuming import Resumable


def follow(
    loaded: LoadedConfig, request: Request, interrupts: Interrupts, resumable: Resumable | None = None
) -> tuple[str, ...]:
    """Trains with the chief and the other workers, to the end.

    What TensorFlow prints goes where this process prints: there is no `train.log` for it.

    Args:
        loaded: The checked config.
        request: What else was asked for, with a cluster in which this process is not the chief.
        interrupts: Tells of Ctrl-C and SIGTERM.
        resumable: What to go on with; None for a new training.

    Returns:
        One sentence for each requirement that does not hold, as the chief has it.

    Raises:
        NnrunError: Whatever ended it early.
    """
    part = Part(with_shared_seed(loaded, request.cluster), request, _tell_nobody, interrupts, resumable)
    splits = part.load()
    part.train(splits, part.start(splits), Path())
    return part.unmet()


def _tell_nobody(event: Event) -> None:  # noqa: ARG001 (the chief tells the same)
    return
