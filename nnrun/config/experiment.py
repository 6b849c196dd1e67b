"""The whole of a config as one frozen value."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnrun.config.datasets import Dataset
from nnrun.config.keras_types import (
    CallbackObject,
    LayerObject,
    LossObject,
    MetricObject,
    OptimizerObject,
)
from nnrun.config.sections import Count, Section, Seed

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A name that is a folder name everywhere: letters, digits, `.`, `_` and `-`, no leading dot or dash."""


class ModelSection(Section):
    """The stack of layers of a `keras.Sequential`."""

    layers: Annotated[list[LayerObject], Field(min_length=1)]


class CompileSection(Section):
    """The arguments of `keras.Model.compile`."""

    optimizer: OptimizerObject
    loss: LossObject
    metrics: list[MetricObject] = Field(default_factory=list)
    weighted_metrics: list[MetricObject] = Field(default_factory=list)
    jit_compile: bool | Literal["auto"] = "auto"
    auto_scale_loss: bool = True


class FitSection(Section):
    """The arguments of `keras.Model.fit`.

    `validation_data` names the split to validate on after each epoch; by default the validation split, where
    there is one. The keys of `class_weight` are class names, or class numbers from 0.
    """

    epochs: Count = 1
    batch_size: Count = 32
    shuffle: bool = True
    validation_data: Literal["validation", "test"] | None = None
    validation_batch_size: Count | None = None
    validation_freq: Count = 1
    class_weight: dict[str, Annotated[float, Field(ge=0)]] | None = None
    callbacks: list[CallbackObject] = Field(default_factory=list)


class CheckpointSection(Section):
    """What counts as the best epoch, and how often the state is saved.

    `monitor` defaults to the validation loss, or the loss where nothing is validated. The state is saved when
    `every_seconds` have passed at the end of an epoch, and at the end of training.
    """

    monitor: str | None = None
    mode: Literal["auto", "min", "max"] = "auto"
    every_seconds: Annotated[float, Field(ge=0)] = 30.0


class Experiment(Section):
    """A config file: what to train, on which data, and how."""

    name: Name
    seed: Seed | None = None
    dataset: Dataset
    model: ModelSection
    compile: CompileSection
    fit: FitSection = FitSection()
    checkpoint: CheckpointSection = CheckpointSection()
    require: list[str] = Field(default_factory=list)
