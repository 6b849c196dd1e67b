"""What the network of a run is worth: as its last evaluation found, or computed now."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnrun.data.labelled import Labelled
from nnrun.data.splits import SplitName
from nnrun.errors import DataError
from nnrun.evaluation.answers import Answers, ValueAnswers
from nnrun.evaluation.evaluate import evaluation_of
from nnrun.evaluation.model_file import model_sha256
from nnrun.evaluation.record import FORMAT, to_record
from nnrun.evaluation.report.soundness import is_sound
from nnrun.evaluation.table_file import cell
from nnrun.rundir.reading import Run
from nnrun.training.recall import Weights, recall_on

_ORDER: tuple[SplitName, ...] = ("test", "validation", "train")
"""The first one that there is says most about a network."""


class Wish(NamedTuple):
    """How a run should be judged.

    Args:
        split: On which split; by default test, else validation, else train.
        weights: With those of the best epoch, or of the last one.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
        compute: Whether data and network may be loaded; else only the run directory is read.
    """

    split: SplitName | None = None
    weights: Weights = "best"
    device: str = "auto"
    compute: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What was predicted for each sample.

    Args:
        mistakes: Positions of the samples whose class is predicted wrongly, the most confident mistakes first.
        true: True class of each sample, shape `(samples,)`, or true values, shape `(samples, targets)`.
        predicted: Predicted classes or values, likewise.
        confidence: Probability of the predicted class; None where there are no probabilities.
    """

    mistakes: NDArray[np.int64]
    true: NDArray[Any]
    predicted: NDArray[Any]
    confidence: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """An evaluation.

    Args:
        record: What `nnrun evaluate --json` prints; see `nnrun.evaluation.record`.
        outcome: What was predicted for each sample; None where the outputs are no classes and no such values, or the
            file with them is gone.
    """

    record: Mapping[str, Any]
    outcome: Outcome | None

    @property
    def split(self) -> SplitName:
        """Which split was evaluated."""
        split: SplitName = self.record["split"]
        return split

    @property
    def names(self) -> list[str]:
        """Names of the classes; empty for regression."""
        return [str(one["name"]) for one in self.record.get("classes", [])]

    @property
    def is_whole(self) -> bool:
        """Whether what was predicted for each sample is known, where there is such a thing."""
        return self.outcome is not None or not self.record.keys() & {"classes", "targets"}

    @property
    def title(self) -> str:
        """What was evaluated, in words."""
        epoch = "the best epoch" if self.record["weights"] == "best" else "the last epoch"
        return f"{self.split} split, {self.record['samples']:,} samples, weights of {epoch}"


def judged(
    run: Run, wish: Wish, splits: Sequence[str], load: Callable[[], Labelled], say: Callable[[str], None]
) -> Judgement:
    """Returns the evaluation of a run, computed only where the run directory has none of its present weights.

    What is computed is written into the run directory, as `nnrun evaluate` does, if that is allowed.

    Args:
        run: The run, which is not running.
        wish: How it should be judged.
        splits: The splits that there are; none where that is not known.
        load: Loads the data.
        say: Tells the user what takes long.

    Raises:
        DataError: The network or its data cannot be loaded, or must not.
        ConfigError: The run's config cannot be used any more.
        StorageError: What was computed cannot be written.
    """
    if not (run.path / "model" / f"{wish.weights}.keras").is_file():
        raise DataError(f"no network of its {wish.weights} epoch was saved")
    split = wish.split or next((name for name in _ORDER if name in splits), None)
    digest = model_sha256(run, wish.weights)
    found = _stored(run, split, wish.weights, digest)
    if found is not None and (found.is_whole or not wish.compute):
        return found
    if not wish.compute:
        raise DataError("it was not evaluated with its present weights")
    labelled = load()
    say(f"evaluating {run.name} {run.id}")
    evaluation = evaluation_of(run, recall_on(run, labelled, split, wish.weights, wish.device), wish.weights)
    if os.access(run.path, os.W_OK):
        # It draws the confusion matrix, and to load Matplotlib for that takes longer than to write the page.
        from nnrun.evaluation.files import write_evaluation

        write_evaluation(run, evaluation)
    return Judgement(to_record(evaluation), outcome_of(evaluation.answers))


def outcome_of(answers: Answers | None) -> Outcome | None:
    """Returns what a network said to each sample."""
    if answers is None:
        return None
    if isinstance(answers, ValueAnswers):
        return Outcome(np.empty(0, np.int64), answers.truth, answers.predicted, None)
    return Outcome(answers.mistakes(), answers.truth, answers.predicted, answers.confidence)


def _stored(run: Run, split: SplitName | None, weights: Weights, digest: str) -> Judgement | None:
    """Returns an evaluation that the run directory has of a state of the network."""
    for name in (split,) if split else _ORDER:
        stem = run.path / "evaluation" / f"{name}-{weights}"
        try:
            record = json.loads(stem.with_suffix(".json").read_bytes())
        except (OSError, ValueError):
            continue  # not evaluated, or a file that nobody can read: it is computed again
        if isinstance(record, dict) and _is_of(record, run, digest):
            return Judgement(record, _stored_outcome(stem, record))
    return None


def _is_of(record: Mapping[str, Any], run: Run, digest: str) -> bool:
    if record.get("format") != FORMAT or record.get("run") != run.id or record.get("model_sha256") != digest:
        return False
    try:
        return is_sound(record)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False  # somebody changed it by hand: it is computed again


def _stored_outcome(stem: Path, record: Mapping[str, Any]) -> Outcome | None:
    """Reads what was predicted for each sample; None where the file is missing, or not the one that was written."""
    try:
        with stem.with_name(f"{stem.name}-predictions.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if len(rows) != record["samples"]:
            return None
        return _of_classes(rows, record) if "classes" in record else _of_values(rows, record)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _of_classes(rows: Sequence[Mapping[str, str]], record: Mapping[str, Any]) -> Outcome:
    numbers = {str(cell(one["name"])): number for number, one in enumerate(record["classes"])}
    if len(numbers) < len(record["classes"]):
        raise ValueError("names of classes that look the same in a table")
    true = np.array([numbers[row["true"]] for row in rows], np.int64)
    predicted = np.array([numbers[row["predicted"]] for row in rows], np.int64)
    # Scores of losses that make no probabilities are not in the table, and without them the mistakes have no order.
    confidence = np.array([float(row["confidence"]) for row in rows])
    wrong = np.flatnonzero(true != predicted)
    return Outcome(wrong[np.argsort(-confidence[wrong], kind="stable")], true, predicted, confidence)


def _of_values(rows: Sequence[Mapping[str, str]], record: Mapping[str, Any]) -> Outcome:
    names = [str(one["name"]) for one in record["targets"]]
    several = len(names) > 1
    true, predicted = (
        np.array(
            [[float(row[f"{kind} {name}" if several else kind]) for name in names] for row in rows]
        ).reshape(len(rows), len(names))
        for kind in ("true", "predicted")
    )
    return Outcome(np.empty(0, np.int64), true, predicted, None)
