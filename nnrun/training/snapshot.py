"""The values of all variables of a model and its optimizer, held in host memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nnrun.errors import StorageError


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of the state of a model at one moment.

    Args:
        arrays: The values, in the order of `variables_of`.
    """

    arrays: tuple[NDArray[Any], ...]


def variables_of(model: keras.Model) -> list[keras.Variable]:
    """Returns all variables that training changes, in a fixed order: the model's, then the optimizer's.

    Unlike a `.keras` file this includes the seed generators of dropout. Metrics are left out: they start from zero
    in every epoch.
    """
    metrics = {id(variable) for variable in model.metrics_variables}
    variables = [variable for variable in model.variables if id(variable) not in metrics]
    return variables + list(model.optimizer.variables)


def first_value(value: Any) -> Any:
    """Returns a value or variable itself, and of one that each device has for itself that of the first device."""
    return value.values[0] if isinstance(value, tf.distribute.DistributedValues) else value


def take(model: keras.Model) -> Snapshot:
    """Copies the state of a model and its optimizer."""
    # `numpy()` of a variable on the CPU may share its memory; the next step would change it.
    return Snapshot(tuple(np.array(first_value(variable.value).numpy()) for variable in variables_of(model)))


def restore(model: keras.Model, snapshot: Snapshot) -> None:
    """Puts a state back, by position.

    Raises:
        StorageError: The snapshot is of another model.
    """
    variables = variables_of(model)
    if [tuple(v.shape) for v in variables] != [a.shape for a in snapshot.arrays]:
        raise StorageError("The saved state does not fit this model.", "It was made by another config.")
    for variable, array in zip(variables, snapshot.arrays, strict=True):
        variable.assign(array)
