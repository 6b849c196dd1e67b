"""Comparing what has to be the same, and saying what differs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnrun.evaluation.answers import Answers, ClassAnswers
from nnrun.rundir.checkpoints import read_checkpoint
from nnrun.rundir.reading import Run
from nnrun.smoke.results import Mismatch

if TYPE_CHECKING:
    import keras

_CLOSE = 1e-4
"""Relative: what was computed in another order of the samples differs in the last digits of 32-bit floats."""

_NEAR_ZERO = 1e-5

Outputs = tuple[NDArray[Any], NDArray[Any]]
"""Inputs as the network sees them, shape `(samples, ...)`, and its outputs, shape `(samples, ...)`."""


def compare_runs(whole: Run, resumed: Run) -> int:
    """Compares the last states and the metrics of two runs, to the last bit.

    Returns:
        How many arrays were compared.

    Raises:
        Mismatch: Anything differs.
    """
    ours, theirs = read_checkpoint(resumed.path)[0], read_checkpoint(whole.path)[0]
    if ours.epoch != theirs.epoch:
        raise Mismatch(f"it ended after epoch {ours.epoch}", f"an end after epoch {theirs.epoch}")
    differing = [
        (name, array, theirs.arrays.get(name))
        for name, array in ours.arrays.items()
        if not _same(array, theirs.arrays.get(name))
    ]
    missing = len(theirs.arrays.keys() - ours.arrays.keys())
    if differing or missing:
        told = f"{len(differing) + missing} of {len(theirs.arrays)} arrays differ after epoch {ours.epoch}"
        if differing:
            told += f": {differing[0][0]} by up to {_distance(*differing[0][1:])}"
        raise Mismatch(told)
    if ours.state != theirs.state:
        names = sorted(
            key for key in {*ours.state, *theirs.state} if ours.state.get(key) != theirs.state.get(key)
        )
        raise Mismatch(f"the states of the training differ: {', '.join(names)}")
    for row, expected in zip(resumed.metrics, whole.metrics, strict=False):
        for name, value in expected.items():
            if name != "seconds" and repr(row.get(name)) != repr(value):
                epoch = int(expected.get("epoch") or 0)
                raise Mismatch(
                    f"{name} of epoch {epoch} is {row.get(name)}", f"{name} of epoch {epoch} is {value}"
                )
    if len(resumed.metrics) != len(whole.metrics):
        raise Mismatch(
            f"{len(resumed.metrics)} rows in metrics.csv", f"{len(whole.metrics)} rows in metrics.csv"
        )
    return len(ours.arrays)


def outputs_of(model: keras.Sequential | None, x: NDArray[Any]) -> Outputs:
    """Returns inputs, and what a network that is in memory says about them.

    Raises:
        Mismatch: The outputs are no finite numbers.
    """
    if model is None:
        raise ValueError("no network was trained")
    outputs = np.asarray(model(x, training=False))
    if not np.isfinite(outputs).all():
        raise Mismatch("outputs of the trained network that are no finite numbers")
    return x, outputs


def compare_model(file: Path, x: NDArray[Any], expected: NDArray[Any], *, exactly: bool) -> int:
    """Loads a model with Keras alone, and compares its outputs.

    Args:
        file: A `.keras` file.
        x: Inputs, shape `(samples, ...)`.
        expected: What the trained network said about them, shape `(samples, ...)`.
        exactly: To the last bit; else as nearly as a GPU computes the same twice.

    Returns:
        How many samples were compared.

    Raises:
        Mismatch: Keras cannot load it, or the outputs differ.
    """
    import keras

    try:
        received = np.asarray(keras.models.load_model(file)(x, training=False))
    except Exception as error:  # whatever Keras raises here, the file is not what was promised
        raise Mismatch(f"keras.models.load_model: {type(error).__name__}: {str(error)[:500]}") from error
    same = np.array_equal if exactly else np.allclose
    if received.shape != expected.shape or not same(received, expected):
        raise Mismatch(f"outputs that differ by up to {_distance(received, expected)}, for {len(x)} samples")
    return len(x)


def compare_metrics(trained: Mapping[str, float], evaluated: Mapping[str, float]) -> None:
    """Compares what was measured after an epoch with what evaluate measures, as far as both have it.

    Args:
        trained: Metrics of the best epoch; `val_` begins those of validation.
        evaluated: Metrics of the same split with the weights of that epoch.

    Raises:
        Mismatch: One differs by more than rounding.
    """
    for name, value in evaluated.items():
        expected = trained.get(f"val_{name}")
        if expected is not None and not math.isclose(value, expected, rel_tol=_CLOSE, abs_tol=_NEAR_ZERO):
            raise Mismatch(f"{name} is {value:.7g}", f"{name} is {expected:.7g}, as val_{name} in training")


def compare_predictions(answers: Answers, lines: Sequence[Mapping[str, Any]]) -> None:
    """Compares what predict wrote with the answers of evaluate.

    Args:
        answers: Those of evaluate.
        lines: One JSON object per sample, in the same order.

    Raises:
        Mismatch: One sample differs, or there are more or fewer.
    """
    count = len(answers.predicted)
    if len(lines) != count:
        raise Mismatch(f"{len(lines)} predictions", f"{count} predictions")
    for number, line in enumerate(lines):
        if isinstance(answers, ClassAnswers):
            expected = answers.names[int(answers.predicted[number])]
            if line["prediction"] != expected:
                raise Mismatch(
                    f"class '{line['prediction']}' for sample {number}",
                    f"class '{expected}' for sample {number}",
                )
            if answers.probabilities is None:
                continue
            probabilities = line["probabilities"]
            pairs = zip(answers.names, answers.probabilities[number].tolist(), strict=True)
            wanted = {name: value for name, value in pairs if name in probabilities}
            found = {name: float(probabilities[name]) for name in wanted}
        else:
            values = line.get("predictions") or {"prediction": line["prediction"]}
            found = {name: float(value) for name, value in values.items()}
            wanted = dict(zip(found, answers.predicted[number].tolist(), strict=True))
        for name, value in wanted.items():
            if not math.isclose(found[name], value, rel_tol=_CLOSE, abs_tol=_NEAR_ZERO):
                raise Mismatch(
                    f"{found[name]:.7g} for '{name}' of sample {number}",
                    f"{value:.7g} for '{name}' of sample {number}",
                )


def _same(received: NDArray[Any], expected: NDArray[Any] | None) -> bool:
    return expected is not None and np.array_equal(received, expected, equal_nan=received.dtype.kind == "f")


def _distance(received: NDArray[Any], expected: NDArray[Any] | None) -> str:
    if expected is None or received.shape != expected.shape:
        return f"shape {received.shape} instead of {None if expected is None else expected.shape}"
    if received.dtype.kind not in "fiub":
        return "their values"
    return f"{np.nanmax(np.abs(received.astype(np.float64) - expected.astype(np.float64)), initial=0):.3g}"
