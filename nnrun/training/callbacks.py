"""Keras's callbacks, as a config names them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras

from nnrun.config.cross_checks.callbacks import PATH_ARGUMENTS
from nnrun.config.load import LoadedConfig
from nnrun.rundir.atomic import storage_error
from nnrun.training.building import construct


def build_callbacks(
    loaded: LoadedConfig, run_path: Path, *, writes: bool = True
) -> list[keras.callbacks.Callback]:
    """Constructs the callbacks of a config.

    Args:
        loaded: The config.
        run_path: The run directory, in which relative paths of callbacks lie. The event files of `TensorBoard`
            go to its folder `tensorboard` unless the config says otherwise.
        writes: Whether those that write files do; where not, something idle takes their places.

    Raises:
        ConfigError: Keras refuses the arguments of one.
    """
    built = []
    for index, described in enumerate(loaded.experiment.fit.callbacks):
        argument = PATH_ARGUMENTS.get(described.class_name or "")
        if argument is not None and not writes:
            built.append(keras.callbacks.Callback())
            continue
        if argument is not None:
            arguments = dict(described.arguments)
            given = arguments.get(argument, "tensorboard" if described.class_name == "TensorBoard" else None)
            if given is not None:
                target = run_path / str(given)
                try:
                    target.parent.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise storage_error(target.parent, error) from error
                arguments[argument] = str(target)
            described = replace(described, arguments=arguments)
        built.append(construct(loaded, described, ("fit", "callbacks", index)))
    return built
