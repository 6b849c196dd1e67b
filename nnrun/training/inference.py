"""Running the trained network of a run over one of its splits."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nnrun.config.load import LoadedConfig
from nnrun.data.splits import Split
from nnrun.errors import DataError
from nnrun.training.batches import arrays_of
from nnrun.training.building import build_model, compile_model, one_line
from nnrun.training.engine import flat
from nnrun.training.memory import data_memory
from nnrun.training.steps import ChunkFunction
from nnrun.training.streaming import to_device


@dataclass(frozen=True, slots=True)
class Inference:
    """What a network says about a split.

    Args:
        predictions: Its outputs, shape `(samples, ...)`.
        metrics: The compiled loss and metrics by name, `loss` first.
    """

    predictions: NDArray[np.float32]
    metrics: dict[str, float]


def load_network(
    loaded: LoadedConfig, model_file: Path, input_shape: tuple[int, ...], input_dtype: str
) -> keras.Sequential:
    """Builds the network of a run and gives it the saved weights.

    The layers come from the run's config, and only arrays from the model file: nothing in it is executed.

    Args:
        loaded: The resolved config of the run.
        model_file: `model/best.keras` or `model/last.keras`.
        input_shape: Shape of one sample.
        input_dtype: Type of the samples.

    Raises:
        DataError: The file is damaged or of another network.
    """
    model = build_model(loaded, input_shape, input_dtype, loaded.seed)
    try:
        model.load_weights(model_file)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{model_file} cannot be loaded: {one_line(error)}",
            "It is damaged, or does not belong to this run.",
        ) from error
    compile_model(loaded, model, jit_compile=False)
    return model


def infer(model: keras.Sequential, split: Split, batch_size: int) -> Inference:
    """Runs a network over a split, in the order of its samples.

    Args:
        model: A compiled network.
        split: Samples and labels.
        batch_size: Samples per batch; the metrics are those of `keras.Model.evaluate` with this batch size.
    """
    data = to_device(arrays_of(split), batch_size, data_memory("CPU"))
    model._symbolic_build(data_batch=tuple(one[:batch_size] for one in data.example().tensors))
    test = ChunkFunction(model.test_step, model, data, jit_compile=False, halt=False)
    test.prepare()
    metrics: dict[str, float] = {}
    for feed in data.feeds(np.arange(data.samples, dtype=np.int32)):
        metrics = flat(test(feed, feed.first, feed.first + feed.steps).metrics)
    return Inference(predict(model, split.x, batch_size), metrics)


def predict(model: keras.Sequential, x: Any, batch_size: int) -> NDArray[np.float32]:
    """Returns the outputs of a network for inputs of shape `(samples, ...)`, without dropout and the like."""
    outputs = tf.function(lambda batch: model(batch, training=False), autograph=False, reduce_retracing=True)
    parts = [outputs(x[start : start + batch_size]).numpy() for start in range(0, len(x), batch_size)]
    return np.concatenate(parts)
