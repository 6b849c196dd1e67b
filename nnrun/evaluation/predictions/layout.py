"""From the outputs of a network to the columns of a table of predictions, and to the members of JSON objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nnrun.config.experiment import Experiment
from nnrun.config.labels import label_form
from nnrun.data.preprocessing import Preprocessing
from nnrun.errors import DataError
from nnrun.evaluation.decisions import predicted_classes, threshold_of
from nnrun.evaluation.predictions.believing import Belief, belief_of
from nnrun.evaluation.predictions.json_text import json_numbers, json_texts

ALL_CLASSES = 20
"""With more classes, only the most probable ones are shown unless the user says otherwise."""

FEW_CLASSES = 5

Shown = int | Literal["all"] | None
"""How many classes to show for each sample; None for as many as are sensible."""


class Layout(Protocol):
    """What is told about each sample, in the same way for all of them."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""

    def table(self, outputs: NDArray[Any]) -> list[Any]:
        """Returns the columns as arrow arrays, from outputs of shape `(samples, outputs)`."""

    def members(self, outputs: NDArray[Any]) -> Iterator[str]:
        """Yields, for each sample, the members of a JSON object, without its braces."""

    def summary(self) -> str:
        """Returns what came out so far, in a few words; may be empty."""


def layout_of(experiment: Experiment, preprocessing: Preprocessing, shown: Shown) -> Layout:
    """Returns what is told about each sample of a run.

    Args:
        experiment: The config of the run.
        preprocessing: Knows the names of classes and targets.
        shown: How many classes to show.
    """
    names = preprocessing.class_names
    if label_form(experiment.compile.loss) == "values" or names is None:
        return ValueLayout(preprocessing.target_names or ())
    count = len(names) if shown == "all" else shown
    if count is None and len(names) > ALL_CLASSES:
        count = FEW_CLASSES
    return ClassLayout(names, belief_of(experiment), threshold_of(experiment), count)


