"""The part of a training that each of its processes does: load the data, start the devices, train.

This module does not import TensorFlow itself: the data is loaded and checked before the seconds that the import takes.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.check import compare
from nnrun.config.load import LoadedConfig
from nnrun.config.requirements import parse_requirement
from nnrun.config.resolved import plain
from nnrun.data.description import describe
from nnrun.data.loading import load_splits
from nnrun.data.progress import told_to
from nnrun.data.splits import Splits, facts_of_splits
from nnrun.errors import EnvironmentFault
from nnrun.events import PHASES, Listener, Phase, PhaseStarted
from nnrun.interrupts import Interrupts
from nnrun.rundir.provenance import versions
from nnrun.training.cluster import Cluster, shared_seed
from nnrun.training.outcome import Outcome
from nnrun.training.resuming import Resumable
from nnrun.training.shared import Shared
from nnrun.training.startup import import_tensorflow, load_tensorflow
from nnrun.training.xla import Compilation, choose_compilation

if TYPE_CHECKING:
    from nnrun.training.distribution import Distribution
    from nnrun.training.team import Team


@dataclass(frozen=True, slots=True)
class Request:
    """What one training asks for, beside the config.

    Args:
        runs_dir: Folder that holds the runs.
        command: The command line, for the record.
        device: `auto`, `cpu`, `gpu` or `gpu:N`.
        requirements: Expressions that must hold for the metrics of the best epoch, beside those of the config.
        facts: Further fields of `run.json`.
        shared: What the training has in common with others of this process.
        cluster: All processes, for a config that trains with several; this one is the chief.
    """

    runs_dir: Path
    command: Sequence[str]
    device: str = "auto"
    requirements: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    shared: Shared | None = None
    cluster: Cluster | None = None


@dataclass(slots=True)
class Clock:
    """Adds up seconds by phase."""

    emit: Listener
    timing: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def __call__(self, phase: Phase) -> Iterator[None]:
        """Times what is done within it."""
        self.emit(PhaseStarted(phase))
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timing[phase] = self.timing.get(phase, 0.0) + time.perf_counter() - started

    def merged(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Returns the seconds by phase, with those added that were measured elsewhere."""
        return {
            phase: self.timing.get(phase, 0.0) + measured.get(phase, 0.0)
            for phase in PHASES
            if phase in self.timing or phase in measured
        }


@dataclass(frozen=True, slots=True)
class Devices:
    """What a process trains on.

    Args:
        name: Such as `CPU`, `GPU:0` or `GPU x 8, 2 workers`.
        distribution: The strategy under which several devices train; None for a single one.
        team: The workers, where there are several.
    """

    name: str
    distribution: Distribution | None = None
    team: Team | None = None

    @property
    def facts(self) -> dict[str, Any] | None:
        """What the record of a run says about the strategy."""
        return None if self.distribution is None else self.distribution.facts()

    def notes(self, before: Mapping[str, Any] | None) -> Iterator[str]:
        """Yields sentences that the user should read.

        Args:
            before: The `facts` of the processes that trained this run before.
        """
        facts = self.facts
        if facts is None:
            return
        if facts["replicas"] == 1:
            yield f"distribute.strategy is {facts['strategy']}, and there is only one device"
        if before is not None and before.get("replicas") != facts["replicas"]:
            yield (
                f"the run was trained on {before.get('replicas')} devices so far and goes on with"
                f" {facts['replicas']}: floats are summed in another order"
            )


