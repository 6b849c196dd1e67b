"""The metrics against the labels."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding, loss_contradicts_target
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import LabelForm, label_form_or_none
from nnrun.config.problems import KeyPath

_ACCURACIES = frozenset({
    "Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy",
    "TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy",
})  # fmt: skip
_FOR_CLASSES = _ACCURACIES | frozenset({
    "AUC", "Precision", "Recall", "F1Score", "FBetaScore", "PrecisionAtRecall", "RecallAtPrecision",
    "SensitivityAtSpecificity", "SpecificityAtSensitivity", "FalseNegatives", "FalsePositives",
    "TrueNegatives", "TruePositives", "BinaryCrossentropy", "CategoricalCrossentropy", "CategoricalHinge",
    "Hinge", "SquaredHinge", "BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU",
})  # fmt: skip
_FOR_VALUES = frozenset({
    "R2Score", "PearsonCorrelation", "ConcordanceCorrelation", "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
})  # fmt: skip
_FOR_NUMBERED_CLASSES = frozenset(
    {"SparseCategoricalAccuracy", "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy"}
)
_OF_ANY_FORM = frozenset({"Mean", "Sum"})
_COUNTERPARTS = {
    "CategoricalCrossentropy": "SparseCategoricalCrossentropy",
    "TopKCategoricalAccuracy": "SparseTopKCategoricalAccuracy",
    "SparseCategoricalCrossentropy": "CategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy": "TopKCategoricalAccuracy",
}
_LABELS: dict[LabelForm, str] = {
    "one_hot": "one-hot labels",
    "index": "class numbers as labels",
    "binary": "0 and 1 as labels",
    "values": "numbers to predict",
}


def metrics_fit_labels(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Every metric can compare the output with labels of the form that the loss asks for.

    A test trains with each metric of Keras and each form of labels: what fails there is an error here.
    """
    form = label_form_or_none(experiment.compile.loss)
    if form is None or loss_contradicts_target(experiment, facts):
        return
    compiled = experiment.compile
    for key, metrics in (("metrics", compiled.metrics), ("weighted_metrics", compiled.weighted_metrics)):
        for index, metric in enumerate(metrics):
            yield from _misfit(metric, form, compiled.loss.name, ("compile", key, index))


def _misfit(metric: KerasObject, form: LabelForm, loss: str, path: KeyPath) -> Iterator[Finding]:
    name = metric.class_name
    if name is None or name in _OF_ANY_FORM:
        # `accuracy` chooses the right class itself; of numbers there is none.
        if form == "values" and metric.name.lower() in ("accuracy", "acc"):
            yield _without_meaning(metric, path, "compares classes", "for numbers use mean_absolute_error")
    elif form == "index" and name not in _FOR_NUMBERED_CLASSES:
        message = f"{metric.name} cannot be computed from {_LABELS[form]}, which {loss} asks for"
        if name in ("Accuracy", "BinaryAccuracy", "CategoricalAccuracy"):
            hint = "write accuracy"
        elif name in _COUNTERPARTS:
            hint = f"write {_COUNTERPARTS[name]}"
        else:
            hint = "use the loss categorical_crossentropy, which asks for one-hot labels"
        # These run, but what they compare are not the labels.
        runs = name in ("CategoricalAccuracy", "OneHotIoU", "OneHotMeanIoU")
        if runs:
            message = f"{metric.name} expects one-hot labels, {loss} asks for class numbers"
        yield Finding(path, "metric-labels", message, hint, "warning" if runs else "error", at="key")
    elif name in _FOR_NUMBERED_CLASSES and form != "index":
        hint = f"write {_COUNTERPARTS[name]}" if form == "one_hot" and name in _COUNTERPARTS else ""
        hint = hint or ("write mean_absolute_error" if form == "values" else "write accuracy")
        message = f"{metric.name} expects class numbers as labels, {loss} asks for {_LABELS[form]}"
        runs = form != "one_hot" and name != "SparseCategoricalCrossentropy"
        yield Finding(path, "metric-labels", message, hint, "warning" if runs else "error", at="key")
    elif form == "values" and name in _FOR_CLASSES:
        yield _without_meaning(metric, path, "is for classes", "for numbers use mean_absolute_error")
    elif form != "values" and name in _FOR_VALUES:
        yield _without_meaning(metric, path, "is for numbers to predict", "for classes use accuracy")
    elif form == "binary" and name in ("CategoricalAccuracy", "TopKCategoricalAccuracy", "Accuracy"):
        why = (
            "is always 1 for a single unit" if name != "Accuracy" else "counts only outputs of exactly 0 or 1"
        )
        yield _without_meaning(metric, path, why, "write accuracy")
    elif form == "one_hot" and name in ("Accuracy", "BinaryAccuracy"):
        why = (
            "counts only outputs of exactly 0 or 1"
            if name == "Accuracy"
            else "judges every class of a sample on its own"
        )
        yield _without_meaning(metric, path, why, "write accuracy")


def _without_meaning(metric: KerasObject, path: KeyPath, why: str, hint: str) -> Finding:
    message = f"{metric.name} {why}: its values will mean little here"
    return Finding(path, "metric-task", message, hint, "warning", at="key")
