"""The keys of `dataset.split` that choose a fold of a cross-validation."""

from __future__ import annotations

from collections.abc import Iterator

from nnrun.config.cross_checks.finding import Finding
from nnrun.config.experiment import Experiment
from nnrun.config.facts import DataFacts


def folds_are_complete(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:  # noqa: ARG001
    """A fold has a number and is one of so many, and it is the only validation split."""
    split = experiment.dataset.split
    path = ("dataset", "split")
    if split.fold is None and split.folds is None:
        return
    if split.folds is None or split.fold is None:
        given, missing = ("fold", "folds") if split.folds is None else ("folds", "fold")
        yield Finding(
            (*path, given),
            "bad-fold",
            f"{given} says nothing without {missing}",
            "write for instance fold: 1 and folds: 5; nnrun crossval trains on all folds",
            at="key",
        )
    elif split.fold > split.folds:
        yield Finding(
            (*path, "fold"),
            "bad-fold",
            f"there is no fold {split.fold} of {split.folds}",
            f"folds are counted from 1 to {split.folds}",
        )
    if split.fold is not None and split.validation is not None:
        yield Finding(
            (*path, "validation"),
            "bad-fold",
            "the fold is the validation split, so that no other share can be",
            "leave `validation` out, or `fold` and `folds`",
        )
