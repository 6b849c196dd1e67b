"""Reference models of scikit-learn beside a network: learned from the same rows, judged on the same rows."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.load import LoadedConfig
from nnrun.config.resolved import plain
from nnrun.data.labelled import Labelled, load_labelled
from nnrun.data.splits import Split, SplitName, Splits
from nnrun.errors import DataError
from nnrun.evaluation.answers import Answers, ClassAnswers, ValueAnswers
from nnrun.evaluation.evaluate import figures_of
from nnrun.evaluation.report.judging import Wish, judged
from nnrun.rundir.reading import Run
from nnrun.search.reference_inputs import ReferenceInputs, reference_inputs
from nnrun.search.reference_models import ReferenceModel, Task, reference_models, threads
from nnrun.training.recall import Weights, default_split

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Reference:
    """A model that was fitted and judged.

    Args:
        name: What it is.
        details: What was chosen for it.
        model: The class of scikit-learn.
        parameters: What was chosen, for programs.
        seconds: Time of fitting it, with the choice.
        figures: What it is worth, by name.
    """

    name: str
    details: str
    model: str
    parameters: Mapping[str, Any]
    seconds: float
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Network:
    """The network beside them.

    Args:
        run: Its run.
        weights: Those of the best epoch, or of the last one.
        seconds: Time of its training, without the start of TensorFlow.
        figures: What it is worth, by name; the metrics of its config among them.
    """

    run: Run
    weights: Weights
    seconds: float
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What came out.

    Args:
        loaded: The config.
        split: The split that everything was judged on.
        samples: Samples by split, of the training split and that one.
        features: Numbers per sample, for scikit-learn.
        classes: How many classes there are; None for regression.
        fingerprint: That of the data.
        references: The models of scikit-learn.
        network: The network; None without a run that fits.
        notes: What the user should know.
    """

    loaded: LoadedConfig
    split: SplitName
    samples: Mapping[str, int]
    features: int
    classes: int | None
    fingerprint: str
    references: tuple[Reference, ...]
    network: Network | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judging:
    """How everything is to be judged.

    Args:
        split: On which split; by default test, else validation, else train.
        weights: The network with those of the best epoch, or of the last one.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
    """

    split: SplitName | None = None
    weights: Weights = "best"
    device: str = "auto"


def baseline(loaded: LoadedConfig, runs: Sequence[Run], how: Judging, say: Say) -> Baseline:
    """Fits reference models on the training split of a config, and judges them beside its network.

    TensorFlow is loaded only where the run was not evaluated on that split before.

    Args:
        loaded: The config, with the seed of the run.
        runs: Runs of this config: the network is that of the first one with the same data and split.
        how: How to judge.
        say: Tells the user what takes long.

    Raises:
        DataError: The data cannot be used, or have no such split.
    """
    experiment = loaded.experiment
    labelled = load_labelled(experiment.dataset, experiment.compile.loss, loaded.seed)
    splits = labelled.splits
    split = how.split or default_split(splits)
    samples = splits.get(split)
    if samples is None:
        present = [name for name in ("train", "validation", "test") if splits.get(name) is not None]
        raise DataError(f"there is no {split} split", f"There is: {', '.join(present)}.")
    inputs = reference_inputs(splits, samples)
    notes = [*inputs.notes]
    if split == "train":
        notes.append("everything is judged on the samples that it learned from, as nothing is held out")
    network = _network(loaded, runs, labelled, split, how, say, notes)
    references, doubts = _references(splits, samples, inputs, loaded.seed, say)
    return Baseline(
        loaded=loaded,
        split=split,
        samples={"train": len(splits.train), split: len(samples)},
        features=inputs.features,
        classes=None if splits.class_names is None else len(splits.class_names),
        fingerprint=splits.fingerprint,
        references=tuple(references),
        network=network,
        notes=(*notes, *doubts),
    )


def _network(
    loaded: LoadedConfig,
    runs: Sequence[Run],
    labelled: Labelled,
    split: SplitName,
    how: Judging,
    say: Say,
    notes: list[str],
) -> Network | None:
    """Returns what the network of a run is worth; None where all of them were trained on other data."""
    fingerprint = labelled.splits.fingerprint
    fitting = (run for run in runs if (run.record.get("data") or {}).get("fingerprint") == fingerprint)
    run = next((run for run in fitting if (run.path / "model" / f"{how.weights}.keras").is_file()), None)
    if run is None:
        if runs:
            notes.append(
                f"run {runs[0].id} was trained on other data, or another split of them: it is left out"
            )
        return None
    from nnrun.config.load import load_experiment

    if plain(loaded.experiment) != plain(load_experiment(run.resolved_path).experiment):
        notes.append(
            f"run {run.id} was trained with other values than the config has now: see nnrun show {run.id}"
        )
    judgement = judged(run, Wish(split, how.weights, how.device), (split,), lambda: labelled, say)
    timing = run.record.get("timing") or {}
    seconds = sum(timing.get(phase, 0.0) for phase in ("build", "trace", "train", "validate"))
    figures = {name: float(value) for name, value in judgement.record["figures"].items()}
    return Network(run, how.weights, seconds, figures)


def _references(
    splits: Splits, samples: Split, inputs: ReferenceInputs, seed: int, say: Say
) -> tuple[list[Reference], list[str]]:
    train, names = splits.train, splits.class_names
    y: NDArray[Any] = np.asarray(train.y) if train.class_index is None else train.class_index.astype(np.int64)
    task = Task(inputs, y, train.weights, None if names is None else len(names), seed)
    references: list[Reference] = []
    notes: list[str] = []
    for model in reference_models(task):
        say(f"fitting: {model.name}")
        references.append(_judged(model, task, splits, samples, notes))
    return references, notes


def _judged(model: ReferenceModel, task: Task, splits: Splits, samples: Split, notes: list[str]) -> Reference:
    from sklearn.exceptions import ConvergenceWarning

    with threads(task), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        began = time.perf_counter()
        learned = model.fit()
        seconds = time.perf_counter() - began
        answers = _answers(learned, splits, samples, task.inputs)
    if any(issubclass(one.category, ConvergenceWarning) for one in warned):
        notes.append(
            f"{model.name} had not converged when it was stopped: scaled inputs (dataset.scale) would help"
        )
    return Reference(
        model.name,
        model.details(learned),
        type(learned).__name__,
        model.parameters(learned),
        seconds,
        figures_of(answers),
    )


def _answers(model: Any, splits: Splits, samples: Split, inputs: ReferenceInputs) -> Answers:
    """Returns the answers of a model in the form of those of a network, for the same figures."""
    x = inputs.judged
    if hasattr(x, "toarray") and "Hist" in type(model).__name__:
        x = x.toarray()
    names = splits.class_names
    if names is None or samples.class_index is None:
        truth = np.asarray(samples.y, np.float64)
        predicted = np.asarray(model.predict(x), np.float64).reshape(truth.shape)
        targets = splits.preprocessing.target_names or ()
        if len(targets) != truth.shape[1]:
            targets = tuple(f"target {number}" for number in range(truth.shape[1]))
        return ValueAnswers(targets, truth, predicted)
    probabilities = np.zeros((len(samples), len(names)))
    # A class that the training split lacks is never predicted.
    probabilities[:, model.classes_] = model.predict_proba(x)
    scores = probabilities[:, 1:2] if len(names) == 2 else probabilities
    predicted_classes = np.asarray(model.predict(x), np.int64)
    return ClassAnswers(names, samples.class_index.astype(np.int64), predicted_classes, scores, probabilities)
