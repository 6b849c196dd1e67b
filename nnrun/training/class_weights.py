"""How much each class counts in the loss."""

from __future__ import annotations

from nnrun.config.load import LoadedConfig
from nnrun.data.balance import balanced
from nnrun.data.splits import Splits
from nnrun.training.building import refused


def class_weights(loaded: LoadedConfig, splits: Splits) -> dict[int, float] | None:
    """Returns the weights that `fit.class_weight` gives, by class number; the config may write names.

    Args:
        loaded: The config.
        splits: The data.

    Raises:
        ConfigError: It names a class that the data do not have.
    """
    given = loaded.experiment.fit.class_weight
    if given is None:
        return None
    if given == "auto":
        index = splits.train.class_index
        return None if index is None else balanced(index)
    names = splits.class_names or ()
    weights: dict[int, float] = {}
    for key, weight in given.items():
        if key in names:
            weights[names.index(key)] = weight
        elif key.isdigit() and int(key) < len(names):
            weights[int(key)] = weight
        else:
            raise refused(
                loaded,
                ("fit", "class_weight", key),
                f"there is no class '{key}'.",
                f"The classes are {', '.join(names[:20])}." if names else "The target is no class.",
            )
    return weights
