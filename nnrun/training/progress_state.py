"""The complete state of a training at the end of an epoch, to and from a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.errors import DataError
from nnrun.rundir.checkpoints import Checkpoint
from nnrun.training.hooks import CallbackState
from nnrun.training.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class TrainingState:
    """Everything that decides how a training goes on.

    Args:
        epoch: The last complete epoch, from 1.
        present: Values of all variables at its end.
        best: The same at the end of the best epoch; None where no epoch was any good.
        best_epoch: Number of the best epoch.
        best_logs: Its logs.
        final_logs: The logs of the last complete epoch.
        callbacks: What the callbacks know.
        stopped: Whether a callback stopped the training.
    """

    epoch: int
    present: Snapshot
    best: Snapshot | None
    best_epoch: int | None
    best_logs: Mapping[str, float]
    final_logs: Mapping[str, float]
    callbacks: CallbackState
    stopped: bool


def to_checkpoint(state: TrainingState) -> Checkpoint:
    """Returns a state as named arrays and JSON."""
    arrays: dict[str, NDArray[Any]] = _numbered("variable", state.present.arrays)
    # Without a copy of its own: the best epoch is the last one, in most checkpoints.
    same = state.best is not None and state.best_epoch == state.epoch
    if state.best is not None and not same:
        arrays |= _numbered("best", state.best.arrays)
    words: list[dict[str, Any]] = []
    for index, known in enumerate(state.callbacks):
        words.append({})
        for name, value in known.items():
            if value is None:
                words[-1][name] = value
            elif isinstance(value, list):
                words[-1][name] = len(value)
                arrays |= _numbered(f"callback.{index}.{name}", value)
            else:
                arrays[f"callback.{index}.{name}"] = np.asarray(value)
    for kind, logs in (("best_log", state.best_logs), ("final_log", state.final_logs)):
        arrays |= {f"{kind}.{name}": np.asarray(value, np.float64) for name, value in logs.items()}
    return Checkpoint(
        state.epoch,
        arrays,
        {
            "variables": len(state.present.arrays),
            "best_epoch": state.best_epoch if state.best is not None else None,
            "callbacks": words,
            "best_logs": list(state.best_logs),
            "final_logs": list(state.final_logs),
            "stopped": state.stopped,
        },
    )


def from_checkpoint(checkpoint: Checkpoint) -> TrainingState:
    """Reads what `to_checkpoint` made.

    Raises:
        DataError: The checkpoint lacks a part.
    """
    try:
        return _read(checkpoint)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"the checkpoint of epoch {checkpoint.epoch} is incomplete: {error}",
            "The run cannot be continued.",
        ) from error


def _read(checkpoint: Checkpoint) -> TrainingState:
    arrays, state = checkpoint.arrays, checkpoint.state
    count = state["variables"]
    present = Snapshot(_list(arrays, "variable", count))
    best_epoch = state["best_epoch"]
    best = None
    if best_epoch is not None:
        best = present if best_epoch == checkpoint.epoch else Snapshot(_list(arrays, "best", count))
    callbacks: list[dict[str, Any]] = []
    for index, words in enumerate(state["callbacks"]):
        prefix = f"callback.{index}."
        known: dict[str, Any] = {}
        for name, value in words.items():
            known[name] = list(_list(arrays, prefix + name, value)) if isinstance(value, int) else value
        lists = {name for name, value in words.items() if isinstance(value, int)}
        for key, array in arrays.items():
            name = key.removeprefix(prefix)
            if key.startswith(prefix) and array.ndim == 0 and name.rpartition("#")[0] not in lists:
                known[name] = array.item()
        callbacks.append(known)
    return TrainingState(
        checkpoint.epoch,
        present,
        best,
        best_epoch,
        {name: float(arrays[f"best_log.{name}"]) for name in state["best_logs"]},
        {name: float(arrays[f"final_log.{name}"]) for name in state["final_logs"]},
        tuple(callbacks),
        state["stopped"],
    )


def _numbered(name: str, arrays: Any) -> dict[str, NDArray[Any]]:
    return {f"{name}#{index:05d}": array for index, array in enumerate(arrays)}


def _list(arrays: Mapping[str, NDArray[Any]], name: str, count: int) -> tuple[NDArray[Any], ...]:
    return tuple(arrays[f"{name}#{index:05d}"] for index in range(count))
