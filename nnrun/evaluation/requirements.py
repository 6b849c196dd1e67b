"""Requirements on the figures of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from nnrun.config.requirements import Requirement
from nnrun.config.suggestions import closest
from nnrun.errors import RequirementError, UsageError
from nnrun.evaluation.evaluate import Evaluation


def check_figures(requirements: Sequence[Requirement], evaluation: Evaluation) -> None:
    """Compares the figures of an evaluation with what is required of them.

    Raises:
        UsageError: A requirement names no figure of this evaluation.
        RequirementError: A figure falls short.
    """
    values = evaluation.values()
    for one in requirements:
        if one.metric not in values:
            raise UsageError(
                f"--require '{one}' names no figure of this evaluation", _meant(one.metric, evaluation)
            )
    where = "the new data" if evaluation.data else f"the {evaluation.split} split"
    unmet = [one.shortfall(values, where) for one in requirements if not one.holds(values)]
    if unmet:
        raise RequirementError("; ".join(unmet))


def _meant(name: str, evaluation: Evaluation) -> str:
    bare = name.removeprefix("val_")
    values, figures = evaluation.values(), evaluation.figures()
    if bare in values:
        return f"here it is called {bare}."
    # By its whole, where it has the form of a figure by class or target.
    close = closest(bare, list(values if "/" in bare else figures))
    known = ", ".join(figures)
    by_class = ", and recall/CLASS, precision/CLASS, f1/CLASS" if evaluation.classification else ""
    return f"did you mean {close}?" if close else f"there are {known}{by_class}."
