"""A training without a network: every writer of a run directory, called in the order in which a training calls them.

It is deterministic, so that one that was interrupted anywhere and continued can be compared with one that was not, and
needs no TensorFlow, so that hundreds of interruptions take seconds.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nnrun.config.load import load_experiment
from nnrun.config.resolved import to_yaml
from nnrun.errors import NnrunError
from nnrun.events import (
    EpochEnded,
    EpochStarted,
    Event,
    PhaseStarted,
    RunEnded,
    RunStarted,
    Saved,
    Status,
    TrainingStarted,
)
from nnrun.rundir.atomic import make_folder, replacing, write_json, write_text
from nnrun.rundir.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from nnrun.rundir.lock import locked
from nnrun.rundir.reading import Run
from nnrun.rundir.recorder import Recorder
from nnrun.rundir.writing import RunDirectory

CONFIG = b"""name: scripted
seed: 1
dataset: {source: synthetic, generator: moons}
model: {layers: [{Dense: {units: 1, activation: sigmoid}}]}
compile: {optimizer: adam, loss: binary_crossentropy}
fit: {epochs: 6}
"""

LOSSES = (0.9, 0.5, 0.7, math.nan, 0.4, 0.6, 0.4, math.inf, 0.3, 0.8)
"""The loss of each epoch, again from the beginning after the last."""

PREPROCESSING = {
    "kind": "table",
    "scaling": {"method": "none", "shift": [0.0], "divisor": [1.0], "factor": 1.0, "offset": 0.0},
    "columns": None,
    "categories": {},
    "fillers": {},
    "class_names": ["0", "1"],
    "target_names": None,
}


def loss(epoch: int) -> float:
    """Returns the loss of an epoch."""
    return LOSSES[(epoch - 1) % len(LOSSES)]


def weights(epoch: int) -> np.ndarray:
    """Returns the weights at the end of an epoch: enough for several writes to the disk."""
    return np.full((40, 50), epoch, np.float64)


def model_file(epoch: int) -> bytes:
    """Returns an archive with the members of a `.keras` file; the same bytes every time."""
    members = {
        "metadata.json": json.dumps({"keras_version": "3.15.1"}).encode(),
        "config.json": json.dumps({"class_name": "Sequential"}).encode(),
        "model.weights.h5": b"\x89HDF\r\n\x1a\n" + weights(epoch).tobytes(),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


def config_file(folder: Path) -> Path:
    """Returns the config of all scripted runs, as a file in a folder."""
    path = folder / "scripted.yaml"
    path.write_bytes(CONFIG)
    return path


Pause = Callable[[str], None]


class Script:
    """Trains in one run directory, until its last epoch or an exception.

    Args:
        save_every: Save after every so many epochs, and at the end.
        pause: Called with a name between steps; may end the training by an exception.

    Attributes:
        saved: The epoch of the last checkpoint of which the writer said that it is saved.
    """

    def __init__(self, save_every: int = 1, pause: Pause = lambda where: None) -> None:
        self.save_every = save_every
        self.pause = pause
        self.saved = 0

    def begin(self, runs_dir: Path, config: Path, epochs: int) -> Path:
        """Makes a run directory and trains in it; returns the directory."""
        experiment = load_experiment(config, [f"fit.epochs={epochs}"]).experiment
        directory = RunDirectory.create(
            runs_dir,
            experiment.name,
            config=config.read_bytes(),
            resolved=to_yaml(experiment),
            command=["nnrun", "train"],
            seed=1,
        )
        with locked(directory.path), Recorder(directory.path) as recorder:
            training = _Training(self, directory, recorder, epochs)
            training.run(lambda: training.prepare())
        return directory.path

    def resume(self, path: Path, epochs: int) -> None:
        """Continues a run in its directory from its newest checkpoint."""
        with locked(path):
            run = Run.read(path)
            experiment = load_experiment(run.resolved_path, [f"fit.epochs={epochs}"]).experiment
            checkpoint, _ = read_checkpoint(path)
            with Recorder(path, epochs=checkpoint.epoch) as recorder:
                directory = RunDirectory.reopen(
                    run, resolved=to_yaml(experiment), command=["nnrun", "resume"], epoch=checkpoint.epoch
                )
                training = _Training(self, directory, recorder, epochs)
                training.restore(checkpoint)
                training.run(lambda: None)


class _Training:
    """What is going on in an open run directory."""

    def __init__(self, script: Script, directory: RunDirectory, recorder: Recorder, epochs: int) -> None:
        self.script = script
        self.directory = directory
        self.path = directory.path
        self.recorder = recorder
        self.epochs = epochs
        self.epoch = 0
        self.best: int | None = None
        self.best_saved: int | None = None

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes on from a checkpoint."""
        self.epoch, self.best = checkpoint.epoch, checkpoint.state["best_epoch"]
        np.testing.assert_array_equal(checkpoint.arrays["weights"], weights(self.epoch))
        if self.best is not None:
            np.testing.assert_array_equal(checkpoint.arrays["best"], weights(self.best))

    def run(self, prepare: Callable[[], None]) -> None:
        """Trains, and records the end as `nnrun.training.job` does."""
        self.emit(RunStarted(self.directory.id, "scripted", str(self.path), self.epochs))
        try:
            prepare()
            self.train()
        except NnrunError as error:
            self.end("failed", error.exit_code, error.message)
            raise
        self.end("completed", 0, f"all {self.epochs} epochs trained")

    def emit(self, event: Event) -> None:
        self.script.pause(event.kind)
        self.recorder(event)

    def prepare(self) -> None:
        """Writes what there is before the first epoch."""
        self.emit(PhaseStarted("data"))
        make_folder(self.path / "model")
        write_json(self.path / "model" / "preprocessing.json", PREPROCESSING)
        self.emit(PhaseStarted("import"))
        self.directory.update(device="CPU", data={"fingerprint": "0"}, class_names=["0", "1"])
        self.emit(PhaseStarted("build"))
        write_text(self.path / "model.txt", "the layers\n")

    def train(self) -> None:
        """Trains all epochs that are left."""
        first = self.epoch + 1
        self.emit(TrainingStarted(self.epochs, first, 1, {"train": 1}, 1, "CPU", 1, "loss"))
        for epoch in range(first, self.epochs + 1):
            self.emit(EpochStarted(epoch, self.epochs, 1))
            value = loss(epoch)
            is_best = math.isfinite(value) and (self.best is None or value < loss(self.best))
            self.epoch = epoch
            if is_best:
                self.best = epoch
            metrics = self.metrics(epoch)
            self.emit(EpochEnded(epoch, self.epochs, 1, epoch / 8, 0.1, 0.001, metrics, is_best))
            if epoch % self.script.save_every == 0 or epoch == self.epochs:
                self.save_checkpoint()
                if epoch != self.epochs:
                    self.save_models()
        self.save_models()

    def metrics(self, epoch: int) -> dict[str, float]:
        """Returns the figures of an epoch; only every second one validates."""
        return {"loss": loss(epoch), **({"val_accuracy": 1 / (epoch + 1)} if epoch % 2 == 0 else {})}

    def save_checkpoint(self) -> None:
        """Writes a checkpoint."""
        self.emit(PhaseStarted("save"))
        arrays = {"weights": weights(self.epoch)}
        if self.best is not None:
            arrays["best"] = weights(self.best)
        checkpoint = Checkpoint(self.epoch, arrays, {"best_epoch": self.best})
        folder = write_checkpoint(self.path, checkpoint)
        self.script.saved = self.epoch
        self.emit(Saved(self.epoch, str(folder.relative_to(self.path))))

    def save_models(self) -> None:
        """Writes the model of the last epoch, and that of the best one where it is another than before."""
        self.write_model("last", self.epoch)
        if self.best is not None and self.best != self.best_saved:
            self.write_model("best", self.best)
            self.best_saved = self.best

    def write_model(self, name: str, epoch: int) -> None:
        """Writes a model, as Keras does, to the name that it is given."""
        with (
            replacing(self.path / "model" / f"{name}.keras") as temporary,
            temporary.open("wb", buffering=4096) as file,
        ):
            file.write(model_file(epoch))
        self.emit(Saved(epoch, f"model/{name}.keras"))

    def end(self, status: Status, exit_code: int, reason: str) -> None:
        """Records the end."""
        best = {} if self.best is None else self.metrics(self.best)
        final = self.metrics(self.epoch) if self.epoch else {}
        self.emit(RunEnded(status, reason, self.epoch, 1.5, self.best, best, final, {}))
        self.directory.finish(status, exit_code, reason)
