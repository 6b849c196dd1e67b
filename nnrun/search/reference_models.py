"""The models of scikit-learn that a network has to be better than."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.search.reference_inputs import ReferenceInputs

_LARGE = 4_000_000
"""With more numbers in the training split, a forest has fewer trees."""

_LONG = 1_000_000
"""With more numbers, fewer strengths of a logistic regression are tried, in fewer folds."""

_PART = 2_000_000
"""They are tried on a part of the training split that has about so many numbers."""

_SMALL = 100_000
"""With fewer numbers, threads that wait for each other take longer than one that calculates."""

_FOLDS = 5
_TREES, _FEWER_TREES = 300, 100

_BOOSTED_FEATURES, _BOOSTED_CLASSES = 200, 20
"""Gradient boosting makes an ensemble per class, and looks at every feature for each of its trees."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be learned.

    Args:
        inputs: The inputs.
        y: The class of each training sample, shape `(samples,)`, or its values, shape `(samples, targets)`.
        weights: How much each training sample counts, shape `(samples,)`; None where all count the same.
        classes: How many classes there are; None for regression.
        seed: Seed of what is drawn at random.
    """

    inputs: ReferenceInputs
    y: NDArray[Any]
    weights: NDArray[np.float32] | None
    classes: int | None
    seed: int

    @property
    def size(self) -> int:
        """How many numbers there are to learn from, without the zeros of a sparse matrix."""
        return int(self.inputs.train.nnz if hasattr(self.inputs.train, "nnz") else self.inputs.train.size)


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceModel:
    """A model that can be fitted.

    Args:
        name: What it is, for people.
        fit: Fits and returns it.
        details: Says for people what was chosen, once it is fitted.
        parameters: The same, for programs.
    """

    name: str
    fit: Callable[[], Any]
    details: Callable[[Any], str] = lambda _: ""
    parameters: Callable[[Any], Mapping[str, Any]] = field(default=lambda _: {})


def reference_models(task: Task) -> Iterator[ReferenceModel]:
    """Yields the models that suit a task: a linear one, ensembles of trees, and the least that can be done."""
    trees = _FEWER_TREES if task.size > _LARGE else _TREES
    yield from _classifiers(task, trees) if task.classes is not None else _regressors(task, trees)


def _classifiers(task: Task, trees: int) -> Iterator[ReferenceModel]:
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

    yield ReferenceModel(
        "logistic regression",
        lambda: _logistic(task),
        lambda model: f"C={_strength(model):.3g}",
        lambda model: {"C": _strength(model), "folds": getattr(model, "cv", None)},
    )
    yield _forest(task, RandomForestClassifier, trees)
    if (
        task.inputs.is_table
        and task.inputs.features <= _BOOSTED_FEATURES
        and (task.classes or 0) <= _BOOSTED_CLASSES
    ):
        yield _boosting(task, HistGradientBoostingClassifier)
    yield ReferenceModel("most frequent class", lambda: _fit(task, DummyClassifier(strategy="most_frequent")))


def _regressors(task: Task, trees: int) -> Iterator[ReferenceModel]:
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import RidgeCV

    yield ReferenceModel(
        "ridge regression",
        lambda: _fit(task, RidgeCV(np.logspace(-3, 4, 15))),
        lambda model: f"alpha={float(model.alpha_):.3g}",
        lambda model: {"alpha": float(model.alpha_)},
    )
    yield _forest(task, RandomForestRegressor, trees)
    if task.inputs.is_table and task.inputs.features <= _BOOSTED_FEATURES and task.y.shape[1] == 1:
        yield _boosting(task, HistGradientBoostingRegressor)
    yield ReferenceModel("mean of the training", lambda: _fit(task, DummyRegressor()))


def _forest(task: Task, kind: Any, trees: int) -> ReferenceModel:
    return ReferenceModel(
        "random forest",
        lambda: _fit(task, kind(trees, random_state=_seed(task), n_jobs=-1)),
        lambda _: f"{trees} trees",
        lambda _: {"trees": trees},
    )


def _boosting(task: Task, kind: Any) -> ReferenceModel:
    return ReferenceModel(
        "gradient boosting",
        lambda: _fit(task, kind(random_state=_seed(task))),
        lambda model: f"{model.n_iter_} rounds",
        lambda model: {"rounds": int(model.n_iter_)},
    )


def threads(task: Task) -> AbstractContextManager[Any]:
    """Within it, scikit-learn calculates with as many threads as pay."""
    from threadpoolctl import threadpool_limits

    limited: AbstractContextManager[Any] = threadpool_limits(1 if task.size < _SMALL else None)
    return limited


def _seed(task: Task) -> int:
    return task.seed % (1 << 32)


def _fit(task: Task, model: Any) -> Any:
    y = task.y.ravel() if task.y.ndim > 1 and task.y.shape[1] == 1 else task.y
    x = task.inputs.train
    if hasattr(x, "toarray") and "Hist" in type(model).__name__:
        x = x.toarray()
    return model.fit(x, y) if task.weights is None else model.fit(x, y, sample_weight=task.weights)


def _logistic(task: Task) -> Any:
    """Fits a logistic regression whose strength cross-validation of the training split chose."""
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

    members = np.bincount(task.y)
    folds = min(_FOLDS, int(members[members > 0].min()))
    if folds < 2:
        # A class with a single sample cannot be in every fold.
        return _fit(task, LogisticRegression(max_iter=1000))
    # Later versions of scikit-learn warn where these are not said.
    accepted = inspect.signature(LogisticRegressionCV).parameters
    said = {
        name: value
        for name, value in {"l1_ratios": (0.0,), "use_legacy_attributes": False}.items()
        if name in accepted and "use_legacy_attributes" in accepted
    }
    if task.size <= _LONG:
        return _fit(task, LogisticRegressionCV(Cs=10, cv=folds, max_iter=1000, scoring="accuracy", **said))
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(task.y))
    size = int(len(rows) * _PART / task.size)
    if len(members) <= size < len(rows) - len(members):
        rows, _ = train_test_split(rows, train_size=size, random_state=_seed(task), stratify=task.y)
    folds = min(3, int(np.bincount(task.y[rows])[members > 0].min()))
    strength = 1.0
    if folds >= 2:
        search = LogisticRegressionCV(
            Cs=np.logspace(-3, 1, 5), cv=folds, max_iter=100, scoring="accuracy", **said
        )
        weights = None if task.weights is None else task.weights[rows]
        strength = _strength(search.fit(task.inputs.train[rows], task.y[rows], sample_weight=weights))
    return _fit(task, LogisticRegression(C=strength, max_iter=200))


def _strength(model: Any) -> float:
    """Returns the strength that was chosen: earlier versions of scikit-learn have one per class."""
    return float(np.ravel(model.C_ if hasattr(model, "C_") else model.C)[0])
