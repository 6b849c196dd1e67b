"""The state of a training at the start of the running epoch, kept on the device.

An epoch that is interrupted in the middle is repeated from its start, as only whole epochs can be continued with equal
bits. Copying the state within the graph, when the first batch of an epoch runs, costs no return to Python; copying it
from Python would be a good part of a tiny epoch.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from nnrun.training.snapshot import Snapshot, first_value, variables_of


class EpochStart:
    """Copies of all variables of a model and its optimizer.

    Args:
        model: A compiled model whose optimizer is built.
    """

    def __init__(self, model: keras.Model) -> None:
        self._variables = [first_value(variable.value) for variable in variables_of(model)]
        self._copies = [tf.Variable(variable, trainable=False) for variable in self._variables]

    def record(self) -> None:
        """Copies the state as it is now; to be traced into a graph."""
        for copy, variable in zip(self._copies, self._variables, strict=True):
            copy.assign(variable)

    def snapshot(self) -> Snapshot:
        """Returns the state at the start of the epoch that runs, or ran last."""
        return Snapshot(tuple(np.array(copy.numpy()) for copy in self._copies))
