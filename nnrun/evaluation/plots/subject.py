"""What pictures are made of: a run, or a config whose data alone are looked at. Everything is loaded when needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nnrun.config.experiment import Experiment
from nnrun.config.load import LoadedConfig
from nnrun.data.labelled import Labelled, load_labelled
from nnrun.data.preprocessing import Preprocessing
from nnrun.data.splits import Split, SplitName, Splits
from nnrun.errors import DataError, UsageError
from nnrun.evaluation.answers import Answers, ClassAnswers, ValueAnswers, answers_of
from nnrun.rundir.reading import Run
from nnrun.training.recall import Recall, Weights, default_split, recall_on
from nnrun.training.resuming import stored_preprocessing

NO_CLASSES = "the network predicts numbers, not classes"


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture should be.

    Args:
        span: Lowest and highest value on both axes of a decision boundary; by default those of the data.
        resolution: Points per axis of its grid.
        scaled: Whether its axes are in the units that the network sees.
    """

    span: tuple[float, float] | None = None
    resolution: int = 200
    scaled: bool = False


@dataclass(frozen=True)
class Subject:
    """A run, or a config that is not trained.

    Args:
        loaded: The config, resolved where there is a run.
        run: The run; None for a config alone.
        split: The split to show; None for what suits the picture.
        weights: Those of the best epoch, or of the last one.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
        look: How the picture should be.
    """

    loaded: LoadedConfig
    run: Run | None
    split: SplitName | None = None
    weights: Weights = "best"
    device: str = "auto"
    look: Look = Look()

    @property
    def experiment(self) -> Experiment:
        """The config."""
        return self.loaded.experiment

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.experiment.name

    @property
    def trained(self) -> Run:
        """The run.

        Raises:
            UsageError: There is none.
        """
        if self.run is None:
            raise UsageError(f"{self.loaded.path}: nothing was trained yet", "Train it with `nnrun train`.")
        return self.run

    @cached_property
    def preprocessing(self) -> Preprocessing:
        """What was fitted on the training split; of a run it is known without its data."""
        if self.run is None:
            return self.splits.preprocessing
        return stored_preprocessing(self.run)

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Names of the classes; None for regression."""
        return self.preprocessing.class_names

    @cached_property
    def labelled(self) -> Labelled:
        """The data."""
        experiment = self.experiment
        preprocessing = None if self.run is None else self.preprocessing
        return load_labelled(experiment.dataset, experiment.compile.loss, self.loaded.seed, preprocessing)

    @property
    def splits(self) -> Splits:
        """The data as the network sees them."""
        return self.labelled.splits

    def samples(self, name: SplitName) -> Split:
        """Returns a split.

        Raises:
            DataError: There is no such split.
        """
        found = self.splits.get(name)
        if found is None:
            raise DataError(f"{self.name} has no {name} split", f"It has: {', '.join(self.present())}.")
        return found

    def present(self) -> list[SplitName]:
        """Returns the splits that there are."""
        names: tuple[SplitName, ...] = ("train", "validation", "test")
        return [name for name in names if self.splits.get(name) is not None]

    def several(self) -> list[SplitName]:
        """Returns the split that was asked for, else all of them."""
        if self.split is None:
            return self.present()
        self.samples(self.split)
        return [self.split]

    @cached_property
    def recalled(self) -> Recall:
        """What the network says to the split that was asked for, else to the test split, if there is one."""
        split = self.split or default_split(self.splits)
        self.samples(split)  # it says in its own way that there is none
        return recall_on(self.trained, self.labelled, split, self.weights, self.device)

    @cached_property
    def answers(self) -> Answers | None:
        """What it says as classes or values."""
        return answers_of(self.recalled)

    @property
    def classes(self) -> ClassAnswers:
        """What it says as classes.

        Raises:
            UsageError: It says none.
        """
        if not isinstance(self.answers, ClassAnswers):
            raise UsageError(NO_CLASSES)
        return self.answers

    @property
    def values(self) -> ValueAnswers:
        """What it says as values.

        Raises:
            UsageError: Its outputs are none that could be compared with the targets.
        """
        if not isinstance(self.answers, ValueAnswers):
            raise UsageError("the outputs of the network have another shape than the targets")
        return self.answers

    def caption(self, what: str = "") -> str:
        """Returns the line below the title: what is shown, of which run or config."""
        source = self.run.id if self.run is not None else self.loaded.path.name
        return f"{source}, {what}" if what else source

    def predictions_caption(self, what: str = "") -> str:
        """Returns the line below the title of a picture of predictions."""
        said = f"{self.weights} weights, {self.recalled.split_name} split"
        return self.caption(f"{said}, {what}" if what else said)


_KINDS = {"images": "images", "tokens": "sequences of tokens", "texts": "texts", "sequences": "sequences"}


def no_table(subject: Subject) -> str | None:
    """Says that the samples are no rows of a table, if so."""
    kind = _KINDS.get(subject.preprocessing.kind)
    return None if kind is None else f"the samples are {kind}, and this picture is for tables"


def numeric_columns(subject: Subject) -> list[int]:
    """Returns the numbers of the columns of a table that hold numbers."""
    preprocessing = subject.preprocessing
    if preprocessing.columns is not None:
        count = len(preprocessing.columns)
    else:
        count = int(np.prod(subject.splits.train.x.shape[1:]))
    return [number for number in range(count) if number not in preprocessing.categories]


def column_names(subject: Subject) -> list[str]:
    """Returns the names of the columns of a table, all of them."""
    columns = subject.preprocessing.columns
    if columns is not None:
        return list(columns)
    return [str(number) for number in numeric_columns(subject)]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some rows of a table, spread evenly over those that there are.

    Args:
        found: Features as they were found, shape `(rows, columns)`; NaN for an empty cell.
        seen: Features as the network sees them, shape `(rows, inputs)`.
        target: Class numbers, or the values of the first target, shape `(rows,)`.
        total: How many rows there are.
    """

    found: NDArray[np.float64]
    seen: NDArray[np.float64]
    target: NDArray[np.float64]
    total: int


def rows_of(subject: Subject, splits: Sequence[SplitName], most: int) -> Rows:
    """Returns rows of several splits of a table, at most so many."""
    total = sum(len(subject.samples(name)) for name in splits)
    step = max(1, -(-total // most))
    found, seen, target = [], [], []
    for name in splits:
        split = subject.samples(name)
        chosen = np.arange(0, len(split), step)
        found.append(np.asarray(subject.labelled.found(name, chosen), np.float64).reshape(len(chosen), -1))
        seen.append(np.asarray(split.x[chosen], np.float64).reshape(len(chosen), -1))
        labels = np.asarray(split.y)[:, 0] if split.class_index is None else split.class_index
        target.append(np.asarray(labels[chosen], np.float64))
    return Rows(np.concatenate(found), np.concatenate(seen), np.concatenate(target), total)
