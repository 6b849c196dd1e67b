"""Calling Keras callbacks as `model.fit` calls them, but per chunk where no batch needs to be seen."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.utils.python_utils import is_default

from nnrun.training.blame import culprit

CallbackState = tuple[dict[str, Any], ...]
"""What each callback knows, in their order."""


_COUNTED_CALLS = frozenset({"_global_train_batch", "_global_test_batch"})
"""In `TensorBoard`, how often its hooks for batches were called."""


class CallbackError(Exception):
    """A callback failed.

    Args:
        index: Its number in the list of the config.
        error: What it raised.
    """

    def __init__(self, index: int, error: BaseException) -> None:
        super().__init__(str(error))
        self.index = index
        self.error = error


class Hooks:
    """The callbacks of one training, called as `model.fit` calls them.

    Batch hooks cost a return to Python, so they are called only where a callback has some: around every batch if
    one of them must see every batch, else around every chunk, as Keras does where `steps_per_execution` is above 1.

    Args:
        callbacks: What the config asked for.
        model: The compiled model.
        epochs: Epochs to train, at most.
        steps: Batches per epoch.
    """

    def __init__(
        self, callbacks: list[keras.callbacks.Callback], model: keras.Model, epochs: int, steps: int
    ) -> None:
        self._callbacks = list(callbacks)
        self._list = keras.callbacks.CallbackList(
            list(callbacks),
            add_history=True,
            add_progbar=False,
            model=model,
            epochs=epochs,
            steps=steps,
            verbose=0,
        )
        self._restored: CallbackState | None = None
        self.on_train = any(_has(one, "train") for one in callbacks)
        self.on_test = any(_has(one, "test") for one in callbacks)
        self.every_train_batch = any(_has(one, "train") and _sees_every_batch(one) for one in callbacks)
        self.every_test_batch = any(_has(one, "test") and _sees_every_batch(one) for one in callbacks)

    def state(self) -> CallbackState:
        """Returns what the callbacks know, by their position: numbers and lists of arrays."""
        return tuple(
            # What CSVLogger knows is its file, to which it appends.
            {}
            if isinstance(callback, keras.callbacks.CSVLogger)
            else {name: vars(callback)[name] for name in _state_names(callback)}
            for callback in self._callbacks
        )

    def restore(self, state: CallbackState) -> None:
        """Gives the callbacks what they knew, after `on_train_begin`, in which many of them forget it."""
        self._restored = state
        for callback in self._callbacks:
            if isinstance(callback, keras.callbacks.CSVLogger):
                callback.append = True

    def on_train_begin(self) -> None:
        """Begins a training, or goes on with one."""
        self._call(self._list.on_train_begin)
        for callback, state in zip(self._callbacks, self._restored or (), strict=False):
            vars(callback).update(state)

    def stoppers(self) -> list[str]:
        """Returns the classes of the callbacks that say that they stopped the training."""
        return [type(one).__name__ for one in self._list.callbacks if getattr(one, "stopped_epoch", 0)]

    def __getattr__(self, name: str) -> Any:
        """Hands all hooks on to the list.

        Raises:
            CallbackError: From a hook: the callback failed.
        """
        return functools.partial(self._call, getattr(self._list, name))

    def _call(self, hook: Callable[..., None], *arguments: Any) -> None:
        try:
            hook(*arguments)
        except (
            tf.errors.OpError,
            OSError,
            ArithmeticError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            failed = culprit(error, self._callbacks)
            if failed is None:
                raise
            raise CallbackError(failed, error) from error


def _state_names(callback: keras.callbacks.Callback) -> list[str]:
    """Returns the attributes that a callback changes while it works.

    Arguments of its constructor are left out: they come from the config, and some callbacks adapt them once (to the
    direction of the metric, `min_delta` of ReduceLROnPlateau), which they will do again.
    """
    left_out = {*inspect.signature(type(callback).__init__).parameters}
    if isinstance(callback, keras.callbacks.TensorBoard) and not _sees_every_batch(callback):
        # How many chunks an epoch has is a matter of time, and what it would do with their number it does not do.
        left_out |= _COUNTED_CALLS
    return [name for name, value in vars(callback).items() if name not in left_out and _is_state(value)]


def _is_state(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, np.ndarray) for item in value)
    return value is None or isinstance(value, bool | int | float | np.number)


def _has(callback: keras.callbacks.Callback, mode: str) -> bool:
    names = [f"on_{mode}_batch_begin", f"on_{mode}_batch_end"]
    if mode == "train":
        names += ["on_batch_begin", "on_batch_end"]
    return any(not is_default(getattr(callback, name)) for name in names)


def _sees_every_batch(callback: keras.callbacks.Callback) -> bool:
    if isinstance(callback, keras.callbacks.TensorBoard):
        # By default it writes per epoch, and needs one call of its batch hooks to write the graph.
        per_epoch = callback.update_freq == "epoch" and not callback.write_steps_per_second
        return not per_epoch or bool(callback._should_trace)
    if isinstance(callback, keras.callbacks.ModelCheckpoint | keras.callbacks.BackupAndRestore):
        return bool(callback.save_freq != "epoch")
    # nnrun stops at the first batch whose loss is not finite anyway.
    return not isinstance(callback, keras.callbacks.TerminateOnNaN)
