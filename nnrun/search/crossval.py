"""Cross-validation: a training for each fold, in one process, and what all of them say together."""

from __future__ import annotations

import math
import secrets
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nnrun.config.labels import label_form
from nnrun.config.load import LoadedConfig
from nnrun.errors import Interrupted, NnrunError, TrainingError
from nnrun.events import Event, FoldStarted, Listener, RunEnded, RunStarted, TrainingStarted
from nnrun.interrupts import Interrupts
from nnrun.search.folds import FoldConfigs
from nnrun.training.job import Request, train
from nnrun.training.shared import Shared


@dataclass(frozen=True, slots=True)
class FoldRun:
    """The training of one fold.

    Args:
        fold: Its number, from 1.
        path: Its run directory.
        samples: Samples by split.
        ended: How it ended.
        error: Why it failed; None where it is complete.
    """

    fold: int
    path: Path
    samples: Mapping[str, int]
    ended: RunEnded
    error: NnrunError | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over the folds.

    Args:
        values: One per fold that has a finite one.
        mean: Their mean.
        deviation: Their standard deviation, with one degree of freedom less than there are; NaN for a single one.
    """

    values: tuple[float, ...]
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """What came out of all folds.

    Args:
        id: What the records of its runs have in common, as `crossval.id`.
        loaded: The config of the first fold.
        monitor: The metric that decides which epoch of a fold is the best.
        folds: The trainings, in the order of the folds.
        seconds: Time of all of them together.
    """

    id: str
    loaded: LoadedConfig
    monitor: str
    folds: tuple[FoldRun, ...]
    seconds: float

    @property
    def divided(self) -> str:
        """What the folds follow: `classes`, `groups`, `classes and groups`, `time`, or `samples` for nothing."""
        experiment = self.loaded.experiment
        if getattr(experiment.dataset.split, "time", None) is not None:
            return "time"
        followed = ["classes"] if label_form(experiment.compile.loss) != "values" else []
        if getattr(experiment.dataset.split, "group", None) is not None:
            followed.append("groups")
        return " and ".join(followed) or "samples"

    @property
    def complete(self) -> tuple[FoldRun, ...]:
        """The folds that were trained to their end."""
        return tuple(one for one in self.folds if one.error is None)

    @property
    def best(self) -> dict[str, Spread]:
        """Every metric of the best epochs."""
        return spreads([one.ended.best for one in self.complete])

    @property
    def final(self) -> dict[str, Spread]:
        """Every metric of the last epochs."""
        return spreads([one.ended.final for one in self.complete])


def spreads(metrics: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    """Returns mean and deviation of every metric.

    Args:
        metrics: Values by name, one mapping per fold; a value that is missing or not finite does not count.
    """
    found = {}
    for name in dict.fromkeys(key for one in metrics for key in one):
        values = tuple(one[name] for one in metrics if math.isfinite(one.get(name, math.nan)))
        if values:
            deviation = statistics.stdev(values) if len(values) > 1 else math.nan
            found[name] = Spread(values, statistics.fmean(values), deviation)
    return found


def cross_validate(
    configs: FoldConfigs, request: Request, display: Listener, interrupts: Interrupts
) -> CrossValidation:
    """Trains on every fold, one after the other; see `nnrun.search.folds`.

    The data are read once, and where the sizes of the folds agree, the network is built and traced once; each fold has
    the bits of a training of its own. A fold whose training fails is told, and the others go on.

    Args:
        configs: The configs of the folds.
        request: What else was asked for.
        display: Receives the events of all runs.
        interrupts: Tells of Ctrl-C and SIGTERM.

    Raises:
        NnrunError: What no other fold could do better: the config, the data, the disk, a signal.
    """
    started = time.perf_counter()
    chosen = f"cv-{secrets.token_hex(4)}"
    shared = Shared()
    runs: list[FoldRun] = []
    monitor = ""
    for fold, loaded in enumerate(configs, 1):
        display(FoldStarted(fold, configs.folds))
        seen = _Seen(display)
        facts = {"crossval": {"id": chosen, "fold": fold, "folds": configs.folds}}
        error: NnrunError | None = None
        try:
            train(loaded, replace(request, facts=facts, shared=shared), seen, interrupts)
        except TrainingError as failed:
            error = failed
            # Whatever is left of a network that failed, the next one begins with a new one.
            shared = Shared(shared.raw)
        except Interrupted as stopped:
            note = f"{len(runs)} of {configs.folds} folds are complete; the run of this one is kept: {seen.directory}"
            raise Interrupted(stopped.signum, note) from stopped
        assert seen.ended is not None  # noqa: S101 - a training that came so far has told its end
        monitor = monitor or seen.monitor
        runs.append(FoldRun(fold, Path(seen.directory), seen.samples, seen.ended, error))
    return CrossValidation(chosen, configs.first, monitor, tuple(runs), time.perf_counter() - started)


@dataclass(slots=True)
class _Seen:
    """Hands events on, and keeps what they say about the run."""

    display: Listener
    directory: str = ""
    samples: Mapping[str, int] = field(default_factory=dict)
    monitor: str = ""
    ended: RunEnded | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.directory = event.directory
        elif isinstance(event, TrainingStarted):
            self.samples, self.monitor = event.samples, event.monitor
        elif isinstance(event, RunEnded):
            self.ended = event
        self.display(event)
