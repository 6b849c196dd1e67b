"""The lines above the first epoch, which all displays for people share."""

from __future__ import annotations

from nnrun.events import RunStarted, TrainingStarted


def start_line(event: RunStarted) -> str:
    """Says which run begins and where it is kept."""
    return f"{event.name}: {event.directory}"


def data_line(event: TrainingStarted) -> str:
    """Says what is trained on what: samples per split, size of the network, device and seed."""
    samples = ", ".join(f"{count:,} {split}" for split, count in event.samples.items())
    return f"{samples} samples; {event.parameters:,} parameters; {event.device}; seed {event.seed}"
