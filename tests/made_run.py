"""Run directories as a training and an evaluation leave them, made without TensorFlow."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nnrun.config.load import load_experiment
from nnrun.config.resolved import to_yaml
from nnrun.data.labelled import Labelled, load_labelled
from nnrun.evaluation.answers import Answers, ClassAnswers, ValueAnswers
from nnrun.evaluation.evaluate import Evaluation, calibration_of, probabilistic, ranking_of
from nnrun.evaluation.files import file_stem
from nnrun.evaluation.model_file import model_sha256
from nnrun.evaluation.predictions_file import predictions_csv
from nnrun.evaluation.record import to_record
from nnrun.evaluation.scores import classification, confusion_matrix, regression
from nnrun.events import EpochEnded, Message, RunEnded, Status, TrainingStarted
from nnrun.rundir.reading import Run
from nnrun.rundir.recorder import Recorder
from nnrun.rundir.writing import RunDirectory
from tests.test_new_data import write_idx

MODEL = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                     ┃ Output Shape            ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ flatten (Flatten)                │ (None, 2)               │             0 │
├──────────────────────────────────┼─────────────────────────┼───────────────┤
│ a_name_that_takes                │ (None, 4)               │        12,345 │
│ (Dense)                          │                         │               │
└──────────────────────────────────┴─────────────────────────┴───────────────┘
 Total params: 12,345 (48.22 KB)
 Trainable params: 12,345 (48.22 KB)
 Non-trainable params: 0 (0.00 B)
"""


@dataclass(frozen=True)
class Made:
    """How a run should be.

    Args:
        kind: `classes`, `values` or `images`.
        name: Name of the experiment.
        names: Names of the classes.
        each: Samples of each class.
        epochs: Complete epochs.
        status: How it ended; `running` leaves it as one whose process has gone.
        evaluated: Whether it was evaluated.
        messages: Warnings that it gave.
        lost: Epochs whose loss was no number.
    """

    kind: str = "classes"
    name: str = "made"
    names: Sequence[str] = ("setosa", "versicolor", "virginica")
    each: int = 12
    epochs: int = 5
    status: Status = "completed"
    evaluated: bool = True
    messages: Sequence[str] = ()
    lost: Sequence[int] = ()


def make(folder: Path, made: Made = Made()) -> Run:
    """Makes a run in `folder/runs`, and its data in `folder`."""
    loss = {"values": "mse"}.get(made.kind, "sparse_categorical_crossentropy")
    file = folder / f"{made.name}.yaml"
    file.write_text(
        f"name: {made.name}\nseed: 0\ndataset: {_data(folder, made)}\n"
        "model: {layers: [Flatten, {Dense: {units: 4}}]}\n"
        f"compile: {{optimizer: adam, loss: {loss}, metrics: [mae]}}\nfit: {{epochs: {max(made.epochs, 1)}}}\n",
        encoding="utf-8",
    )
    loaded = load_experiment(file)
    data = load_labelled(loaded.experiment.dataset, loaded.experiment.compile.loss, 0)
    splits = data.splits
    directory = RunDirectory.create(
        folder / "runs", made.name, config=file.read_bytes(), resolved=to_yaml(loaded.experiment),
        command=["nnrun", "train", file.name], seed=0, config_path=file,
    )  # fmt: skip
    for name in ("model", "checkpoints"):
        (directory.path / name).mkdir()
    (directory.path / "model" / "preprocessing.json").write_text(json.dumps(splits.preprocessing.to_json()))
    (directory.path / "model.txt").write_text(MODEL, encoding="utf-8")
    directory.update(
        device="CPU", xla={"used": False, "reason": "few batches"}, class_names=splits.class_names,
        data={"fingerprint": splits.fingerprint},
    )  # fmt: skip
    _train(directory.path, made, data)
    if made.epochs:
        (directory.path / "model" / "best.keras").write_bytes(b"a network")
        (directory.path / "checkpoints" / f"epoch-{made.epochs:06d}").mkdir()
    if made.status == "running":
        directory.update(process={**directory.record["process"], "boot": "another one"})
    else:
        directory.finish(
            made.status, 0, "all epochs trained", timing={"import": 2.5, "train": 1.25, "save": 0}
        )
    run = Run.read(directory.path)
    if made.evaluated and made.epochs:
        _evaluate(run, data)
    return Run.read(run.path)


