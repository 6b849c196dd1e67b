"""What an evaluation leaves in the run directory."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from nnrun.evaluation.evaluate import Evaluation
from nnrun.evaluation.plots.confusion import confusion
from nnrun.evaluation.predictions_file import predictions_csv
from nnrun.evaluation.record import to_record
from nnrun.evaluation.scores import Classification
from nnrun.evaluation.table_file import csv_text
from nnrun.rundir.atomic import make_folder, write_bytes, write_json, write_text
from nnrun.rundir.reading import Run

_LONGEST_NAME = 40


def write_evaluation(run: Run, evaluation: Evaluation) -> Path:
    """Writes an evaluation into the folders `evaluation` and `plots` of its run.

    Args:
        run: The run.
        evaluation: Its figures.

    Returns:
        The JSON file. Beside it there are what was predicted for each sample, unless that is huge, and for
        classes the confusion matrix and the figures by class as CSV, and the matrix of a split as a picture.

    Raises:
        StorageError: A file cannot be written.
    """
    folder = run.path / "evaluation"
    make_folder(folder)
    stem = file_stem(evaluation)
    path = folder / f"{stem}.json"
    write_json(path, to_record(evaluation))
    if evaluation.answers is not None:
        table = predictions_csv(evaluation.answers, evaluation.origins)
        if table is not None:
            write_text(folder / f"{stem}-predictions.csv", table)
    scores = evaluation.classification
    if scores is not None:
        write_text(folder / f"{stem}-confusion_matrix.csv", _confusion_csv(scores))
        write_text(folder / f"{stem}-classes.csv", _classes_csv(scores))
        if evaluation.data is None:
            plots = run.path / "plots"
            make_folder(plots)
            names = [one.name for one in scores.classes]
            where = f"{run.id}, {evaluation.weights} weights, {evaluation.split} split"
            subtitle = f"{where}, accuracy {scores.accuracy:.4f}"
            matrix = confusion(scores.confusion_matrix, names, f"{run.name}: confusion matrix", subtitle)
            write_bytes(plots / "confusion_matrix.png", matrix)
    return path


def file_stem(evaluation: Evaluation) -> str:
    """Returns the beginning of the names of the files, such as `test-best`.

    For new data it is `data-NAME-HASH-best`: two files of one name in different folders are told apart.
    """
    if evaluation.data is None:
        return f"{evaluation.split}-{evaluation.weights}"
    path = evaluation.data.absolute()
    # The name comes from outside: only what is harmless everywhere is kept of it.
    name = re.sub(r"[^A-Za-z0-9_]+", "-", path.stem).strip("-")[:_LONGEST_NAME]
    digest = hashlib.sha256(str(path).encode(errors="surrogateescape")).hexdigest()[:6]
    return "-".join(part for part in ("data", name, digest, evaluation.weights) if part)


def _confusion_csv(scores: Classification) -> str:
    names = [one.name for one in scores.classes]
    rows = ([name, *counts] for name, counts in zip(names, scores.confusion_matrix.tolist(), strict=True))
    return csv_text(["true \\ predicted", *names], rows)


def _classes_csv(scores: Classification) -> str:
    rows = (
        [one.name, one.precision, one.recall, one.f1, one.support, one.predicted] for one in scores.classes
    )
    return csv_text(["class", "precision", "recall", "f1", "support", "predicted"], rows)
