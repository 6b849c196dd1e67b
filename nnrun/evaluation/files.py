"""What an evaluation leaves in the run directory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from nnrun.evaluation.evaluate import Evaluation, to_record
from nnrun.evaluation.plots.confusion import confusion
from nnrun.evaluation.scores import Classification
from nnrun.rundir.atomic import make_folder, write_bytes, write_json, write_text
from nnrun.rundir.reading import Run


def write_evaluation(run: Run, evaluation: Evaluation) -> Path:
    """Writes an evaluation into the folders `evaluation` and `plots` of its run.

    Args:
        run: The run.
        evaluation: Its figures.

    Returns:
        The JSON file. For classes there are, beside it, the confusion matrix and the figures by class as CSV,
        and the matrix as a picture.

    Raises:
        StorageError: A file cannot be written.
    """
    folder = run.path / "evaluation"
    make_folder(folder)
    stem = f"{evaluation.split}-{evaluation.weights}"
    path = folder / f"{stem}.json"
    write_json(path, to_record(evaluation))
    scores = evaluation.classification
    if scores is not None:
        write_text(folder / f"{stem}-confusion_matrix.csv", _confusion_csv(scores))
        write_text(folder / f"{stem}-classes.csv", _classes_csv(scores))
        plots = run.path / "plots"
        make_folder(plots)
        names = [one.name for one in scores.classes]
        title = f"{run.name}, {evaluation.split} split"
        subtitle = f"{run.id}, {evaluation.weights} weights, accuracy {scores.accuracy:.4f}"
        picture = confusion(scores.confusion_matrix, names, title, subtitle)
        write_bytes(plots / "confusion_matrix.png", picture)
    return path


def _confusion_csv(scores: Classification) -> str:
    names = [one.name for one in scores.classes]
    rows = ([name, *counts] for name, counts in zip(names, scores.confusion_matrix.tolist(), strict=True))
    return _csv(["true \\ predicted", *names], rows)


def _classes_csv(scores: Classification) -> str:
    rows = (
        [one.name, one.precision, one.recall, one.f1, one.support, one.predicted] for one in scores.classes
    )
    return _csv(["class", "precision", "recall", "f1", "support", "predicted"], rows)


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([_cell(item) for item in header])
    writer.writerows([_cell(item) for item in row] for row in rows)
    return target.getvalue()


def _cell(value: object) -> object:
    """Returns a cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
