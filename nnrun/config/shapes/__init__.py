"""Shapes and parameter counts of the common layers, without TensorFlow.

One module per family of layers holds pure functions from the arguments of a layer and the shape of its input to
its `Effect`; `table.LAYERS` lists them all, and a test compares every one with Keras. `walk` follows a sample
through a stack of layers, up to the first that cannot take its input or that only Keras knows.
"""

from __future__ import annotations

from nnrun.config.shapes.effect import KINDS, Effect, MisfitError, NotKnownError, Shape, written
from nnrun.config.shapes.layer import effect_of
from nnrun.config.shapes.walk import INPUTS, Row, Walk, walk

__all__ = [
    "INPUTS",
    "KINDS",
    "Effect",
    "MisfitError",
    "NotKnownError",
    "Row",
    "Shape",
    "Walk",
    "effect_of",
    "walk",
    "written",
]