@dataclass(slots=True)
class ClassLayout:
    """Classes, and how much the network believes in each.

    Args:
        names: Names of the classes.
        belief: What the outputs mean.
        threshold: The output of a single unit above which a sample belongs to the second class.
        ranked: Show only so many classes, the most probable first; None for all of them in their own order.
    """

    names: tuple[str, ...]
    belief: Belief
    threshold: float
    ranked: int | None
    _counts: Counter[int] = field(default_factory=Counter)

    @property
    def columns(self) -> tuple[str, ...]:
        """`prediction`, its probability, then one column per class, or two per rank."""
        word = self.belief.word
        first = ("prediction", word)
        if self.ranked is None:
            return (*first, *(f"{word}_{name}" for name in self.names))
        ranks = range(2, min(self.ranked, len(self.names)) + 1)
        return (*first, *(f"{what}_{rank}" for rank in ranks for what in ("class", word)))

    def table(self, outputs: NDArray[Any]) -> list[Any]:
        """Returns the columns."""
        import pyarrow as pa

        names = pa.array(self.names, pa.string())
        chosen, beliefs = self._judged(outputs)
        columns = [names.take(pa.array(chosen)), pa.array(_at(beliefs, chosen))]
        if self.ranked is None:
            return columns + [pa.array(np.ascontiguousarray(column)) for column in beliefs.T]
        for rank in self._ranks(beliefs, chosen).T[1:]:
            columns += [names.take(pa.array(rank)), pa.array(_at(beliefs, rank))]
        return columns

    def members(self, outputs: NDArray[Any]) -> Iterator[str]:
        """Yields `prediction`, its probability, and an object with those of the classes."""
        word, plural = self.belief.word, self.belief.plural
        texts = json_texts(self.names)
        chosen, beliefs = self._judged(outputs)
        cells = json_numbers(beliefs)
        ranks: Any = self._ranks(beliefs, chosen).tolist() if self.ranked is not None else None
        every = range(len(self.names))
        for row, number in enumerate(chosen.tolist()):
            own = cells[row]
            listed = ", ".join(f"{texts[k]}: {own[k]}" for k in (every if ranks is None else ranks[row]))
            yield f'"prediction": {texts[number]}, "{word}": {own[number]}, "{plural}": {{{listed}}}'

    def _judged(self, outputs: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Returns the class of each sample, shape `(samples,)`, and the beliefs, shape `(samples, classes)`."""
        chosen = predicted_classes(outputs, self.threshold)
        if len(chosen) and int(chosen.max()) >= len(self.names):
            raise DataError(
                f"the network predicts class number {int(chosen.max())}, and there are {len(self.names)} classes",
                "Give the last layer one unit per class.",
            )
        self._counts.update(dict(enumerate(np.bincount(chosen).tolist())))
        return chosen, self.belief.apply(outputs)[:, : len(self.names)]

    def _ranks(self, beliefs: NDArray[np.float32], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns the classes that are shown, shape `(samples, shown)`: the predicted one, then by belief."""
        order = -beliefs.astype(np.float64)
        order[np.arange(len(chosen)), chosen] = -np.inf
        return np.argsort(order, axis=1, kind="stable")[:, : self.ranked]

    def summary(self) -> str:
        """Returns how often the most frequent classes were predicted."""
        most = [(self.names[number], count) for number, count in self._counts.most_common() if count]
        shown = ", ".join(f"{name} ({count:,})" for name, count in most[:FEW_CLASSES])
        rest = len(most) - FEW_CLASSES
        if rest > 0:
            shown += f" and {rest} more classes ({sum(count for _, count in most[FEW_CLASSES:]):,})"
        return shown


@dataclass(slots=True)
class ValueLayout:
    """Numbers.

    Args:
        targets: Names of the targets; empty where they have none.
    """

    targets: tuple[str, ...]
    _low: float = np.inf
    _high: float = -np.inf
    _width: int = 1

    @property
    def columns(self) -> tuple[str, ...]:
        """`prediction`, or `prediction_TARGET` for each of several."""
        if len(self.targets) <= 1:
            return ("prediction",)
        return tuple(f"prediction_{name}" for name in self.targets)

    def table(self, outputs: NDArray[Any]) -> list[Any]:
        """Returns a column per target."""
        import pyarrow as pa

        self._see(outputs)
        return [pa.array(np.ascontiguousarray(column)) for column in outputs.T]

    def members(self, outputs: NDArray[Any]) -> Iterator[str]:
        """Yields `prediction`, or `predictions` by target."""
        self._see(outputs)
        cells = json_numbers(outputs)
        if len(self.targets) <= 1:
            for (cell,) in cells:
                yield f'"prediction": {cell}'
            return
        texts = json_texts(self.targets)
        for own in cells:
            listed = ", ".join(f"{name}: {cell}" for name, cell in zip(texts, own, strict=True))
            yield f'"predictions": {{{listed}}}'

    def _see(self, outputs: NDArray[Any]) -> None:
        if outputs.shape[1] != len(self.columns):
            raise DataError(
                f"the network has {outputs.shape[1]} outputs for {len(self.columns)} target(s), so nothing tells "
                "which is which",
                "Give the last layer one unit per target.",
            )
        if len(outputs):
            self._low = min(self._low, float(outputs.min()))
            self._high = max(self._high, float(outputs.max()))

    def summary(self) -> str:
        """Returns the range of the predictions."""
        if self._low > self._high:
            return ""
        return f"{self._low:.6g}" if self._low == self._high else f"{self._low:.6g} to {self._high:.6g}"


def _at(values: NDArray[np.float32], places: NDArray[np.int64]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = values[np.arange(len(places)), places]
    return found


def as_rows(outputs: NDArray[Any], ids: Any) -> NDArray[np.float32]:
    """Returns one row of outputs per sample, all of them finite.

    Args:
        outputs: What the network puts out, shape `(samples, ...)`.
        ids: The ids of the samples, for the message.

    Raises:
        DataError: One is not finite.
    """
    # Half precision becomes exact 32-bit floats, which all formats know.
    rows = outputs.reshape(len(outputs), int(np.prod(outputs.shape[1:]))).astype(np.float32, copy=False)
    wrong = ~np.isfinite(rows).all(axis=1)
    if wrong.any():
        raise DataError(
            f"the output of the network for '{_name(ids[int(np.argmax(wrong))])}' is not finite",
            "Its weights have diverged, or the input is far from everything in the training; try --weights.",
        )
    return rows


def _name(value: Any) -> str:
    return str(value.as_py() if hasattr(value, "as_py") else value)
