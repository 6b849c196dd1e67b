"""What is said of errors that Keras and TensorFlow raise while a network is traced or trained."""

from __future__ import annotations

import keras

from nnrun.config.load import LoadedConfig
from nnrun.errors import DataError, NnrunError, StorageError, TrainingError
from nnrun.training.building import locate, one_line, refused
from nnrun.training.hooks import CallbackError


def out_of_memory(moment: str, error: BaseException) -> TrainingError:
    """Returns the error for memory that ran out.

    Args:
        moment: When, such as `in epoch 3`.
        error: What was raised.
    """
    return TrainingError(
        f"Memory ran out {moment}: {one_line(error)}", "Try a smaller `fit.batch_size`, or a smaller network."
    )


def cannot_train(loaded: LoadedConfig, model: keras.Sequential, error: Exception) -> NnrunError:
    """Returns the error for a network that cannot be traced, at the layer or the loss that is to blame."""
    return locate(loaded, model, error) or refused(
        loaded,
        ("compile", "loss"),
        f"Keras cannot train this network: {one_line(error)}",
        "Loss and metrics must fit the shape of the last layer's output and of the labels.",
    )


def value_refused(error: Exception) -> DataError:
    """Returns the error for a value in the data that an operation cannot take."""
    return DataError(
        f"The network cannot take a value in the data: {one_line(error)}",
        "Token numbers must be below `input_dim` of Embedding, class numbers below the number of outputs.",
    )


def callback_failed(loaded: LoadedConfig, failed: CallbackError, epochs: int) -> NnrunError:
    """Returns the error for a callback: part of the config before the first epoch is complete, else of the run.

    Args:
        loaded: The config.
        failed: Which callback it was, and what it raised.
        epochs: How many epochs are complete.
    """
    callback = loaded.experiment.fit.callbacks[failed.index]
    message = f"{callback.name} failed: {one_line(failed.error)}"
    if isinstance(failed.error, OSError):
        return StorageError(f"The callback {message}")
    if epochs == 0:
        return refused(loaded, ("fit", "callbacks", failed.index), message)
    return TrainingError(f"The callback {message}", f"{epochs} epochs were complete.")
