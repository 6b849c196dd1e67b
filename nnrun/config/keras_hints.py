"""What was probably meant by a name that Keras does not know. Loaded only when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import get_args

from nnrun.catalog.families import Family
from nnrun.catalog.kinds import Object
from nnrun.catalog.reading import Catalog, ClassInfo
from nnrun.config.keras_words import with_article
from nnrun.config.spelling import nearest_of

OLD_CLASSES: dict[tuple[Family, str], str] = {
    ("layer", "AtrousConvolution1D"): "Conv1D",
    ("layer", "AtrousConvolution2D"): "Conv2D",
    ("layer", "CuDNNGRU"): "GRU",
    ("layer", "CuDNNLSTM"): "LSTM",
    ("layer", "Deconvolution2D"): "Conv2DTranspose",
    ("layer", "Deconv2D"): "Conv2DTranspose",
    ("layer", "Linear"): "Dense",
    ("layer", "FullyConnected"): "Dense",
    ("layer", "Merge"): "Concatenate",
    ("layer", "SyncBatchNormalization"): "BatchNormalization",
    ("layer", "BatchNorm"): "BatchNormalization",
    ("layer", "ThresholdedReLU"): "ReLU",
    ("layer", "TimeDistributedDense"): "Dense",
    ("layer", "UpSample2D"): "UpSampling2D",
    ("loss", "softmax_cross_entropy"): "categorical_crossentropy",
    ("loss", "cross_entropy"): "categorical_crossentropy",
    ("loss", "bce_with_logits"): "BinaryCrossentropy",
    ("metric", "f1"): "F1Score",
    ("metric", "rmse"): "RootMeanSquaredError",
    ("metric", "r2"): "R2Score",
    ("callback", "LearningRateReducer"): "ReduceLROnPlateau",
}
"""Names from older versions of Keras and from habit, which are too unlike the present ones to be found."""

OLD_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "W_constraint": ("kernel_constraint", "embeddings_constraint"),
    "W_regularizer": ("kernel_regularizer", "embeddings_regularizer"),
    "alpha": ("negative_slope", "rate"),
    "atrous_rate": ("dilation_rate",),
    "b_constraint": ("bias_constraint",),
    "b_regularizer": ("bias_regularizer",),
    "bias": ("use_bias",),
    "border_mode": ("padding",),
    "cooldown_epochs": ("cooldown",),
    "dim_ordering": ("data_format",),
    "epsilon": ("min_delta",),
    "gamma_init": ("gamma_initializer",),
    "init": ("kernel_initializer", "embeddings_initializer"),
    "inner_init": ("recurrent_initializer",),
    "inner_activation": ("recurrent_activation",),
    "kernel": ("kernel_size",),
    "lr": ("learning_rate",),
    "metric": ("monitor",),
    "mode": ("merge_mode", "output_mode"),
    "nb_col": ("kernel_size",),
    "nb_filter": ("filters",),
    "nb_filters": ("filters",),
    "nb_row": ("kernel_size",),
    "num_filters": ("filters",),
    "output_dim": ("units",),
    "p": ("rate",),
    "pool_length": ("pool_size",),
    "std": ("stddev",),
    "stride": ("strides",),
    "subsample": ("strides",),
    "subsample_length": ("strides",),
    "filter_length": ("kernel_size",),
    "filter_size": ("kernel_size",),
    "scheduler": ("schedule",),
}
"""Argument names of Keras 1 and 2, tf.keras and habit, with what they are called now; the first that fits."""

_PYTHON = re.compile(r"(?P<module>(?:\w+\.)+)?(?P<name>\w+)(?P<call>\(.*\))?", re.DOTALL)
"""A class as Python code names it, perhaps with arguments."""

_FEW = 20
"""So many names may be listed where none comes near."""

_INPUT_SHAPE = ("input_shape", "input_dim", "batch_input_shape", "input_length")


def closest(name: str, known: Iterable[str]) -> str | None:
    """Returns the known name that was probably meant, or None.

    Differences of case and underscores count for nothing. Of names that differ in nothing else, such as
    `mse` and `MSE`, the one in the style of `name` is returned.
    """
    by_plain: dict[str, list[str]] = {}
    for each in known:
        by_plain.setdefault(_plain(each), []).append(each)
    found = nearest_of(_plain(name), by_plain)
    if found is None:
        return None
    same_style = [each for each in by_plain[found] if each.islower() == name.islower()]
    return (same_style or by_plain[found])[0]


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def class_hint(known: Catalog, options: tuple[Object, ...], name: str) -> str:
    """Returns what an unknown class name probably means, also in the families where it does not belong."""
    python = _PYTHON.fullmatch(name)
    if python is not None and (python["module"] or python["call"]):
        return _from_python(known, options, python["name"], called=python["call"] is not None)
    families = tuple(option.family for option in options)
    for family in families:
        old = OLD_CLASSES.get((family, name))
        if old is not None:
            return f"did you mean '{old}'?"
    elsewhere = _elsewhere(known, families, name)
    if elsewhere:
        return elsewhere
    meant = closest(
        name, [each for option in options for each in option.classes or _usable_names(known, option.family)]
    )
    if meant:
        return f"did you mean '{meant}'?"
    usable = [each for option in options for each in option.classes or _usable_classes(known, option.family)]
    return f"known are {', '.join(usable)}" if len(usable) <= _FEW else ""


def _from_python(known: Catalog, options: tuple[Object, ...], name: str, *, called: bool) -> str:
    """Says how a config writes `keras.layers.Dense` or `Dense(3)`."""
    if not any(known.find(option.family, name) for option in options):
        return class_hint(known, options, name)
    return f"write '{name}: {{argument: value}}'" if called else f"write '{name}', without a module"


def _usable_classes(known: Catalog, family: Family) -> list[str]:
    return [name for name, info in known.classes(family).items() if not info.refused and not info.abstract]


def _usable_names(known: Catalog, family: Family) -> list[str]:
    return [*_usable_classes(known, family), *known.aliases(family)]


def _elsewhere(known: Catalog, families: tuple[Family, ...], name: str) -> str:
    """Says to which other family a name belongs, and where that goes."""
    for family in get_args(Family):
        if family in families or not (known.find(family, name) or name in known.aliases(family)):
            continue
        is_a = f"'{name}' is {with_article(family)}"
        if family == "activation" and "layer" in families:
            long = f"'Activation: {{activation: {name}}}'"
            return f"{is_a}: write {long}, or 'activation: {name}' in the layer before"
        places = {
            "layer": "it belongs into 'model.layers'",
            "optimizer": "it belongs to 'compile.optimizer'",
            "loss": "it belongs to 'compile.loss'",
            "metric": "it belongs into 'compile.metrics'",
            "callback": "it belongs into 'fit.callbacks'",
            "schedule": f"write it as the optimizer's 'learning_rate: {{{name}: {{...}}}}'",
            "regularizer": "write it in a layer, such as 'kernel_regularizer: ...'",
            "initializer": "write it in a layer, such as 'kernel_initializer: ...'",
            "constraint": "write it in a layer, such as 'kernel_constraint: ...'",
        }
        return f"{is_a}" + (f": {places[family]}" if family in places else "")
    return ""


def class_with_arguments(family: Family, name: str) -> str | None:
    """Returns the class to use where a plain function or a name resolved by shape was given arguments."""
    if family == "activation":
        return closest(name, ("ELU", "LeakyReLU", "ReLU", "Softmax"))
    return "CategoricalAccuracy" if family == "metric" else "CategoricalCrossentropy"


def argument_hint(known: Catalog, info: ClassInfo, name: str, given: Iterable[str]) -> tuple[str, str]:
    """Returns what an unknown argument name probably means.

    Args:
        known: The catalogue.
        info: The class that has no such argument.
        name: The unknown argument.
        given: All arguments that the user gave: one that is there already was not meant.

    Returns:
        The hint, and the argument that was probably meant; either may be empty.
    """
    names = set(given)
    free = [each for each in info.arguments if each not in names]
    if name in _INPUT_SHAPE and info.family == "layer":
        return "remove it: the input shape follows the data", ""
    if name == "decay" and info.family == "optimizer":
        # What the argument did in Keras 2.
        arguments = "initial_learning_rate: ..., decay_steps: 1, decay_rate: ..."
        return f"write 'learning_rate: {{InverseTimeDecay: {{{arguments}}}}}'", ""
    # Within braces YAML takes `(28, 28, 1)` apart: a value `(28`, and keys `28` and `1)`.
    if name.endswith(")") or (name.isdecimal() and any(str(each).endswith(")") for each in names)):
        return "if it is part of a tuple: write a list in square brackets, such as [3, 3]", ""
    for now in OLD_ARGUMENTS.get(name, ()):
        if now in free:
            return f"it is called '{now}' now", now
    if name.isdecimal():
        return "a decimal number has a point, not a comma", ""
    owners = [
        other.name
        for other in known.classes(info.family).values()
        if name in other.arguments and not other.refused and not other.abstract
    ]
    meant = closest(name, info.arguments)
    if meant and (not owners or _plain(meant) == _plain(name)):
        there = "" if meant in free else ", which is there already"
        return f"did you mean '{meant}'{there}?", meant
    if owners:
        return f"it is an argument of {', '.join(owners[:3])}{', …' if len(owners) > 3 else ''}", ""
    if not info.arguments:
        return f"{info.name} takes no arguments", ""
    return (f"its arguments are {', '.join(info.arguments)}" if len(info.arguments) <= 12 else ""), ""
