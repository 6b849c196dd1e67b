"""One run in MLflow: made or found again, filled, and closed."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nnrun
from nnrun.config.experiment import Experiment, MlflowSection
from nnrun.config.resolved import flow, plain
from nnrun.config.urls import redact
from nnrun.events import EpochEnded, RunEnded

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

ID_TAG = "nnrun.run_id"
"""The tag by which the run in MLflow is found again, when the training is continued."""

_STATUSES = {"completed": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}

_FILES = ("config.yaml", "resolved.yaml", "run.json", "summary.json", "metrics.csv", "model.txt")
"""What of a run directory is logged as artefacts, beside the plots."""

_SQLITE = "sqlite:///"
_FORBIDDEN = re.compile(r"[^\w.\- :/]")
_MOST_AT_ONCE = 100
_MOST_METRICS = 1000
_LONGEST_NAME = 250
_LONGEST_VALUE = 6000


class MlflowRun:
    """A run in MLflow; MLflow is imported when it is opened.

    Args:
        experiment: The config.
        section: Where and how to log it.
        path: The run directory.

    Raises:
        Exception: From any method: whatever MLflow and the libraries below it raise.
    """

    def __init__(self, experiment: Experiment, section: MlflowSection, path: Path) -> None:
        self.path = path
        self._experiment = experiment
        self._section = section
        self._client: MlflowClient | None = None
        self._id = ""
        self._opened = False
        self._made = False
        self._status_before: str | None = None
        self._epochs = 0  # the last one that MLflow has

    def open(self) -> str:
        """Makes the run in MLflow, or takes up the one that a training which is continued had before.

        Returns:
            What to tell the user; empty where it is open already.
        """
        if self._opened:
            return ""
        client = self._connect()
        experiment_id = self._experiment_id()
        found = self._search(experiment_id)
        if found:
            self._continue(found[0])
        else:
            name, tags = f"{self._experiment.name}/{self.path.name}", {ID_TAG: self.path.name}
            self._id = client.create_run(experiment_id, run_name=name, tags=tags).info.run_id
            self._made = True
        self._describe(found[0].data.params if found else {})
        self._opened = True
        return f"logging to MLflow: experiment {self._experiment_name} in {redact(self._uri)}"

    def log_epochs(self, epochs: Sequence[tuple[EpochEnded, int]]) -> None:
        """Logs the metrics of epochs.

        Args:
            epochs: The epochs, each with the time of its end in milliseconds since 1970. Those that MLflow has already,
                of a training that was continued, had the same metrics.
        """
        from mlflow.entities import Metric

        metrics = [
            Metric(_name(key), value, milliseconds, event.epoch)
            for event, milliseconds in epochs
            if event.epoch > self._epochs
            for key, value in _values(event).items()
        ]
        for start in range(0, len(metrics), _MOST_METRICS):
            self._connect().log_batch(self._id, metrics=metrics[start : start + _MOST_METRICS])
        self._epochs = max([self._epochs, *(event.epoch for event, _ in epochs)])

    def finish(self, ended: RunEnded) -> None:
        """Logs the best metrics and the files of the run, and closes it."""
        client = self._connect()
        for key, value in ended.best.items():
            client.log_metric(self._id, f"best_{_name(key)}", value, step=ended.best_epoch or 0)
        if ended.best_epoch is not None:
            client.log_metric(self._id, "best_epoch", ended.best_epoch)
        client.set_tag(self._id, "nnrun.reason", ended.reason)
        for name in _FILES:
            if (self.path / name).is_file():
                client.log_artifact(self._id, str(self.path / name))
        model = self.path / "model" / "best.keras"
        if self._section.model and model.is_file():
            client.log_artifact(self._id, str(model), "model")
        client.set_terminated(self._id, _STATUSES.get(ended.status, "FAILED"))

    def withdraw(self) -> None:
        """Undoes the opening: removes a new run, and leaves one that was there as it was."""
        if not self._id:
            return
        if self._made:
            self._connect().delete_run(self._id)
        else:
            self._connect().update_run(self._id, status=self._status_before)

    def log_plots(self) -> None:
        """Logs the pictures in the run directory, to the run in MLflow that is there."""
        client = self._connect()
        known = client.get_experiment_by_name(self._experiment_name)
        found = [] if known is None else self._search(known.experiment_id)
        plots = self.path / "plots"
        if found and plots.is_dir():
            client.log_artifacts(found[0].info.run_id, str(plots), "plots")

    @property
    def _experiment_name(self) -> str:
        return self._section.experiment or self._experiment.name

    @property
    def _runs_dir(self) -> Path:
        return self.path.absolute().parent.parent

    @property
    def _uri(self) -> str:
        """Where to log to: what the config says, or MLflow's own variable, or a file beside the folder of runs."""
        given = self._section.uri or os.environ.get("MLFLOW_TRACKING_URI")
        return given or f"{_SQLITE}{self._runs_dir.parent / 'mlflow.db'}"

    def _connect(self) -> MlflowClient:
        if self._client is None:
            if self._uri.startswith(_SQLITE):
                # MLflow tries for minutes.
                with closing(sqlite3.connect(self._uri.removeprefix(_SQLITE))) as database:
                    database.execute("PRAGMA user_version")
            from mlflow.tracking import MlflowClient

            self._client = MlflowClient(self._uri)
        return self._client

    def _search(self, experiment_id: str) -> Sequence[Any]:
        return self._connect().search_runs(
            [experiment_id], f"tags.`{ID_TAG}` = '{self.path.name}'", max_results=1
        )

    def _experiment_id(self) -> str:
        from mlflow.exceptions import MlflowException

        client, name = self._connect(), self._experiment_name
        # A server says itself where artefacts go.
        local = self._uri.startswith(_SQLITE)
        location = (self._runs_dir.parent / "mlartifacts" / _folder_name(name)).as_uri() if local else None
        known = client.get_experiment_by_name(name)
        if known is None:
            try:
                return str(client.create_experiment(name, artifact_location=location))
            except MlflowException:
                # Another training that began at the same moment made it.
                known = client.get_experiment_by_name(name)
                if known is None:
                    raise
        return str(known.experiment_id)

    def _continue(self, run: Any) -> None:
        client = self._connect()
        self._id = run.info.run_id
        self._status_before = self._status_before or run.info.status
        history = client.get_metric_history(self._id, "loss")
        self._epochs = max((metric.step for metric in history), default=0)
        client.update_run(self._id, status="RUNNING")

    def _describe(self, known: Mapping[str, str]) -> None:
        """Logs parameters and tags; a parameter of MLflow cannot change, so what is new becomes a tag."""
        from mlflow.entities import Param, RunTag

        parameters = dict(_flat(plain(self._experiment), ""))
        tags = {ID_TAG: self.path.name, "nnrun.name": self._experiment.name, **self._facts()}
        tags |= {
            f"nnrun.changed.{key}": value
            for key, value in parameters.items()
            if known.get(key, value) != value
        }
        new = [Param(key, value) for key, value in parameters.items() if key not in known]
        for start in range(0, len(new), _MOST_AT_ONCE):
            self._connect().log_batch(self._id, params=new[start : start + _MOST_AT_ONCE])
        self._connect().log_batch(self._id, tags=[RunTag(key, value) for key, value in tags.items()])

    def _facts(self) -> dict[str, str]:
        """Returns what the record of the run says, under MLflow's own names where it has some."""
        with suppress(OSError, ValueError):
            record = json.loads((self.path / "run.json").read_bytes())
            git = record.get("git") or {}
            facts = {
                "mlflow.source.name": "nnrun",
                "mlflow.source.type": "LOCAL",
                "mlflow.source.git.commit": git.get("commit"),
                "nnrun.git.dirty": git.get("dirty"),
                "nnrun.device": record.get("device"),
                "nnrun.data.fingerprint": (record.get("data") or {}).get("fingerprint"),
                "nnrun.version": nnrun.__version__,
            }
            return {key: str(value) for key, value in facts.items() if value is not None}
        return {}


def _values(event: EpochEnded) -> dict[str, float]:
    values = {**event.metrics, "epoch_seconds": event.seconds}
    return values if event.learning_rate is None else {**values, "learning_rate": event.learning_rate}


def _flat(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yields the values of a config by path, as MLflow takes names: `model.layers.0.Dense.units`."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _flat(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and any(isinstance(item, dict | str) for item in value):
        for index, item in enumerate(value):
            yield from _flat(item, f"{key}.{index}")
    else:
        yield _name(key)[:_LONGEST_NAME], flow(value)[:_LONGEST_VALUE]


def _name(text: str) -> str:
    return _FORBIDDEN.sub("_", text)


def _folder_name(text: str) -> str:
    return re.sub(r"[^\w.-]", "_", text).lstrip(".") or "_"