def metrics_of(epoch: int, made: Made) -> dict[str, float]:
    """Returns the metrics of an epoch: the best one is the last but one."""
    loss = math.nan if epoch in made.lost else 1 / (epoch + 1)
    last = epoch == made.epochs and made.epochs > 1
    return {
        "loss": loss,
        "mae": 0.5 + 0.01 * epoch,
        "val_loss": 1.2 / epoch + last,
        "val_mae": 0.4 + 0.02 * epoch,
    }


def _train(path: Path, made: Made, data: Labelled) -> None:
    splits = data.splits
    samples = {"train": len(splits.train), "test": len(splits.test or ())}
    best = max(1, made.epochs - 1)
    with Recorder(path) as record:
        record(TrainingStarted(made.epochs, 1, 7, samples, 12_345, "CPU", 0, "val_loss"))
        for text in made.messages:
            record(Message("warning", text))
        for epoch in range(1, made.epochs + 1):
            metrics = metrics_of(epoch, made)
            rate = 0.01 if epoch < 4 else 0.001
            record(EpochEnded(epoch, made.epochs, 7, 0.25, 0.2, rate, metrics, best=epoch <= best))
        if made.status != "running":
            final = metrics_of(made.epochs, made) if made.epochs else {}
            found = metrics_of(best, made) if made.epochs else {}
            ended = best if made.epochs else None
            record(RunEnded(made.status, "all epochs trained", made.epochs, 4.5, ended, found, final, {}))


def _evaluate(run: Run, data: Labelled) -> None:
    split = data.splits.test
    assert split is not None
    random = np.random.default_rng(0)
    answers: Answers
    if split.class_index is None:
        truth = np.asarray(split.y, np.float64)
        answers = ValueAnswers(("y",), truth, truth + random.normal(0, 0.3, truth.shape))
    else:
        names = data.splits.class_names or ()
        truth = split.class_index.astype(np.int64)
        probabilities = random.dirichlet(np.full(len(names), 0.2), len(truth))
        probabilities[np.arange(len(truth)), truth] += 0.3
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        scores = probabilities[:, 1:] if len(names) == 2 else probabilities
        answers = ClassAnswers(names, truth, probabilities.argmax(axis=1), scores, probabilities)
    evaluation = evaluation_of_answers(run, data, answers)
    folder = run.path / "evaluation"
    folder.mkdir()
    stem = file_stem(evaluation)
    (folder / f"{stem}.json").write_text(json.dumps(to_record(evaluation)), encoding="utf-8")
    (folder / f"{stem}-predictions.csv").write_text(
        predictions_csv(answers, evaluation.origins) or "", encoding="utf-8"
    )


def evaluation_of_answers(run: Run, data: Labelled, answers: Answers) -> Evaluation:
    """Returns the evaluation of a run on its test split, as if its network had given these answers."""
    classes = answers if isinstance(answers, ClassAnswers) else None
    evaluation = Evaluation(
        run.id, run.name, "test", "best", len(answers.truth), {"loss": 0.5, "mae": 0.25}, None, None, None, {}, None,
        False, None, data.splits.fingerprint, model_sha256(run, "best"), answers, data.origins("test"),
    )  # fmt: skip
    if classes is None:
        assert isinstance(answers, ValueAnswers)
        return replace(evaluation, regression=regression(answers.truth, answers.predicted, answers.names))
    matrix = confusion_matrix(classes.truth, classes.predicted, len(classes.names))
    return replace(
        evaluation,
        classification=classification(matrix, classes.names),
        ranking=ranking_of(classes),
        calibration=calibration_of(classes),
        probabilistic=probabilistic(classes),
    )


def _data(folder: Path, made: Made) -> str:
    if made.kind == "images":
        labels = [*range(10)] * 3
        write_idx(folder / "idx", "train", labels)
        write_idx(folder / "idx", "t10k", labels)
        return f"{{source: keras, name: mnist, path: {folder / 'idx'}, scale: unit}}"
    lines: list[Any] = [["a", "b <2>", "y"]]
    random = np.random.default_rng(1)
    for number, name in enumerate(made.names):
        for _ in range(made.each):
            a, b = random.normal(number, 0.5, 2).round(3)
            quoted = name.replace('"', '""')
            lines.append([a, b, round(a + b, 3) if made.kind == "values" else f'"{quoted}"'])
    file = folder / f"{made.name}.csv"
    file.write_text("".join(",".join(map(str, line)) + "\n" for line in lines), encoding="utf-8")
    stratify = "false" if made.kind == "values" else "true"
    return f"{{source: csv, path: {file}, target: y, split: {{test: 0.5, stratify: {stratify}}}}}"
