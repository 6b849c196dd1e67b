"""Learning-rate schedules against the number of steps that the training will have."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding, argument_path
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts
from nnrun.config.keras_object import KerasObject
from nnrun.config.problems import KeyPath

_FACTOR = 2
"""A schedule that is so many times shorter or longer than the training is hardly meant."""

_ENDING = frozenset({"CosineDecay", "PolynomialDecay"})
"""Schedules that come to an end after `decay_steps`."""

_STEPPING = frozenset({"ExponentialDecay", "InverseTimeDecay"})


def schedules_fit_steps(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """A schedule ends about when the training does, and reaches its boundaries."""
    optimizer = experiment.compile.optimizer
    schedule = optimizer.arguments.get("learning_rate")
    if not isinstance(schedule, KerasObject) or facts.train_samples is None:
        return
    fit = experiment.fit
    per_epoch = math.ceil(facts.train_samples / fit.batch_size)
    path = ("compile", "optimizer", optimizer.name, "learning_rate")
    yield from _misfit(schedule, fit.epochs * per_epoch, f"{fit.epochs} x {per_epoch} steps", path)


def _misfit(schedule: KerasObject, steps: int, counted: str, path: KeyPath) -> Iterator[Finding]:
    name, arguments = schedule.class_name, schedule.arguments
    decay, warmup = arguments.get("decay_steps"), arguments.get("warmup_steps") or 0
    if name == "PiecewiseConstantDecay":
        boundaries = arguments.get("boundaries") or ()
        late = [
            (index, boundary)
            for index, boundary in enumerate(boundaries)
            if isinstance(boundary, (int, float)) and boundary >= steps
        ]
        if late:
            index, boundary = late[0]
            message = f"the training has {counted}, so step {boundary:g} is never reached"
            yield _warning((*path, schedule.name, "boundaries", index), message, "boundaries count steps")
        return
    if not isinstance(decay, (int, float)) or not isinstance(warmup, (int, float)):
        return
    where = argument_path(path, schedule, "decay_steps")
    total = decay + warmup
    if name in _ENDING and not arguments.get("cycle"):
        hint = f"write decay_steps: {max(1, steps - int(warmup))}"
        if total * _FACTOR < steps:
            message = f"{schedule.name} ends after {total:g} steps, the training goes on to {counted}"
            yield _warning(where, message, hint)
        elif total > steps * _FACTOR:
            message = f"{schedule.name} takes {total:g} steps, the training ends after {counted}"
            yield _warning(where, message, hint)
    elif name in _STEPPING and decay > steps and arguments.get("staircase"):
        message = f"the first stair comes after {decay:g} steps, the training ends after {counted}"
        yield _warning(where, message, f"write less than decay_steps: {steps}")


def _warning(path: KeyPath, message: str, hint: str) -> Finding:
    return Finding(path, "schedule-steps", message, hint, "warning")
