"""Labels follow the loss: which form of labels each of Keras's losses wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from nnrun.config.keras_object import KerasObject

LabelForm = Literal["one_hot", "index", "binary", "values"]
"""`one_hot`: `(samples, classes)`. `index`: class numbers `(samples,)`. `binary`: 0 or 1 for the two classes.
`values`: numbers `(samples, targets)`."""

LABEL_FORMS: Mapping[str, LabelForm] = {
    "CategoricalCrossentropy": "one_hot",
    "CategoricalFocalCrossentropy": "one_hot",
    "CategoricalHinge": "one_hot",
    "KLDivergence": "one_hot",
    "CosineSimilarity": "one_hot",
    "SparseCategoricalCrossentropy": "index",
    "CategoricalGeneralizedCrossEntropy": "index",
    "Circle": "index",
    "BinaryCrossentropy": "binary",
    "BinaryFocalCrossentropy": "binary",
    "Hinge": "binary",  # Keras turns 0 and 1 into -1 and 1
    "SquaredHinge": "binary",
    "MeanSquaredError": "values",
    "MeanAbsoluteError": "values",
    "MeanAbsolutePercentageError": "values",
    "MeanSquaredLogarithmicError": "values",
    "Huber": "values",
    "LogCosh": "values",
    "Poisson": "values",
}
"""By class. Losses that are left out want something that no data source delivers."""

UNSUPPORTED: Mapping[str, str] = {
    "CTC": "it compares sequences of different lengths",
    "Dice": "it compares masks of images",
    "Tversky": "it compares masks of images",
    "crossentropy": "it means another loss for other labels; name one, such as categorical_crossentropy",
    "ce": "it means another loss for other labels; name one, such as categorical_crossentropy",
}
"""Losses that no data source has labels for, with the reason."""

_ALIASES: Mapping[str, str] = {
    "categorical_crossentropy": "CategoricalCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "categorical_hinge": "CategoricalHinge",
    "categorical_generalized_cross_entropy": "CategoricalGeneralizedCrossEntropy",
    "kl_divergence": "KLDivergence",
    "kld": "KLDivergence",
    "kullback_leibler_divergence": "KLDivergence",
    "cosine_similarity": "CosineSimilarity",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
    "bce": "BinaryCrossentropy",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "hinge": "Hinge",
    "squared_hinge": "SquaredHinge",
    "mean_squared_error": "MeanSquaredError",
    "mse": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "mae": "MeanAbsoluteError",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "mape": "MeanAbsolutePercentageError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
    "msle": "MeanSquaredLogarithmicError",
    "huber": "Huber",
    "huber_loss": "Huber",
    "log_cosh": "LogCosh",
    "logcosh": "LogCosh",
    "poisson": "Poisson",
    "ctc": "CTC",
    "dice": "Dice",
    "tversky": "Tversky",
    "circle": "Circle",
}
"""Keras's string names of losses are functions there, so the catalogue may know no class for them."""


def loss_class(loss: KerasObject) -> str | None:
    """Returns the class of a loss, also where it is given by the name of its function; None if unknown."""
    return loss.class_name or _ALIASES.get(loss.name) or _ALIASES.get(loss.name.lower())


def label_form_or_none(loss: KerasObject) -> LabelForm | None:
    """Returns which form of labels a loss wants, or None where no data source has labels for it."""
    return LABEL_FORMS.get(loss_class(loss) or loss.name)


def label_form(loss: KerasObject) -> LabelForm:
    """Returns which form of labels a loss wants.

    Args:
        loss: The loss of the config.

    Raises:
        ValueError: The loss is none that data sources have labels for; `check` reports this first.
    """
    name = loss_class(loss) or loss.name
    if name not in LABEL_FORMS:
        raise ValueError(
            f"the loss {loss.name} cannot be used: {UNSUPPORTED.get(name, 'its labels are unknown')}"
        )
    return LABEL_FORMS[name]
