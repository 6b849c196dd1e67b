"""The weights of classes in the loss, which a config may give by name or by number."""

from __future__ import annotations

from collections.abc import Sequence

from nnrun.config.load import LoadedConfig
from nnrun.training.building import refused


def class_weights(loaded: LoadedConfig, class_names: Sequence[str]) -> dict[int, float] | None:
    """Returns `fit.class_weight` by class number; None where all classes count the same.

    Args:
        loaded: The config.
        class_names: Names of the classes, by number; empty where the target is no class.

    Raises:
        ConfigError: There is no such class.
    """
    given = loaded.experiment.fit.class_weight
    if given is None:
        return None
    weights: dict[int, float] = {}
    for key, weight in given.items():
        if key in class_names:
            weights[class_names.index(key)] = weight
        elif key.isdigit() and int(key) < len(class_names):
            weights[int(key)] = weight
        else:
            raise refused(
                loaded,
                ("fit", "class_weight", key),
                f"there is no class '{key}'.",
                f"The classes are {', '.join(class_names[:20])}."
                if class_names
                else "The target is no class.",
            )
    return weights
