"""A run that was read back from its directory."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from nnrun.config.directions import Direction, direction
from nnrun.errors import DataError
from nnrun.rundir.provenance import process_is_alive
from nnrun.rundir.resolved_values import read_values

RunStatus = Literal["running", "completed", "interrupted", "failed", "lost"]
"""`lost`: the record says `running`, but the process is gone without a word (killed, or the power failed)."""

_STATUSES = ("running", "completed", "interrupted", "failed")


@dataclass(frozen=True)
class Run:
    """A run directory and its record.

    Args:
        path: The directory.
        record: The content of `run.json`; has at least `id`, `name`, `status` and `started`.
    """

    path: Path
    record: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Run:
        """Reads a run directory.

        Args:
            path: The directory.

        Raises:
            DataError: It is no run directory, or its record is damaged.
        """
        file = path / "run.json"
        try:
            record = json.loads(file.read_bytes())
        except FileNotFoundError as error:
            raise DataError(f"{path} is no run directory: it has no run.json") from error
        except OSError as error:
            raise DataError(f"cannot read {file}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{file} is damaged: {error}") from error
        _check(file, record)
        return cls(path, record)

    @property
    def id(self) -> str:
        """The id: `YYYYMMDD-HHMMSS-xxxx`."""
        return str(self.record["id"])

    @property
    def name(self) -> str:
        """The name of the experiment."""
        return str(self.record["name"])

    @cached_property
    def started(self) -> datetime:
        """When it began, with the time zone UTC."""
        return datetime.fromisoformat(self.record["started"]).astimezone(UTC)

    @cached_property
    def status(self) -> RunStatus:
        """How it ended, `running`, or `lost`."""
        status: RunStatus = self.record["status"]
        process = self.record.get("process")
        if status == "running" and isinstance(process, Mapping) and process_is_alive(process) is False:
            return "lost"
        return status

    @property
    def config_path(self) -> Path:
        """The user's config, byte for byte."""
        return self.path / "config.yaml"

    @property
    def resolved_path(self) -> Path:
        """The complete config, runnable again."""
        return self.path / "resolved.yaml"

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """The content of `summary.json`, numbers as numbers; empty while it runs, or where it is lost.

        Raises:
            DataError: The file is damaged.
        """
        file = self.path / "summary.json"
        try:
            values = json.loads(file.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise DataError(f"cannot read {file}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{file} is damaged: {error}") from error
        if not isinstance(values, dict):
            raise DataError(f"{file} is damaged: expected a JSON object")
        return {key: _number(value) for key, value in values.items()}

    @cached_property
    def metrics(self) -> list[dict[str, float | None]]:
        """The rows of `metrics.csv`, one per epoch; None in a cell that is empty.

        Raises:
            DataError: A cell is no number.
        """
        file = self.path / "metrics.csv"
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"cannot read {file}: {error}") from error
        # A last line without its end was cut off by a power failure: its epoch is not complete.
        reader = csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1], newline=""))
        rows: list[dict[str, float | None]] = []
        try:
            rows.extend({name: float(cell) if cell else None for name, cell in row.items()} for row in reader)
        except (TypeError, ValueError, csv.Error) as error:
            raise DataError(f"{file}, line {reader.line_num}, is damaged: {error}") from error
        return rows

    @cached_property
    def config_values(self) -> Mapping[str, Any]:
        """The values of `resolved.yaml` as dicts, lists and scalars; empty where it is missing or damaged."""
        return read_values(self.resolved_path)

    @property
    def evaluations(self) -> list[str]:
        """The names of the evaluations that there are: split and weights, such as `test-best`."""
        return sorted(file.stem for file in (self.path / "evaluation").glob("*.json"))

    def evaluation(self, name: str) -> Mapping[str, float]:
        """Returns the figures that an evaluation found; empty where there was none, or its file is damaged.

        Args:
            name: Split and weights, such as `test-best`.
        """
        try:
            found = json.loads((self.path / "evaluation" / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return {}
        figures = found.get("figures") if isinstance(found, dict) else None
        if not isinstance(figures, dict):
            return {}
        numbers = {key: _number(value) for key, value in figures.items()}
        return {key: float(value) for key, value in numbers.items() if isinstance(value, (int, float))}

    @property
    def epochs(self) -> int:
        """Complete epochs: from the summary, or the rows of `metrics.csv` where there is none (yet)."""
        # That of a run which goes on, or was lost in that, is from its last end.
        epochs = None if self.record["status"] == "running" else self.summary.get("epochs")
        return epochs if isinstance(epochs, int) else len(self.metrics)

    def metric(self, name: str) -> float | None:
        """Returns a metric of the best epoch, such as `val_accuracy`; None if unknown or not finite."""
        value = self.summary.get(f"best_{name}")
        return value if isinstance(value, float) and math.isfinite(value) else None

    def direction(self, name: str) -> Direction | None:
        """Tells whether less or more of a metric is better: what the config says of its monitor, or the name.

        Args:
            name: The metric, such as `val_accuracy`.
        """
        section = self.config_values.get("checkpoint")
        if isinstance(section, Mapping) and section.get("monitor") == name:
            said: dict[Any, Direction] = {"min": "min", "max": "max"}
            return said.get(section.get("mode")) or direction(name)
        return direction(name)

    def model_path(self, weights: Literal["best", "last"]) -> Path:
        """Returns the file of the trained network.

        Args:
            weights: Those of the best epoch, or of the last one.

        Raises:
            DataError: The run has none (yet).
        """
        path = self.path / "model" / f"{weights}.keras"
        if not path.is_file():
            raise DataError(
                f"run {self.id} has no {weights} model: {path} does not exist (status: {self.status})",
                "Choose a run that saved one; `nnrun runs` lists them.",
            )
        return path


def _check(file: Path, record: Any) -> None:
    if not isinstance(record, dict):
        raise DataError(f"{file} is damaged: expected a JSON object")
    for key in ("id", "name", "status", "started"):
        if not isinstance(record.get(key), str):
            raise DataError(f"{file} is damaged: expected a string at {key!r}, got {record.get(key)!r}")
    if record["status"] not in _STATUSES:
        expected = ", ".join(_STATUSES)
        raise DataError(f"{file} is damaged: status is {record['status']!r}, expected one of {expected}")
    try:
        datetime.fromisoformat(record["started"]).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise DataError(f"{file} is damaged: started is {record['started']!r}, no time") from error


def _number(value: Any) -> Any:
    """JSON has no non-finite numbers: they were written as strings."""
    return float(value) if isinstance(value, str) and value in {"nan", "inf", "-inf"} else value
