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
    """The layers, each a name or `Name: {argument: value}`. The shape of the input follows the data."""

    dtype_policy: Literal["float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"] = (
        "float32"
    )
    """The floats that layers compute with, where they do not say themselves; the mixed ones keep 32-bit weights."""


class CompileSection(Section):
    """The arguments of `keras.Model.compile`."""

    optimizer: OptimizerObject
    """What changes the weights, such as `adam` or `{Adam: {learning_rate: 0.01}}`."""

    loss: LossObject
    """What is made small. The form of the labels follows it."""

    metrics: list[MetricObject] = Field(default_factory=list)
    """What is measured beside the loss."""

    loss_weights: Annotated[float, Field(gt=0)] | None = None
    """What the loss is multiplied by."""

    weighted_metrics: list[MetricObject] = Field(default_factory=list)
    """Metrics that take the weights of samples and classes into account."""

    jit_compile: bool | Literal["auto"] = "auto"
    """Whether XLA compiles the loops over the batches; `auto` decides by layers, metrics and batches per epoch."""

    auto_scale_loss: bool = True
    """Whether the loss is scaled where 16-bit floats need it."""


class FitSection(Section):
    """The arguments of `keras.Model.fit`.

    `validation_data` names the split to validate on after each epoch; by default the validation split, where
    there is one. The keys of `class_weight` are class names, or class numbers from 0.
    """

    epochs: Count = 1
    """How often the training data are gone through."""

    batch_size: Count = 32
    """Samples per training step."""

    shuffle: bool = True
    """Whether the training data are shuffled before each epoch."""

    validation_data: Literal["validation", "test"] | None = None
    """The split to validate on after each epoch."""

    validation_batch_size: Count | None = None
    """Samples per step of validation; by default `batch_size`."""

    validation_freq: Count = 1
    """Validate after every so many epochs."""

    class_weight: Literal["auto"] | dict[str, Annotated[float, Field(ge=0)]] | None = None
    """How much each class counts in the loss, by class name or number from 0; `auto` makes all classes count the same,
    however frequent each is in the training split.
    """

    callbacks: list[CallbackObject] = Field(default_factory=list)
    """What else happens during training, such as `EarlyStopping`."""


class CheckpointSection(Section):
    """What counts as the best epoch, and how often the state is saved.

    `monitor` defaults to the validation loss, or the loss where nothing is validated. The state is saved when
    `every_seconds` have passed at the end of an epoch, after every `every_epochs`, and at the end of training.
    """

    monitor: str | None = None
    """The metric that decides which epoch is best."""

    mode: Literal["auto", "min", "max"] = "auto"
    """Whether less or more of it is better; `auto` knows for the metrics of Keras."""

    every_seconds: Annotated[float, Field(ge=0)] = 30.0
    """Save the state at the end of an epoch when so many seconds have passed since the last time."""

    every_epochs: Count | None = None
    """Save the state after every so many epochs as well."""


class DistributeSection(Section):
    """Training on several devices at once, each of which takes its part of every batch.

    `mirrored` uses the devices of one machine; `multi_worker` uses several processes, on one machine or many, which
    `TF_CONFIG` or SLURM name. `fit.batch_size` stays the size of the whole batch.
    """

    strategy: Literal["none", "mirrored", "multi_worker"] = "none"
    """Whether one device trains, all devices of a machine, or those of several processes."""

    devices: Annotated[int, Field(ge=1, le=64)] | None = None
    """Devices of each process; by default all of its GPUs. Without a GPU, `mirrored` divides the processor."""

    wait_seconds: Annotated[float, Field(gt=0)] = 600.0
    """How long `multi_worker` waits for all processes to start."""


class MlflowSection(Section):
    """Where and how runs are logged to MLflow, which the extra `mlflow` brings."""

    experiment: Annotated[str, Field(min_length=1, max_length=250)] | None = None
    """The experiment of MLflow that the runs belong to; by default the name of this one."""

    uri: Annotated[str, Field(min_length=1)] | None = None
    """The tracking server or database; by default `MLFLOW_TRACKING_URI`, or `mlflow.db` beside the runs."""

    model: bool = False
    """Whether the network of the best epoch is logged, too."""


class TrackSection(Section):
    """Other programs that are told of a run."""

    mlflow: MlflowSection | None = None
    """Log parameters, metrics and files to MLflow; `{}` for a database beside the runs."""


class Experiment(Section):
    """A config file: what to train, on which data, and how."""

    name: Name
    """What the runs are called; by default the name of the file."""

    seed: Seed | None = None
    """Makes a run repeatable; without it, one is drawn and recorded."""

    dataset: Dataset
    """The data, their split and their scaling."""

    model: ModelSection
    """The layers of the network."""

    compile: CompileSection
    """Optimizer, loss and metrics."""

    fit: FitSection = FitSection()
    """How long to train, in which batches, with which callbacks."""

    checkpoint: CheckpointSection = CheckpointSection()
    """What counts as the best epoch, and how often to save."""

    distribute: DistributeSection = DistributeSection()
    """On which devices to train at once."""

    require: list[str] = Field(default_factory=list)
    """What a run has to reach, such as `val_accuracy>=0.97`; else `nnrun train` exits with 6."""

    track: TrackSection = TrackSection()
    """Other programs to log the run to, beside its directory."""
