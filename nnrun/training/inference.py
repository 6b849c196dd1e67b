"""Running the trained network of a run over one of its splits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from nnrun.config.load import LoadedConfig
from nnrun.data.splits import Split
from nnrun.training.batches import arrays_of
from nnrun.training.building import build_model, compile_model
from nnrun.training.memory import data_memory
from nnrun.training.predicting import Predictor, fitting_batch_size
from nnrun.training.steps import ChunkFunction
from nnrun.training.streaming import to_device
from nnrun.training.weights import load_weights


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
    load_weights(model, model_file)
    compile_model(loaded, model, jit_compile=False)
    return model


def infer(model: keras.Sequential, split: Split, batch_size: int) -> Inference:
    """Runs a network over a split, in the order of its samples.

    Args:
        model: A compiled network.
        split: Samples and labels.
        batch_size: Samples per batch; the metrics are those of `keras.Model.evaluate` with this batch size. The
            outputs are those that `nnrun predict` gives, whose batches may be larger.
    """
    data = to_device(arrays_of(split), batch_size, data_memory("CPU"))
    model._symbolic_build(data_batch=tuple(one[:batch_size] for one in data.example().tensors))
    test = ChunkFunction(model.test_step, model, data, jit_compile=False, halt=False)
    test.prepare()
    metrics: dict[str, float] = {}
    for feed in data.feeds(np.arange(data.samples, dtype=np.int32)):
        metrics = test(feed, feed.first, feed.first + feed.steps).metrics
    predictor = Predictor(model, fitting_batch_size(model, batch_size))
    return Inference(predictor(split.x), metrics)
