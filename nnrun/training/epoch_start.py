"""The state of a training at the end of its last complete epoch, kept on the device.

An epoch that is interrupted in the middle is repeated from its start, as only whole epochs can be continued with equal
bits. Copying the state within the graph, when the first batch of an epoch runs, costs no return to Python; copying it
from Python would be a good part of a tiny epoch.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from nnrun.training.snapshot import Snapshot, first_value, take, variables_of


class EpochStart:
    """Copies of all variables of a model and its optimizer.

    Args:
        model: A compiled model whose optimizer is built.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._variables = [first_value(variable.value) for variable in variables_of(model)]
        self._copies = [tf.Variable(variable, trainable=False) for variable in self._variables]
        # A training may fail between two epochs, or in the graph before anything was copied.
        self._begun = tf.Variable(0, trainable=False)
        self._completed = 0

    def record(self) -> None:
        """Copies the state as it is now, at the start of an epoch; to be traced into a graph."""
        copied = [copy.assign(variable) for copy, variable in zip(self._copies, self._variables, strict=True)]
        with tf.control_dependencies(copied):
            self._begun.assign_add(1)

    def begin_anew(self) -> None:
        """Forgets all epochs, for another training of the same model."""
        self._begun.assign(0)
        self._completed = 0

    def complete(self) -> None:
        """Notes the end of an epoch, of which the model has the state until the next one begins."""
        self._completed += 1

    def snapshot(self) -> Snapshot:
        """Returns the state at the end of the last complete epoch."""
        if int(self._begun.numpy()) == self._completed:
            return take(self._model)
        return Snapshot(tuple(np.array(copy.numpy()) for copy in self._copies))
