"""Everything in which runs differ, or do not: config, network, data, code, environment, metrics, time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nnrun.comparison.config_rows import config_rows
from nnrun.comparison.metric_rows import MetricRow, metric_rows
from nnrun.comparison.rows import MISSING, Row
from nnrun.comparison.values import value_of
from nnrun.rundir.reading import Run

Group = Literal["config", "network", "data", "code", "environment", "metrics", "timing"]

_CODE = ("git.commit", "git.dirty", "versions.nnrun")
_ENVIRONMENT = (
    "device",
    "xla.used",
    "host.name",
    "host.system",
    "host.machine",
    "host.cpus",
    "host.usable_cpus",
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs beside each other.

    Args:
        runs: Two or more.
        groups: The rows by what they are about, equal ones included; empty where no run says anything about it.
    """

    runs: tuple[Run, ...]
    groups: Mapping[Group, Sequence[Row]]

    @property
    def same_run(self) -> bool:
        """Whether all of them are one run."""
        return len({run.path.resolve() for run in self.runs}) == 1

    @property
    def other_data(self) -> bool:
        """Whether some are known to have been trained or judged on other data than the first one."""
        rows = [
            row
            for row in self.groups["data"]
            if row.key == "data.fingerprint" or row.key.endswith(" samples")
        ]
        return any(len({value for value in row.values if value is not MISSING}) > 1 for row in rows)

    @property
    def without_config(self) -> list[int]:
        """The numbers of the runs whose config is missing or damaged, from 0."""
        return [number for number, run in enumerate(self.runs) if not run.config_values]

    def differing(self, group: Group) -> list[Row]:
        """Returns the rows of a group in which the runs differ."""
        return [row for row in self.groups[group] if not row.equal]

    def verdict(self) -> MetricRow | None:
        """Returns the metric that decided which epoch is the best, in all runs; None where it was not one for all."""
        monitors = {value_of(run, "monitor") for run in self.runs}
        key = f"best {monitors.pop()}" if len(monitors) == 1 else None
        return next(
            (row for row in self.groups["metrics"] if isinstance(row, MetricRow) and row.key == key), None
        )

    def to_record(self, *, complete: bool) -> dict[str, Any]:
        """Returns the comparison as a JSON object.

        Args:
            complete: Whether equal rows are wanted as well.
        """
        verdict = self.verdict()
        return {
            "runs": [
                {"id": run.id, "name": run.name, "status": run.status, "epochs": value_of(run, "epochs")}
                | {"path": str(run.path)}
                for run in self.runs
            ],
            "same_run": self.same_run,
            "equal": {group: not self.differing(group) for group in self.groups}
            | ({"config": self.same_run} if self.without_config else {}),
            "monitor": None if verdict is None else verdict.key.removeprefix("best "),
            "best": None if verdict is None else verdict.best,
            **{
                group: [row.to_record() for row in (rows if complete else self.differing(group))]
                for group, rows in self.groups.items()
            },
        }


def compare_runs(runs: Sequence[Run]) -> Comparison:
    """Compares runs by what their directories say; nothing is loaded or computed again.

    Args:
        runs: Two or more; each is compared with the first one.
    """
    configs = [run.config_values for run in runs]
    groups: dict[Group, Sequence[Row]] = {
        "config": config_rows(configs) if all(configs) else [],
        "network": _network(runs),
        "data": _data(runs),
        "code": _rows(runs, _CODE),
        "environment": [*_versions(runs), *_rows(runs, _ENVIRONMENT), *_variables(runs)],
        "metrics": metric_rows(runs),
        "timing": _timing(runs),
    }
    return Comparison(tuple(runs), groups)


def _rows(runs: Sequence[Run], keys: Sequence[str]) -> list[Row]:
    rows = [Row(key, [_or_missing(value_of(run, key)) for run in runs]) for key in keys]
    return [row for row in rows if any(value is not MISSING for value in row.values)]


def _network(runs: Sequence[Run]) -> list[Row]:
    row = Row("parameters", [_or_missing(_training_started(run).get("parameters")) for run in runs])
    return [] if _is_empty(row) else [row]


def _data(runs: Sequence[Run]) -> list[Row]:
    fingerprints = _rows(runs, ["data.fingerprint"])
    samples = [_mapping(_training_started(run).get("samples")) for run in runs]
    rows = [
        Row(f"{name} samples", [each.get(name, MISSING) for each in samples])
        for name in dict.fromkeys(name for each in samples for name in each)
    ]
    classes = Row("classes", [_or_missing(run.record.get("class_names")) for run in runs])
    return [*fingerprints, *rows, *([] if _is_empty(classes) else [classes])]


def _training_started(run: Run) -> Mapping[str, Any]:
    """Returns the event that has the sizes of data and network; empty where training did not begin."""
    try:
        with (run.path / "events.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                if '"training_started"' in line:
                    return _mapping(json.loads(line))
                if '"epoch_started"' in line:
                    break
    except (OSError, ValueError):
        pass
    return {}


def _versions(runs: Sequence[Run]) -> list[Row]:
    names = _all_keys(_mapping(run.record.get("versions")) for run in runs)
    return _rows(runs, [f"versions.{name}" for name in names if name != "nnrun"])


def _variables(runs: Sequence[Run]) -> list[Row]:
    found = [_mapping(_mapping(run.record.get("host")).get("environment")) for run in runs]
    return [Row(name, [each.get(name, MISSING) for each in found]) for name in _all_keys(found)]


def _timing(runs: Sequence[Run]) -> list[Row]:
    """Returns seconds: of the whole run, of an epoch, and of the phases."""
    phases = [_mapping(run.record.get("timing")) for run in runs]
    rows = [Row("seconds", [_or_missing(value_of(run, "seconds")) for run in runs])]
    rows.append(
        Row("seconds per epoch", [_per_epoch(run, each) for run, each in zip(runs, phases, strict=True)])
    )
    rows += [Row(name, [each.get(name, MISSING) for each in phases]) for name in _all_keys(phases)]
    return [row for row in rows if not _is_empty(row)]


def _per_epoch(run: Run, timing: Mapping[str, Any]) -> Any:
    epochs = value_of(run, "epochs")
    parts = [timing.get(name, 0) for name in ("train", "validate")]
    # Of a run that was resumed, the phases are those of its last part.
    if not isinstance(epochs, int) or not epochs or run.record.get("resumed") or not timing:
        return MISSING
    return sum(parts) / epochs


def _all_keys(mappings: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _or_missing(value: Any) -> Any:
    return MISSING if value is None else value


def _is_empty(row: Row) -> bool:
    return all(value is MISSING for value in row.values)
