"""`evaluation/<split>-<weights>-predictions.csv`: what the network said to each sample of a split."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnrun.data.labelled import Origins
from nnrun.evaluation.answers import Answers, ClassAnswers, ValueAnswers
from nnrun.evaluation.table_file import csv_text

ROWS = 200_000
"""Of larger splits no table is written."""

CELLS = 1_000_000
"""With more numbers than these, only the probability of the predicted class is written."""


def predictions_csv(answers: Answers, origins: Origins | None) -> str | None:
    """Returns the answers to the samples of a split as a table, or None where it would be huge.

    Its columns are the position of the sample in the split and in the source (`sample`, both from 0), where the
    latter is (`source`, such as a file and its row), the true and the predicted class or value, and for classes
    the probability of the predicted one (`confidence`) and of each.

    Args:
        answers: What the network said.
        origins: Where the samples are in the source, see `nnrun.data.labelled`; None where that is not known.
    """
    count = len(answers.truth)
    if count > ROWS:
        return None
    header, rows = _of_classes(answers) if isinstance(answers, ClassAnswers) else _of_values(answers)
    if origins is None:
        return csv_text(["position", *header], ([place, *row] for place, row in enumerate(rows)))
    samples, place_of = origins.samples.tolist(), origins.place
    if place_of is None:
        numbered = ([n, sample, *row] for n, (sample, row) in enumerate(zip(samples, rows, strict=True)))
        return csv_text(["position", "sample", *header], numbered)
    placed = (
        [n, sample, place_of(sample), *row] for n, (sample, row) in enumerate(zip(samples, rows, strict=True))
    )
    return csv_text(["position", "sample", "source", *header], placed)


def _of_classes(answers: ClassAnswers) -> tuple[list[str], Iterator[list[object]]]:
    names = answers.names
    header = ["true", "predicted"]
    classes = [
        [names[true], names[predicted]]
        for true, predicted in zip(answers.truth, answers.predicted, strict=True)
    ]
    confidence, probabilities = answers.confidence, answers.probabilities
    if confidence is None or probabilities is None:
        return header, (list(row) for row in classes)
    if probabilities.size > CELLS:
        return [*header, "confidence"], (
            [*row, _short(one)] for row, one in zip(classes, confidence, strict=True)
        )
    return [*header, "confidence", *(f"probability {name}" for name in names)], (
        [*row, _short(one), *map(_short, each)]
        for row, one, each in zip(classes, confidence.tolist(), probabilities.tolist(), strict=True)
    )


def _of_values(answers: ValueAnswers) -> tuple[list[str], Iterator[list[object]]]:
    kinds = ("true", "predicted", "residual")
    several = len(answers.names) > 1
    header = [f"{kind} {name}" if several else kind for name in answers.names for kind in kinds]
    return header, (
        [_short(cell) for t, p in zip(true, predicted, strict=True) for cell in (t, p, t - p)]
        for true, predicted in zip(answers.truth.tolist(), answers.predicted.tolist(), strict=True)
    )


def _short(value: float) -> float:
    """Returns a number with the nine digits that tell any two 32-bit floats apart."""
    return float(f"{value:.9g}") if math.isfinite(value) else value
