"""What the page about a run is made of. Everything is read, loaded or computed when a section asks for it, and once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nnrun.config.load import load_experiment
from nnrun.config.problems import ConfigError
from nnrun.data.labelled import Labelled
from nnrun.errors import DataError, EnvironmentFault, NnrunError, TrainingError, UsageError
from nnrun.evaluation.history import Row
from nnrun.evaluation.plots.subject import Subject
from nnrun.evaluation.report.judging import Judgement, Wish, judged
from nnrun.evaluation.report.past import Past, past_of
from nnrun.rundir.reading import Run


@dataclass(frozen=True, slots=True)
class Missing:
    """What cannot be shown.

    Args:
        reason: Why, as a sentence without its end.
    """

    reason: str


_UNUSABLE = (DataError, ConfigError, UsageError, TrainingError)
"""What keeps data or network from being loaded. The page says so, and shows the rest."""


@dataclass(frozen=True)
class Material:
    """A run, and what can be known of it.

    Args:
        run: The run.
        wish: How it should be judged.
        say: Tells the user what takes long, and what is missing.
    """

    run: Run
    wish: Wish
    say: Callable[[str], None]

    @cached_property
    def past(self) -> Past:
        """What happened."""
        return past_of(self.run.path)

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """What came out in the end; empty where it has not ended, or the file is damaged."""
        if self.run.status in ("running", "lost"):
            return {}  # of a run that is continued, it tells of the part before
        try:
            return self.run.summary
        except DataError as error:
            self.say(f"warning: {error.message}")
            return {}

    @cached_property
    def metrics(self) -> Sequence[Row] | Missing:
        """The values of every epoch."""
        try:
            return self.run.metrics
        except DataError as error:
            self.say(f"warning: {error.message}")
            return Missing(error.message)

    @property
    def rows(self) -> Sequence[Row]:
        """The same; nothing where they are damaged."""
        return [] if isinstance(self.metrics, Missing) else self.metrics

    @property
    def monitor(self) -> str | None:
        """The metric that decides which epoch is the best."""
        found = self.summary.get("monitor") or self.past.training.get("monitor")
        return None if found is None else str(found)

    @property
    def best_epoch(self) -> int | None:
        """The best epoch; None where none is."""
        found = self.summary.get("best_epoch") if self.summary else self.past.best_epoch
        return found if isinstance(found, int) else None

    def values_of(self, epoch: int | None) -> Mapping[str, float]:
        """Returns the metrics of an epoch by name; nothing where it is not known."""
        row = next((row for row in self.rows if row.get("epoch") == epoch), {})
        return {
            name: value
            for name, value in row.items()
            if value is not None and name not in ("epoch", "learning_rate") and not name.endswith("seconds")
        }

    @cached_property
    def subject(self) -> Subject | Missing:
        """The run with its config."""
        try:
            loaded = load_experiment(self.run.resolved_path)
        except (DataError, ConfigError) as error:
            return Missing(_reason(error))
        return Subject(loaded, self.run, self.wish.split, self.wish.weights, self.wish.device)

    @cached_property
    def labelled(self) -> Labelled | Missing:
        """The data."""
        if not self.wish.compute:
            return Missing("--no-evaluate")
        if isinstance(self.subject, Missing):
            return self.subject
        try:
            return self.subject.labelled
        except _UNUSABLE as error:
            reason = _reason(error)
            self.say(f"warning: the data of {self.run.name} {self.run.id} cannot be loaded: {reason}")
            return Missing(reason)

    @property
    def same_data(self) -> bool | None:
        """Whether the data are those of the training; None where that is not known."""
        trained = (self.run.record.get("data") or {}).get("fingerprint")
        if trained is None or isinstance(self.labelled, Missing):
            return None
        return bool(trained == self.labelled.splits.fingerprint)

    @cached_property
    def judgement(self) -> Judgement | Missing:
        """What its network is worth.

        Raises:
            EnvironmentFault: There is no such GPU.
            StorageError: What was computed cannot be written.
        """
        if self.run.status == "running":
            return Missing("it is still running")

        def load() -> Labelled:
            if isinstance(self.labelled, Missing):
                raise DataError(f"the data cannot be loaded: {self.labelled.reason}")
            return self.labelled

        try:
            return judged(self.run, self.wish, [*self.past.samples], load, self.say)
        except _UNUSABLE as error:
            if isinstance(error, EnvironmentFault) and self.wish.device.startswith("gpu"):
                raise  # what was asked for by name is not there
            reason = _reason(error)
        if self.wish.compute:
            self.say(f"warning: {self.run.name} {self.run.id} is not evaluated: {reason}")
        return Missing(reason)


def _reason(error: NnrunError) -> str:
    if isinstance(error, ConfigError):
        return "; ".join(f"{problem.path}: {problem.message}" for problem in error.problems)
    return error.message