@dataclass(slots=True)
class Part:
    """What one process does for a training.

    Args:
        loaded: The checked config, with a seed.
        request: What else was asked for.
        emit: Receives the events.
        interrupts: Tells of Ctrl-C and SIGTERM.
        resumable: What to go on with; None for a new training.
        outcome: How far the training came.
    """

    loaded: LoadedConfig
    request: Request
    emit: Listener
    interrupts: Interrupts
    resumable: Resumable | None = None
    outcome: Outcome = field(default_factory=Outcome)
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        """Starts the clock."""
        self.clock = Clock(self.emit)

    def load(self) -> Splits:
        """Loads the data and compares them with the config, and with those of a run that is continued.

        Raises:
            ConfigError: The config does not fit the data.
            DataError: The data cannot be used.
        """
        experiment, resumable = self.loaded.experiment, self.resumable
        with self.clock("data"), told_to(self.emit):
            shared = self.request.shared
            load = load_splits if shared is None else shared.splits
            splits = load(
                experiment.dataset,
                experiment.compile.loss,
                self.loaded.seed,
                None if resumable is None else resumable.preprocessing,
            )
            # Some facts, such as the classes of a large table, are known only now.
            compare(self.loaded, facts_of_splits(splits))
            if resumable is not None:
                resumable.check_data(describe(experiment.dataset, splits))
        return splits

    def start(self, splits: Splits) -> Devices:
        """Imports TensorFlow, and starts the devices and the strategy.

        Args:
            splits: The data, which have to be those of all workers.

        Raises:
            EnvironmentFault: There is no such device, or not all workers are there, or they differ.
        """
        with self.clock("import"):
            section = self.loaded.experiment.distribute
            if section.strategy == "none":
                devices = Devices(import_tensorflow(self.request.device))
            else:
                load_tensorflow()
                from nnrun.training.distribution import start
                from nnrun.training.team import Team

                self.interrupts.raise_if_requested()
                facts = {
                    "config": _decisive(self.loaded),
                    "data": splits.fingerprint,
                    "versions": {**versions(), "python": None},
                    "epoch": 0 if self.resumable is None else self.resumable.checkpoint.epoch,
                }
                distribution = start(
                    section, self.request.device, self.request.cluster, facts, self.interrupts
                )
                team = None if distribution.cluster is None else Team(distribution, self.interrupts)
                devices = Devices(distribution.device, distribution, team)
            # A signal during an import can be swallowed by what is being imported.
            self.interrupts.raise_if_requested()
        return devices

    def compilation(self, splits: Splits, devices: Devices) -> Compilation:
        """Decides whether XLA compiles the loops."""
        experiment = self.loaded.experiment
        return choose_compilation(
            experiment.compile,
            experiment.model.layers,
            -(-len(splits.train) // experiment.fit.batch_size),
            devices.name,
            experiment.distribute.strategy,
        )

    def train(self, splits: Splits, devices: Devices, path: Path) -> None:
        """Trains to the end.

        Args:
            splits: The data.
            devices: What to train on.
            path: The run directory, to which only the chief writes.

        Raises:
            NnrunError: Whatever ended it early.
        """
        from nnrun.training.progress_state import from_checkpoint
        from nnrun.training.session import Session

        Session(
            loaded=self.loaded,
            splits=splits,
            seed=self.loaded.seed,
            path=path,
            device=devices.name,
            emit=self.emit,
            interrupts=self.interrupts,
            phase=self.clock,
            outcome=self.outcome,
            compilation=self.compilation(splits, devices),
            resumed=None if self.resumable is None else from_checkpoint(self.resumable.checkpoint),
            distribution=devices.distribution,
            team=devices.team,
            # The variables of a network stay with the strategy under which it was built.
            shared=self.request.shared if devices.distribution is None else None,
        ).run()

    def unmet(self) -> tuple[str, ...]:
        """Returns one sentence for each requirement that does not hold for the best epoch."""
        best = self.outcome.best
        return tuple(
            required.shortfall(best, "the best epoch")
            for required in map(
                parse_requirement, [*self.loaded.experiment.require, *self.request.requirements]
            )
            if not required.holds(best)
        )


def with_shared_seed(loaded: LoadedConfig, cluster: Cluster | None) -> LoadedConfig:
    """Returns the config with a seed, which all workers of a cluster have in common.

    Raises:
        EnvironmentFault: The config needs a cluster, and there is none.
        UsageError: Nothing says which seed the workers have in common.
    """
    if loaded.experiment.distribute.strategy == "multi_worker" and cluster is None:
        raise EnvironmentFault(
            "distribute.strategy is multi_worker, and this command trains in a single process",
            "Use `nnrun train`, or say distribute.strategy=none.",
        )
    if loaded.experiment.seed is not None:
        return loaded
    return loaded.with_seed(secrets.randbits(32) if cluster is None else shared_seed(cluster))


def _decisive(loaded: LoadedConfig) -> dict[str, Any]:
    """Returns what decides the result, without where the data lie and what this process is to be called."""
    values = plain(loaded.experiment)
    return {key: value for key, value in values.items() if key not in ("name", "dataset", "require")}
