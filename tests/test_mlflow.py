"""Runs are logged to MLflow by the real library, and a tracker that fails takes nothing from a training."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from nnrun.check import check_config
from nnrun.config.problems import ConfigError
from nnrun.errors import Interrupted, TrainingError
from nnrun.events import EpochEnded, Event, Message
from nnrun.interrupts import Interrupts
from nnrun.rundir.lock import locked
from nnrun.rundir.reading import Run
from nnrun.tracking.mlflow_run import MlflowRun
from nnrun.tracking.trackers import add_plots
from tests.configs import nnrun, write_iris
from tests.conftest import ROOT

CONFIG = """
name: blobs
seed: 3
dataset: {source: synthetic, generator: blobs, samples: 60, split: {validation: 20, stratify: true}}
model:
  layers:
    - Dense: {units: 8, activation: relu}
    - Dense: {units: 3, activation: softmax}
compile:
  optimizer: {SGD: {learning_rate: 0.05}}
  loss: categorical_crossentropy
  metrics: [accuracy]
fit: {epochs: 3, batch_size: 16}
track: {mlflow: {}}
"""

tensorflow = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
"""What MLflow and its dependencies warn of concerns their makers."""


class Lab:
    """Trains and continues runs in a folder, and asks MLflow for what it knows of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []

    def train(self, *overrides: str, stop: int | None = None) -> Run:
        """Trains the config; it is interrupted at the end of the epoch `stop`."""
        from nnrun.training.job import Request, train

        file = self.folder / "blobs.yaml"
        file.write_text(CONFIG)
        loaded = check_config(file, overrides)
        request = Request(self.folder / "runs", ["nnrun"], "cpu")
        interrupts, emit = self._watch(stop)
        try:
            train(loaded, request, emit, interrupts)
        except Interrupted:
            assert stop is not None
        return Run.read(max((self.folder / "runs").glob("*/*")))

    def resume(self, run: Run, *overrides: str) -> Run:
        """Continues a run."""
        from nnrun.training.job import Request, resume
        from nnrun.training.resuming import prepare_resume

        interrupts, emit = self._watch(None)
        with locked(run.path):
            request = Request(self.folder / "runs", ["nnrun"], "cpu")
            resume(prepare_resume(Run.read(run.path), overrides), request, emit, interrupts)
        return Run.read(run.path)

    def _watch(self, stop: int | None) -> tuple[Interrupts, Callable[[Event], None]]:
        interrupts = Interrupts()

        def emit(event: Event) -> None:
            self.events.append(event)
            if isinstance(event, EpochEnded) and event.epoch == stop:
                interrupts.requested = signal.SIGINT

        return interrupts, emit

    @property
    def messages(self) -> list[str]:
        """The warnings so far."""
        found = [event for event in self.events if isinstance(event, Message)]
        return [message.text for message in found if message.level == "warning"]

    @property
    def client(self) -> Any:
        """MLflow's own client of the local database."""
        return client(self.folder / "mlflow.db")

    def logged(self) -> list[Any]:
        """The runs that MLflow has there."""
        found = self.client.get_experiment_by_name("blobs")
        return [] if found is None else list(self.client.search_runs([found.experiment_id]))


