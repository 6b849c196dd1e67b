"""The metrics against the form of the labels, which follows the loss."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding, argument_path, loss_contradicts_target
from nnrun.config.cross_checks.network import output_of
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import LabelForm, label_form_or_none, loss_class
from nnrun.config.metric_names import log_name
from nnrun.config.problems import KeyPath

_OF_CLASS_NUMBERS = {
    "SparseCategoricalAccuracy": "CategoricalAccuracy",
    "SparseCategoricalCrossentropy": "CategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy": "TopKCategoricalAccuracy",
}
"""Metrics of labels that are class numbers, with those of one-hot labels that say the same."""

_OF_ONE_HOT = {
    **{other: sparse for sparse, other in _OF_CLASS_NUMBERS.items()},
    "CategoricalHinge": "",
    "OneHotIoU": "",
    "OneHotMeanIoU": "",
}
"""Metrics of one-hot labels, with those of class numbers that say the same."""

_PLAIN = ("CategoricalAccuracy", "SparseCategoricalAccuracy")
"""What Keras makes of `accuracy`."""

_OF_PREDICTED_CLASSES = frozenset({"IoU", "MeanIoU"})

_FOR_CLASSES = frozenset({
    "Accuracy", "BinaryAccuracy", "AUC", "Precision", "Recall", "F1Score", "FBetaScore", "PrecisionAtRecall",
    "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity", "FalseNegatives",
    "FalsePositives", "TrueNegatives", "TruePositives", "BinaryCrossentropy", "Hinge", "SquaredHinge",
    "BinaryIoU",
})  # fmt: skip
_FOR_VALUES = frozenset({
    "R2Score", "PearsonCorrelation", "ConcordanceCorrelation", "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
})  # fmt: skip

_TAKEN = {True: "that is the loss", False: "val_ is for results of the validation"}

_WORDS: dict[LabelForm, str] = {
    "one_hot": "one-hot",
    "index": "class numbers",
    "binary": "0 or 1",
    "values": "numbers",
}


def metrics_fit_labels(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Every metric can compare the labels with the outputs; Keras would stop, or compute something else."""
    loss, form = experiment.compile.loss, _judging_form(experiment, facts)
    if form is None:
        return
    output = output_of(experiment)
    single = output is not None and output.units == 1
    for path, metric in _metrics(experiment):
        hint = _hint(metric, form, single)
        if hint is not None:
            message = f"{metric.name} does not fit the labels, which are {_WORDS[form]} for {loss.name}"
            yield Finding(path, "metric-labels", message, hint, at="key")


def metrics_fit_task(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Metrics for classes are computed of classes, metrics for numbers of numbers."""
    form = _judging_form(experiment, facts)
    for path, metric in _metrics(experiment) if form is not None else ():
        name = metric.class_name or ""
        why, hint = "", "write accuracy"
        if form == "values" and metric.class_name is None:
            why, hint = "compares classes", "for numbers use mean_absolute_error"
        elif form == "values" and name in _FOR_CLASSES:
            why, hint = "is for classes", "for numbers use mean_absolute_error"
        elif form in ("one_hot", "binary") and name in _FOR_VALUES:
            why, hint = "is for numbers to predict", "for classes use accuracy"
        elif form in ("one_hot", "binary") and name == "Accuracy":
            why = "counts only outputs of exactly 0 or 1"
        elif form == "one_hot" and name == "BinaryAccuracy":
            why = "judges every class of a sample on its own"
        if why:
            message = f"{metric.name} {why}: its values will mean little here"
            yield Finding(path, "metric-task", message, hint, "warning", at="key")


def _judging_form(experiment: Experiment, facts: DataFacts) -> LabelForm | None:
    """Returns the form of the labels by which metrics can be judged, if there is one."""
    loss = experiment.compile.loss
    # The output for Circle is no probability, and a loss that does not fit the target is the thing to mend.
    if loss_class(loss) == "Circle" or loss_contradicts_target(experiment, facts):
        return None
    return label_form_or_none(loss)


def _metrics(experiment: Experiment) -> Iterator[tuple[KeyPath, KerasObject]]:
    for key in ("metrics", "weighted_metrics"):
        for index, metric in enumerate(getattr(experiment.compile, key)):
            yield ("compile", key, index), metric


def metrics_have_names_of_their_own(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """No metric takes the name of the loss, or one that a result of the validation could have."""
    for key in ("metrics", "weighted_metrics"):
        for index, metric in enumerate(getattr(experiment.compile, key)):
            name = log_name(metric)
            if name == "loss" or name.startswith("val_"):
                yield Finding(
                    argument_path(("compile", key, index), metric, "name"),
                    "metric-name",
                    f"a metric cannot be named {name!r}: {_TAKEN[name == 'loss']}",
                    "choose another name",
                )


def _hint(metric: KerasObject, form: LabelForm, single: bool) -> str | None:
    """Returns what to use instead of a metric that does not fit; None where it fits or nothing is known.

    Args:
        metric: The metric.
        form: The form of the labels.
        single: Whether the network puts out one number per sample.
    """
    name = metric.class_name or ""
    if metric.class_name is None:
        return None  # Keras chooses the one that fits
    if name in _OF_CLASS_NUMBERS:
        return None if form == "index" else _instead(form, _OF_CLASS_NUMBERS[name])
    if name in _OF_ONE_HOT:
        return None if form == "one_hot" else _instead(form, _OF_ONE_HOT[name])
    if name in _OF_PREDICTED_CLASSES:
        return _overlap_hint(metric, form)
    if form == "index" and not single:
        return "use categorical_crossentropy as the loss, for which labels are one-hot"
    return None


def _instead(form: LabelForm, counterpart: str) -> str:
    if form == "binary":
        return "write accuracy, or another metric for two classes such as AUC"
    if form == "values":
        return "write a metric for numbers, such as mean_absolute_error"
    if counterpart:
        return f"write {counterpart}" + (", or accuracy" if counterpart in _PLAIN else "")
    return "use categorical_crossentropy as the loss, for which labels are one-hot"


def _overlap_hint(metric: KerasObject, form: LabelForm) -> str | None:
    """Explains the overlap of classes, which by default compares class numbers and not probabilities."""
    if form == "values":
        return "write a metric for numbers, such as mean_absolute_error"
    if form == "binary":
        return "write BinaryIoU"
    if metric.arguments.get("sparse_y_pred") is not False:
        return f"write OneHot{metric.class_name}" if form == "one_hot" else "add sparse_y_pred: false"
    if form == "one_hot" and metric.arguments.get("sparse_y_true") is not False:
        return "add sparse_y_true: false"
    return None
