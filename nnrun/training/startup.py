"""Importing TensorFlow and Keras: quickly, quietly, and in a controlled state.

Nothing else in nnrun may be the first to import TensorFlow. Sources of what is done here: Keras imports pandas,
scikit-learn and matplotlib where they are installed, though only its wrappers and plots use them; TensorFlow
prints to file descriptor 2 before any of its log settings apply.
"""

from __future__ import annotations

import contextlib
import gc
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nnrun.errors import EnvironmentFault, UsageError
from nnrun.interrupts import unswallowed

MINIMUM_KERAS = (3, 15, 1)
"""Earlier versions have known security holes."""

_HIDDEN_WHILE_KERAS_LOADS = ("matplotlib", "pandas", "sklearn")


def import_tensorflow(device: str = "auto") -> str:
    """Imports TensorFlow and Keras and chooses the device; quick when done before.

    Args:
        device: `auto`, `cpu`, `gpu` or `gpu:N`.

    Returns:
        What it trains on, such as `CPU` or `GPU:0`.

    Raises:
        EnvironmentFault: TensorFlow cannot be imported, Keras is too old, or there is no such device.
        UsageError: `device` is none of the above.
    """
    check_device(device)
    load_tensorflow()
    import tensorflow as tf

    return _choose_device(tf, device)


def load_tensorflow() -> None:
    """Imports TensorFlow and Keras, without a word about devices; quick when done before.

    The backend, float type, epsilon and image layout that `~/.keras/keras.json` or `KERAS_BACKEND` might have
    changed are set to Keras's defaults, so that a config means the same on every machine.

    Raises:
        EnvironmentFault: TensorFlow cannot be imported, or Keras is too old.
        Interrupted: A signal came.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    try:
        with unswallowed(), _hidden(_HIDDEN_WHILE_KERAS_LOADS), _no_garbage():
            import keras
            import tensorflow  # noqa: F401 - while Keras's imports are hidden
    except ImportError as error:
        raise EnvironmentFault(
            f"TensorFlow cannot be imported: {error}",
            "Install it with `pip install nnrun`; see `nnrun doctor`.",
        ) from error
    version = tuple(int(part) for part in keras.__version__.split(".")[:3] if part.isdigit())
    if version < MINIMUM_KERAS:
        raise EnvironmentFault(
            f"Keras {keras.__version__} is installed; nnrun needs 3.15.1 or newer.",
            "Upgrade with `pip install -U keras`.",
        )
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")


def check_device(device: str) -> None:
    """Finds a wrong name of a device before TensorFlow is imported.

    Raises:
        UsageError: It is none of `auto`, `cpu`, `gpu` and `gpu:N`.
    """
    if re.fullmatch(r"auto|cpu|gpu(:[0-9]{1,4})?", device) is None:
        raise UsageError(f"--device {device}: expected auto, cpu, gpu or gpu:N.")


def _choose_device(tf: Any, device: str) -> str:
    if device == "cpu":
        with contextlib.suppress(RuntimeError):  # raised where a device is in use already
            tf.config.set_visible_devices([], "GPU")
        return "CPU"
    gpus = tf.config.list_physical_devices("GPU")
    if device == "auto":
        wanted = gpus[:1]
    else:
        number = int(device.partition(":")[2] or "0")
        wanted = gpus[number : number + 1]
        if not wanted:
            raise EnvironmentFault(
                f"--device {device}: TensorFlow sees {len(gpus) or 'no'} GPU{'s' if len(gpus) > 1 else ''}.",
                "See `nnrun doctor`; on Linux, `pip install nnrun[gpu]` brings CUDA.",
            )
    if not wanted:
        return "CPU"
    with contextlib.suppress(RuntimeError):  # the same, for the second config of one process
        tf.config.set_visible_devices(wanted, "GPU")
        # Otherwise TensorFlow takes all of the memory, also for a tiny model.
        tf.config.experimental.set_memory_growth(wanted[0], enable=True)
    return f"GPU:{gpus.index(wanted[0])}"


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """Looks for no garbage while half a million objects are made that stay for good, nor among them later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """Makes imports of these packages fail, unless they are loaded already."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


@contextlib.contextmanager
def output_to(log: Path) -> Iterator[None]:
    """Sends everything that is printed, by Python or by native code, to a file.

    TensorFlow prints to the file descriptors themselves, so these are what is redirected. Whoever has something to
    tell the user meanwhile needs a duplicate of the original, made before.

    Args:
        log: The file, created or appended to.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.dup2(target, 1)
        os.dup2(target, 2)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for descriptor in (*saved, target):
            os.close(descriptor)
