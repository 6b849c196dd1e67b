"""The kinds of Keras object that a config can name."""

from __future__ import annotations

from typing import Literal

Family = Literal[
    "layer",
    "optimizer",
    "loss",
    "metric",
    "callback",
    "activation",
    "initializer",
    "regularizer",
    "constraint",
    "schedule",
    "dtype_policy",
]
