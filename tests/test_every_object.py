"""Every optimizer, loss, metric and callback of the catalogue trains, or the check refuses it with a reason.

One process for all, and many metrics in one network, as building a network costs most of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from nnrun.catalog.reading import ClassInfo, catalog
from nnrun.check import check_config
from nnrun.config.labels import LABEL_FORMS, LabelForm
from nnrun.config.problems import ConfigError
from nnrun.interrupts import Interrupts
from nnrun.training.job import Request, train

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

CONFIG = """\
name: one
seed: 3
dataset: {{source: synthetic, generator: {generator}, samples: 30, split: {{validation: 10}}}}
model: {{layers: [{{Dense: {{units: {units}, activation: {activation}}}}}]}}
compile: {{optimizer: {optimizer}, loss: {loss}, metrics: [{metrics}]}}
fit: {{epochs: 1, batch_size: 10, callbacks: [{callbacks}]}}
"""
DATA: dict[LabelForm, tuple[str, int, str, str]] = {
    "one_hot": ("blobs", 3, "softmax", "categorical_crossentropy"),
    "index": ("blobs", 3, "softmax", "sparse_categorical_crossentropy"),
    "binary": ("moons", 1, "sigmoid", "binary_crossentropy"),
    "values": ("regression", 1, "softplus", "mse"),
}
ARGUMENTS = {
    "FBetaScore": "{beta: 0.5}",
    "IoU": "{num_classes: 3, target_class_ids: [0], sparse_y_true: false, sparse_y_pred: false}",
    "MeanIoU": "{num_classes: 3, sparse_y_true: false, sparse_y_pred: false}",
    "OneHotIoU": "{num_classes: 3, target_class_ids: [0]}",
    "OneHotMeanIoU": "{num_classes: 3}",
    "PrecisionAtRecall": "{recall: 0.5}",
    "RecallAtPrecision": "{precision: 0.5}",
    "SensitivityAtSpecificity": "{specificity: 0.5}",
    "SpecificityAtSensitivity": "{sensitivity: 0.5}",
    "LossScaleOptimizer": "{inner_optimizer: SGD}",
    "BackupAndRestore": "{backup_dir: backup}",
    "CSVLogger": "{filename: logs/log.csv}",
    "EarlyStopping": "{monitor: loss}",
    "ModelCheckpoint": "{filepath: 'epochs/{epoch}-{val_loss:.2f}.keras'}",
    "ReduceLROnPlateau": "{monitor: loss}",
    "TensorBoard": "{histogram_freq: 1, write_images: true, update_freq: batch, write_steps_per_second: true}",
}
TrainOne = Callable[..., dict[str, float]]


@pytest.fixture
def train_one(tmp_path: Path) -> TrainOne:
    """Checks and trains one epoch with some objects; returns the metrics of that epoch."""

    def run(
        form: LabelForm = "one_hot",
        optimizer: str = "SGD",
        loss: str = "",
        metrics: str = "",
        callbacks: str = "",
    ) -> dict[str, float]:
        generator, units, activation, usual_loss = DATA[form]
        file = tmp_path / "one.yaml"
        file.write_text(
            CONFIG.format(
                generator=generator,
                units=units,
                activation=activation,
                optimizer=optimizer,
                loss=loss or usual_loss,
                metrics=metrics,
                callbacks=callbacks,
            )
        )
        loaded = check_config(file)
        request = Request(tmp_path / "runs", ["nnrun", "train", "one.yaml"], "cpu")
        return train(loaded, request, lambda event: None, Interrupts()).ended.final

    return run


def written(info: ClassInfo) -> str:
    """Returns a class as a config writes it."""
    return f"{{{info.name}: {ARGUMENTS[info.name]}}}" if info.name in ARGUMENTS else info.name


def usable(infos: Iterable[ClassInfo]) -> list[ClassInfo]:
    """Leaves out what a config cannot name; that it is refused is tested where configs are read."""
    return [info for info in infos if not info.refused and not info.abstract]


@pytest.mark.parametrize("name", [info.name for info in usable(catalog().classes("optimizer").values())])
def test_optimizer(train_one: TrainOne, name: str) -> None:
    """It takes a step, with whole numbers where Keras wants floats."""
    text = written(catalog().classes("optimizer")[name])
    if text == name:
        text = f"{{{name}: {{learning_rate: 1}}}}"
    assert set(train_one(optimizer=text)) == {"loss", "val_loss"}


@pytest.mark.parametrize("name", LABEL_FORMS)
def test_loss(train_one: TrainOne, name: str) -> None:
    """It gets labels of the form that it wants."""
    assert set(train_one(LABEL_FORMS[name], loss=name)) == {"loss", "val_loss"}


@pytest.mark.parametrize("form", DATA)
def test_metrics(train_one: TrainOne, tmp_path: Path, form: LabelForm) -> None:
    """All metrics that the check lets pass are computed; those that it refuses come with advice."""
    infos = usable(catalog().classes("metric").values())
    try:
        names = [written(info) for info in infos]
        train_one(form, metrics=", ".join(names))
    except ConfigError as error:
        refused = {problem.path: problem for problem in error.problems if problem.severity == "error"}
    else:
        raise AssertionError("no labels fit all metrics")
    assert {problem.code for problem in refused.values()} == {"metric-labels"}
    assert all(problem.hint for problem in refused.values())
    fitting = [name for index, name in enumerate(names) if f"compile.metrics[{index}]" not in refused]
    assert len(fitting) >= 3
    logs = train_one(form, metrics=", ".join(fitting))
    assert len(logs) >= 2 * len(fitting)


@pytest.mark.parametrize("name", [info.name for info in usable(catalog().classes("callback").values())])
def test_callback(train_one: TrainOne, name: str) -> None:
    """All of its hooks are called as it expects."""
    optimizer = "{SGD: {use_ema: true}}" if name == "SwapEMAWeights" else "SGD"
    text = written(catalog().classes("callback")[name])
    assert set(train_one(optimizer=optimizer, callbacks=text)) >= {"loss", "val_loss"}
