"""What a run can be continued with, and what may be changed on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnrun.check import check_config
from nnrun.config.load import LoadedConfig, load_experiment
from nnrun.config.problems import ConfigError, KeyPath
from nnrun.config.resolved import plain
from nnrun.data.description import differences
from nnrun.data.permission import require_permission
from nnrun.data.preprocessing import Preprocessing
from nnrun.errors import DataError, UsageError
from nnrun.rundir.checkpoints import Checkpoint, read_checkpoint
from nnrun.rundir.reading import Run

CHANGEABLE: tuple[KeyPath, ...] = (
    ("fit", "epochs"),
    ("checkpoint", "every_seconds"),
    ("checkpoint", "every_epochs"),
    ("distribute", "wait_seconds"),
    ("require",),
)
"""Keys that say nothing about what was already trained."""


@dataclass(frozen=True, slots=True)
class Resumable:
    """Everything that is needed to continue a run.

    Args:
        run: The run.
        loaded: Its resolved config, with what is to be changed.
        checkpoint: The state to go on from.
        preprocessing: What was fitted on the training split.
        notes: Sentences that the user should read.
    """

    run: Run
    loaded: LoadedConfig
    checkpoint: Checkpoint
    preprocessing: Preprocessing
    notes: tuple[str, ...] = ()

    def check_data(self, now: Mapping[str, Any]) -> None:
        """Refuses data that are not those of the run.

        Args:
            now: What is known of the data, from `nnrun.data.description`.

        Raises:
            DataError: The fingerprint is another one.
        """
        before = self.run.record.get("data") or {}
        if before.get("fingerprint") != now["fingerprint"]:
            found = "; ".join(differences(before, now))
            raise DataError(
                f"the data of run {self.run.id} have changed since it was started{found and f': {found}'}",
                "Continuing would mix two data sets. Restore the data, or start a new run with `nnrun train`.",
            )


def prepare_resume(run: Run, overrides: Sequence[str]) -> Resumable:
    """Finds the state of a run, and checks that what is to be changed leaves its past alone.

    Args:
        run: The run, whose lock the caller holds.
        overrides: `KEY=VALUE` arguments, such as `fit.epochs=20`.

    Raises:
        ConfigError: A change would alter what was already trained.
        DataError: The run has no intact checkpoint, or a part of it is missing.
        UsageError: Nothing is left to do, or the data need `--allow-code`.
    """
    loaded = check_config(run.resolved_path, overrides)
    require_permission(loaded.experiment.dataset)
    before = plain(load_experiment(run.resolved_path).experiment)
    after = plain(loaded.experiment)
    changed = [
        loaded.problem(
            "changes-the-past",
            f"it was {_shown(old)} when this run was trained and cannot become {_shown(new)}",
            path,
            hint="start a new run for that; fit.epochs, checkpoint.every_* and require may change",
        )
        for path, old, new in _differences(before, after, ())
        if path not in CHANGEABLE and path[:1] not in CHANGEABLE
    ]
    if changed:
        raise ConfigError(changed)
    checkpoint, notes = read_checkpoint(run.path)
    epochs = loaded.experiment.fit.epochs
    if epochs < checkpoint.epoch:
        message = f"expected at least the {checkpoint.epoch} epochs that are trained, received {epochs}"
        raise ConfigError([loaded.problem("changes-the-past", message, ("fit", "epochs"))])
    if checkpoint.state.get("stopped") and run.status == "completed":
        raise UsageError(
            f"run {run.id} was stopped by a callback after epoch {checkpoint.epoch}: nothing is left to do"
        )
    if epochs == checkpoint.epoch and run.status == "completed":
        raise UsageError(
            f"all {epochs} epochs of run {run.id} are trained",
            f"To train more: nnrun resume {run.id} fit.epochs={2 * epochs}",
        )
    return Resumable(run, loaded, checkpoint, stored_preprocessing(run), notes)


def _differences(before: Any, after: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from _differences(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(old, new, (*path, index))
    elif before != after:
        yield path, before, after


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def stored_preprocessing(run: Run) -> Preprocessing:
    """Reads what was fitted on the training split of a run.

    Raises:
        DataError: It is missing or damaged.
    """
    file = run.path / "model" / "preprocessing.json"
    try:
        return Preprocessing.from_json(json.loads(file.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{file} cannot be read: {error}", "It is damaged or missing; train again."
        ) from error
