"""A second model with the layers of the one in training, to be saved while that one goes on."""

from __future__ import annotations

import random

import keras
import tensorflow as tf

from nnrun.config.load import LoadedConfig
from nnrun.training.building import compile_model


def shadow_of(loaded: LoadedConfig, model: keras.Sequential) -> keras.Sequential:
    """Returns a compiled model in host memory whose variables are those of another one, in shape and order.

    Args:
        loaded: The config.
        model: The model in training; nothing that it depends on changes.
    """
    # The weights of the new layers are drawn from Python's generator, and soon replaced.
    drawn = random.getstate()
    try:
        with tf.device("CPU:0"):
            shadow = keras.models.clone_model(model)
            compile_model(loaded, shadow, jit_compile=model.jit_compile)
            shadow.optimizer.build(shadow.trainable_variables)
    finally:
        random.setstate(drawn)
    return shadow