def client(database: Path) -> Any:
    """MLflow's own client of a database."""
    from mlflow.tracking import MlflowClient

    return MlflowClient(f"sqlite:///{database}")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of MLflow without runs, which takes it seconds to make."""
    tracking = pytest.importorskip("mlflow.tracking", reason="the extra mlflow is not installed")
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    tracking.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def lab(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A folder for runs, from which nothing reaches a network."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] == "127.0.0.1", f"a connection to {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Lab(tmp_path)


def artefacts(client: Any, run_id: str, folder: str | None = None) -> Iterator[str]:
    """Yields the paths of all files of a run in MLflow."""
    for item in client.list_artifacts(run_id, folder):
        if item.is_dir:
            yield from artefacts(client, run_id, item.path)
        else:
            yield item.path


@pytest.mark.tensorflow
class TestWithTensorFlow:
    """Trainings that are logged."""

    pytestmark = tensorflow

    def test_a_run_is_in_mlflow_as_it_is_in_its_directory(self, lab: Lab) -> None:
        """Parameters, metrics of every epoch, tags, files and status, in a database beside the runs."""
        run = lab.train("track.mlflow.model=true")
        (run.path / "plots").mkdir()
        (run.path / "plots" / "curves.png").write_bytes(b"picture")
        assert add_plots(run) == ""
        [logged] = lab.logged()
        assert logged.info.status == "FINISHED"
        assert logged.info.run_name == f"blobs/{run.id}"
        assert logged.data.params["model.layers.0.Dense.units"] == "8"
        assert logged.data.params["compile.metrics.0"] == "accuracy"
        assert logged.data.params["fit.batch_size"] == "16"
        assert logged.data.params["fit.class_weight"] == "null"
        assert logged.data.tags["nnrun.run_id"] == run.id
        assert logged.data.tags["nnrun.data.fingerprint"] == run.record["data"]["fingerprint"]
        for name in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"):
            history = lab.client.get_metric_history(logged.info.run_id, name)
            assert [(metric.step, metric.value) for metric in history] == [
                (row["epoch"], row[name]) for row in run.metrics
            ]
        assert logged.data.metrics["best_val_loss"] == run.metric("val_loss")
        assert sorted(artefacts(lab.client, logged.info.run_id)) == [
            "config.yaml",
            "metrics.csv",
            "model.txt",
            "model/best.keras",
            "plots/curves.png",
            "resolved.yaml",
            "run.json",
            "summary.json",
        ]
        copy = lab.client.download_artifacts(logged.info.run_id, "run.json")
        assert json.loads(Path(copy).read_text())["status"] == "completed"
        assert logged.info.artifact_uri.startswith((lab.folder / "mlartifacts").as_uri())
        assert lab.messages == []

    def test_an_interrupted_training_goes_on_in_the_same_run(self, lab: Lab) -> None:
        """The run in MLflow is found again; each epoch is there once; what was changed is a tag."""
        run = lab.train(stop=2)
        [logged] = lab.logged()
        assert logged.info.status == "KILLED"
        lab.resume(run, "fit.epochs=5")
        [logged] = lab.logged()
        assert logged.info.status == "FINISHED"
        history = lab.client.get_metric_history(logged.info.run_id, "val_loss")
        assert [metric.step for metric in history] == [1, 2, 3, 4, 5]
        assert logged.data.params["fit.epochs"] == "3"
        assert logged.data.tags["nnrun.changed.fit.epochs"] == "5"
        assert lab.messages == []

    def test_epochs_that_are_trained_again_are_not_doubled(self, lab: Lab) -> None:
        """After a kill MLflow is ahead of the checkpoint."""
        run = lab.train()
        before = lab.folder / "before"
        shutil.copytree(run.path, before)
        lab.resume(run, "fit.epochs=5")
        shutil.rmtree(run.path)
        shutil.copytree(before, run.path)
        lab.resume(Run.read(run.path), "fit.epochs=6")
        [logged] = lab.logged()
        history = lab.client.get_metric_history(logged.info.run_id, "loss")
        assert [metric.step for metric in history] == [1, 2, 3, 4, 5, 6]

    def test_a_failed_training_is_a_failed_run(self, lab: Lab) -> None:
        """One that diverged has its reason there, too."""
        with pytest.raises(TrainingError):
            lab.train(
                "compile.loss=mse",
                "compile.metrics=[]",
                "compile.optimizer.learning_rate=1e12",
                "fit.epochs=20",
                "dataset={source: synthetic, generator: regression, samples: 60, n_features: 3, n_informative: 2}",
                "model.layers=[{Dense: {units: 8, activation: relu}}, {Dense: {units: 1}}]",
            )
        [logged] = lab.logged()
        assert logged.info.status == "FAILED"
        assert "The loss is" in logged.data.tags["nnrun.reason"]

    def test_a_config_that_keras_refuses_leaves_nothing(self, lab: Lab) -> None:
        """As in the folder of runs, there is no run of it in MLflow."""
        with pytest.raises(ConfigError):
            lab.train("compile.optimizer={Adam: {clipnorm: 1, clipvalue: 1}}")
        assert not list((lab.folder / "runs").glob("*/*"))
        assert lab.logged() == []

    def test_experiment_and_address_are_those_of_the_config(self, lab: Lab) -> None:
        """Another database, and a name that is no name of a folder."""
        shutil.copy(lab.folder / "mlflow.db", lab.folder / "other.db")
        lab.train(f"track.mlflow.uri=sqlite:///{lab.folder / 'other.db'}", "track.mlflow.experiment=../a b")
        assert lab.logged() == []
        other = client(lab.folder / "other.db")
        [logged] = other.search_runs([other.get_experiment_by_name("../a b").experiment_id])
        assert logged.info.artifact_uri.startswith((lab.folder / "mlartifacts").as_uri() + "/_a_b/")

    @pytest.mark.parametrize("address", ["sqlite:////nowhere/mlflow.db", "http://127.0.0.1:9", "foo://x"])
    def test_a_tracker_that_fails_is_told_and_nothing_else(self, lab: Lab, address: str) -> None:
        """The training is complete, and says so; the warning names the directory that has everything."""
        run = lab.train(f"track.mlflow.uri={address}")
        assert run.status == "completed"
        assert run.epochs == 3
        assert any("MLflow" in text and str(run.path) in text for text in lab.messages)
        assert add_plots(run) == ""  # it was told already

    def test_a_tracker_that_hangs_does_not_hold_up_the_training(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server that never answers costs a bounded wait at the end."""
        monkeypatch.setattr("nnrun.tracking.mlflow_tracker.PATIENCE_SECONDS", 1.0)
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"http://127.0.0.1:{server.getsockname()[1]}"
            run = lab.train(f"track.mlflow.uri={address}")
        assert run.status == "completed"
        assert "no answer in 1 seconds" in lab.messages[-1]

    def test_a_tracker_that_recovers_has_everything(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        """What could not be logged is kept and logged later, at the latest in one of the attempts at the end."""
        monkeypatch.setattr("nnrun.tracking.mlflow_tracker.PAUSE_SECONDS", 0.0)
        monkeypatch.setattr("nnrun.tracking.mlflow_tracker.RETRY_SECONDS", 0.0)
        log, failures = MlflowRun.log_epochs, [OSError("the disk is full"), OSError("the disk is full")]

        def fail_at_first(self: MlflowRun, epochs: Sequence[Any]) -> None:
            if failures and epochs:
                raise failures.pop()
            log(self, epochs)

        describe, refusals = MlflowRun._describe, [OSError("no answer")]

        def refuse_once(self: MlflowRun, known: Any) -> None:
            if refusals:
                raise refusals.pop()
            describe(self, known)

        monkeypatch.setattr(MlflowRun, "log_epochs", fail_at_first)
        monkeypatch.setattr(MlflowRun, "_describe", refuse_once)
        monkeypatch.setattr("nnrun.tracking.mlflow_tracker.LAST_ATTEMPTS", 4)
        run = lab.train("fit.epochs=30")
        [logged] = lab.logged()
        assert len(lab.client.get_metric_history(logged.info.run_id, "loss")) == run.epochs == 30
        assert logged.data.params["fit.epochs"] == "30"
        assert [text for text in lab.messages if "it lacks" in text] == []

    def test_values_that_are_not_finite_are_logged(self, lab: Lab) -> None:
        """MLflow has a place for them."""
        from nnrun.tracking.mlflow_tracker import MlflowTracker

        run = lab.train()
        [before] = lab.logged()
        experiment = check_config(lab.folder / "blobs.yaml").experiment
        assert experiment.track.mlflow is not None
        log = MlflowRun(experiment, experiment.track.mlflow, run.path)
        log.open()
        log.log_epochs(
            [(EpochEnded(9, 9, 1, 1.0, 1.0, None, {"loss": math.nan}, best=False), time.time_ns() // 10**6)]
        )
        history = lab.client.get_metric_history(before.info.run_id, "loss")
        assert math.isnan(history[-1].value)
        assert MlflowTracker(log, lab.events.append).complete


def test_the_address_comes_from_the_config_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow's own variable is obeyed; without it, nothing but a file beside the runs is used."""
    path = tmp_path / "blobs.yaml"
    path.write_text(CONFIG)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def address(*overrides: str) -> str:
        experiment = check_config(path, overrides).experiment
        assert experiment.track.mlflow is not None
        return MlflowRun(experiment, experiment.track.mlflow, tmp_path / "runs" / "blobs" / "id")._uri

    assert address() == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@host")
    assert address() == "https://me:secret@host"
    assert address("track.mlflow.uri=http://localhost:5000") == "http://localhost:5000"


def test_secrets_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A login in the address appears in no message."""
    from nnrun.tracking.mlflow_tracker import sentence

    error = RuntimeError("no route to postgresql://me:secret@host/db\n  at all")
    assert sentence(error) == "no route to postgresql://***@host/db at all"
    assert sentence(RuntimeError()) == "RuntimeError"
    assert len(sentence(RuntimeError("x" * 5000))) == 200


@pytest.mark.parametrize("command", ["train", "train --dry-run"])
def test_a_missing_package_is_found_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """One line names the command that installs it; no run directory appears."""
    monkeypatch.setattr("nnrun.config.extras.find_spec", lambda name: None)
    path = write_iris(tmp_path)
    path.write_text(path.read_text() + "track: {mlflow: {}}\n")
    assert nnrun(*command.split(), str(path), "--runs-dir", str(tmp_path / "runs")) == 4
    message = capsys.readouterr().err
    assert "error: the config logs to MLflow, for which is missing: mlflow, sqlalchemy, alembic" in message
    assert "pip install 'nnrun[mlflow]'" in message
    assert not (tmp_path / "runs").exists()


def test_a_check_does_not_import_mlflow(tmp_path: Path) -> None:
    """Whether it is installed is found out without loading it."""
    path = write_iris(tmp_path)
    path.write_text(path.read_text() + "track: {mlflow: {}}\n")
    code = (
        "import sys\n"
        "from nnrun.cli.main import run\n"
        f"run(['check', {str(path)!r}])\n"
        "assert not {'mlflow', 'sqlalchemy', 'alembic'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


def test_a_run_that_is_not_tracked_needs_no_mlflow(tmp_path: Path) -> None:
    """Without a tracker nothing is looked for."""
    (tmp_path / "resolved.yaml").write_text("track:\n  mlflow: null\n")
    record = {"id": "x", "name": "x", "status": "completed", "started": "2026-01-01T00:00:00Z"}
    assert add_plots(Run(tmp_path, record)) == ""
