"""The sections `fit`, `dataset.split` and `require` against the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding, validation_split
from nnrun.config.cross_checks.monitors import unknown_metric
from nnrun.config.datasets import ClassificationData, TokensData
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.labels import LABEL_FORMS, loss_class
from nnrun.config.requirements import parse_requirement
from nnrun.config.suggestions import closest

_OWN_CALLBACKS = {
    "ModelCheckpoint": "nnrun saves model/best.keras and model/last.keras itself; see the section checkpoint",
    "CSVLogger": "nnrun writes metrics.csv itself",
    "BackupAndRestore": "nnrun saves its state itself, and `nnrun resume` continues from it",
    "ProgbarLogger": "nnrun shows its progress itself; see --progress",
    "History": "nnrun writes metrics.csv itself",
}


_SHOWN = 10
"""Names of classes in a message."""


def validation_data_exist(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """The split that `fit.validation_data` names exists."""
    name, split = experiment.fit.validation_data, experiment.dataset.split
    if name is None or name in facts.splits or getattr(split, name) is not None:
        return
    if name == "validation" and split.fold is not None:
        return
    if facts.more_splits:
        return
    if not facts.splits and facts.train_samples is None and experiment.dataset.source == "keras":
        return  # whether there is a test split of its own is not known
    yield Finding(
        ("fit", "validation_data"),
        "unknown-split",
        f"there is no {name} split to validate on",
        f"set dataset.split.{name}, for instance to 0.2",
    )


def validation_happens(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """There are enough epochs for one validation."""
    fit = experiment.fit
    if fit.validation_freq > fit.epochs and validation_split(experiment, facts) is not None:
        yield Finding(
            ("fit", "validation_freq"),
            "no-validation",
            f"with {fit.epochs} epoch{'s' if fit.epochs > 1 else ''} and validation_freq {fit.validation_freq},"
            " nothing is ever validated",
            severity="warning",
        )


def split_leaves_training_samples(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """The fractions leave something for training."""
    split = experiment.dataset.split
    shares = [share for share in (split.validation, split.test) if isinstance(share, float)]
    if sum(shares) >= 1:
        yield Finding(
            ("dataset", "split"),
            "split-sum",
            f"validation and test together take {sum(shares):g} of the samples, nothing is left for training",
            "make them add up to less than 1",
        )


def scale_has_a_range(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """A range to scale to begins below its end."""
    scale = experiment.dataset.scale
    if isinstance(scale, list) and scale[0] >= scale[1]:
        yield Finding(
            ("dataset", "scale"),
            "out-of-range",
            f"expected [low, high] with low below high, received [{scale[0]:g}, {scale[1]:g}]",
            f"write [{scale[1]:g}, {scale[0]:g}]" if scale[0] > scale[1] else "",
        )


def generator_arguments_agree(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """The generator of synthetic data can draw what is asked of it; scikit-learn says so only when it draws."""
    data = experiment.dataset
    if isinstance(data, TokensData) and data.max_tokens - 1 < data.n_classes:
        yield Finding(
            ("dataset", "max_tokens"),
            "generator-arguments",
            f"{data.n_classes} classes need a token each beside 0, which is padding; received {data.max_tokens}",
            f"write max_tokens: {data.n_classes + 1}, or more",
        )
    if not isinstance(data, ClassificationData):
        return
    used = data.n_informative + data.n_redundant
    clusters = data.n_classes * data.n_clusters_per_class
    if used > data.n_features:
        yield Finding(
            ("dataset", "n_features"),
            "generator-arguments",
            f"expected at least {used} features, as {data.n_informative} are informative and "
            f"{data.n_redundant} redundant; received {data.n_features}",
            f"write n_features: {used}",
        )
    elif clusters > 2**data.n_informative:
        yield Finding(
            ("dataset", "n_informative"),
            "generator-arguments",
            f"{data.n_informative} informative features have corners for {2**data.n_informative} clusters, "
            f"{data.n_classes} classes of {data.n_clusters_per_class} clusters need {clusters}",
            f"write n_informative: {math.ceil(math.log2(clusters))}",
        )


def batch_size_fits(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """A batch is not larger than the training data; the default size may be."""
    if "batch_size" not in experiment.fit.model_fields_set:
        return
    if facts.train_samples is not None and experiment.fit.batch_size > facts.train_samples:
        samples = f"{facts.train_samples} training sample{'s' if facts.train_samples > 1 else ''}"
        yield Finding(
            ("fit", "batch_size"),
            "batch-size",
            f"a batch of {experiment.fit.batch_size} is more than the {samples}",
            "each epoch is a single step then",
            "warning",
        )


def class_weights_fit(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Class weights are for classes that can exist."""
    weights = experiment.fit.class_weight
    if weights is None:
        return
    path = ("fit", "class_weight")
    loss = experiment.compile.loss
    if LABEL_FORMS.get(loss_class(loss) or loss.name) == "values":
        yield Finding(
            path, "class-weight", f"class weights need classes, {loss.name} is for numbers", at="key"
        )
        return
    if weights == "auto":
        return
    for key in weights:
        message = hint = ""
        if facts.class_names is not None:
            if key in facts.class_names:
                continue
            names = facts.class_names
            meant = closest(key, names)
            listed = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
            hint = f"did you mean {meant!r}?" if meant else f"the classes are {listed}"
        if key.isdecimal():
            if facts.classes is None or int(key) < facts.classes:
                continue
            message = f"there is no class {key}, the data have {facts.classes} classes"
            hint = f"classes are counted from 0 to {facts.classes - 1}"
        elif facts.class_names is not None:
            message = f"the data have no class {key!r}"
        if message:
            yield Finding((*path, key), "class-weight", message, hint, at="key")


def requirements_are_known(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """Every requirement is a comparison with a metric that is logged."""
    for index, text in enumerate(experiment.require):
        path = ("require", index)
        try:
            requirement = parse_requirement(text)
        except ValueError as error:
            yield Finding(path, "bad-requirement", str(error), "write for instance val_accuracy>=0.97")
            continue
        yield from unknown_metric(requirement.metric, "require names", path, experiment, facts)


def own_callbacks(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """Some callbacks do what nnrun does anyway."""
    for index, callback in enumerate(experiment.fit.callbacks):
        advice = _OWN_CALLBACKS.get(callback.class_name or "")
        if advice is not None:
            path = ("fit", "callbacks", index)
            yield Finding(path, "needless-callback", f"{callback.name} is not needed", advice, "warning")
