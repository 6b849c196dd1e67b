"""All pictures, one line each; every one has a module of its name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from nnrun.evaluation.plots.subject import Subject

Needs = Literal["metrics", "data", "predictions"]
"""What a picture is made of: the metrics of a run; the data of a run or config; the predictions of a run."""


class Kind(NamedTuple):
    """A kind of picture.

    Args:
        name: What it is called, on the command line too; its module is called the same.
        file: Its name in the folder `plots` of a run.
        needs: What it is made of.
        shows: What can be seen on it.
    """

    name: str
    file: str
    needs: Needs
    shows: str


KINDS = (
    Kind("curves", "curves.png", "metrics", "loss, metrics and learning rate over the epochs"),
    Kind("samples", "samples.png", "data", "some samples of each class, with their labels"),
    Kind("pairs", "pairs.png", "data", "the columns of a table against each other, coloured by class"),
    Kind("confusion", "confusion_matrix.png", "predictions", "which classes are taken for which"),
    Kind("misclassified", "misclassified.png", "predictions", "the mistakes that it was most sure of"),
    Kind("boundary", "decision_boundary.png", "predictions", "classes over the plane of two features"),
    Kind("roc", "roc.png", "predictions", "ROC and precision-recall curve of two classes"),
    Kind("calibration", "calibration.png", "predictions", "whether its probabilities come true"),
    Kind("residuals", "residuals.png", "predictions", "predicted against true numbers, and what is left"),
)


class PlotModule(Protocol):
    """What the module of a picture offers, beside a function from plain values to a PNG file."""

    def obstacle(self, subject: Subject) -> str | None:
        """Says why there can be no such picture, as far as that is known without predictions; None if there can."""

    def draw(self, subject: Subject) -> bytes:
        """Draws it.

        Raises:
            UsageError: There can be no such picture.
            DataError: The data, or the network, cannot be loaded.
        """


def module_of(kind: Kind) -> PlotModule:
    """Returns the module of a picture, which loads Matplotlib."""
    return cast(PlotModule, importlib.import_module(f"nnrun.evaluation.plots.{kind.name}"))
