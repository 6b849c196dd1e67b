"""The programs that a config asks to be told of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from nnrun.config.experiment import Experiment
from nnrun.config.extras import INSTALL_MLFLOW, missing_for_mlflow
from nnrun.errors import EnvironmentFault
from nnrun.events import Event, Listener
from nnrun.rundir.reading import Run
from nnrun.tracking.mlflow_run import MlflowRun
from nnrun.tracking.mlflow_tracker import PATIENCE_SECONDS, MlflowTracker, within

_INCOMPLETE: set[Path] = set()
"""Runs of this process that a tracker lacks a part of, and was told to the user: nothing more is tried for them."""


def check_trackers(experiment: Experiment) -> None:
    """Finds out whether everything is installed, before anything is trained.

    Raises:
        EnvironmentFault: A package is missing.
    """
    section = experiment.track.mlflow
    missing = () if section is None else missing_for_mlflow(section.uri)
    if missing:
        raise EnvironmentFault(
            f"the config logs to MLflow, for which is missing: {', '.join(missing)}", INSTALL_MLFLOW
        )


@contextmanager
def tracked(experiment: Experiment, run_path: Path, *listeners: Listener) -> Iterator[Listener]:
    """Gives a listener that hands every event to others, and then to the trackers of a config.

    Args:
        experiment: The config.
        run_path: The run directory.
        listeners: Who else listens; first the files of the run. They are also told what goes wrong in a tracker, which
            never ends a training.

    Yields:
        The listener. On leaving the block it waits for what the trackers still have to do.
    """

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    if experiment.track.mlflow is None:
        yield tell
        return
    tracker = MlflowTracker(MlflowRun(experiment, experiment.track.mlflow, run_path), tell)

    def emit(event: Event) -> None:
        tell(event)
        tracker(event)

    try:
        yield emit
    finally:
        tracker.close()
        if not tracker.complete:
            _INCOMPLETE.add(run_path.absolute())


def add_plots(run: Run) -> str:
    """Gives the trackers of a finished run the pictures that were drawn after it.

    Args:
        run: The run.

    Returns:
        What went wrong, in one sentence; empty where nothing did.
    """
    section = run.config_values.get("track")
    if (
        not isinstance(section, Mapping)
        or section.get("mlflow") is None
        or run.path.absolute() in _INCOMPLETE
    ):
        return ""
    from nnrun.config.load import load_experiment

    experiment = load_experiment(run.resolved_path).experiment
    assert experiment.track.mlflow is not None  # noqa: S101 - it was found above
    problem = within(PATIENCE_SECONDS, MlflowRun(experiment, experiment.track.mlflow, run.path).log_plots)
    return f"MLflow has no plots of this run: {problem}" if problem else ""
