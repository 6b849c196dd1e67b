"""Keras's callbacks, as a config names them."""

from __future__ import annotations

from pathlib import Path

import keras

from nnrun.config.load import LoadedConfig
from nnrun.training.building import construct

# Arguments of Keras's callbacks that name a file or folder to write; a relative one lies in the run directory.
_PATH_ARGUMENTS = {
    "BackupAndRestore": "backup_dir",
    "CSVLogger": "filename",
    "ModelCheckpoint": "filepath",
    "TensorBoard": "log_dir",
}


def build_callbacks(loaded: LoadedConfig, run_path: Path) -> list[keras.callbacks.Callback]:
    """Constructs the callbacks of a config.

    Args:
        loaded: The config.
        run_path: The run directory, in which relative paths of callbacks lie. The event files of `TensorBoard`
            go to its folder `tensorboard` unless the config says otherwise.

    Raises:
        ConfigError: Keras refuses the arguments of one.
    """
    built = []
    for index, described in enumerate(loaded.experiment.fit.callbacks):
        argument = _PATH_ARGUMENTS.get(described.class_name or "")
        if argument is not None:
            arguments = dict(described.arguments)
            given = arguments.get(argument, "tensorboard" if described.class_name == "TensorBoard" else None)
            if given is not None:
                arguments[argument] = str(run_path / str(given))
            described = described.with_arguments(arguments)
        built.append(construct(loaded, described, ("fit", "callbacks", index)))
    return built
