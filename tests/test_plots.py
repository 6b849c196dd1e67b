"""Pictures: complete PNG files for everything that a run can hold."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

from nnrun.evaluation.plots.confusion import confusion
from nnrun.evaluation.plots.curves import Best, curves


def opened(content: bytes) -> Image.Image:
    """Opens a PNG completely and makes sure that something is drawn on it."""
    image = Image.open(io.BytesIO(content))
    image.load()
    assert image.format == "PNG"
    assert len(set(image.convert("L").get_flattened_data())) > 10
    return image


@pytest.mark.parametrize("count", [2, 10, 100])
def test_confusion_matrix_at_every_size(count: int) -> None:
    """A few classes with counts in the cells, many without."""
    matrix = np.eye(count, dtype=np.int64) * 20 + 1
    image = opened(confusion(matrix, [f"class {number}" for number in range(count)], "title", "subtitle"))
    assert 400 < image.width < 2000
    assert 350 < image.height < 2000


@pytest.mark.parametrize("name", ["猫", "a" * 300, "$5 to $10", "line\nbreak", "<script>", ""])
@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")  # a machine may lack a font for a script
def test_names_of_classes_may_be_anything(name: str) -> None:
    """Names are drawn as they are, or shortened; none is taken for a formula."""
    opened(confusion(np.array([[3, 1], [0, 4]]), [name, "other"], "title"))


def test_an_empty_class_has_no_shade() -> None:
    """A class without samples divides by zero otherwise."""
    opened(confusion(np.array([[3, 1], [0, 0]]), ["a", "b"], "title"))


@pytest.mark.parametrize("epochs", [1, 2, 300])
def test_curves_of_any_length(epochs: int) -> None:
    """Training and validation, with the best epoch."""
    rows = [
        {
            "epoch": float(n),
            "learning_rate": 0.1 / n,
            "loss": 1 / n,
            "accuracy": 1 - 1 / (n + 1),
            "val_loss": 1.1 / n,
        }
        for n in range(1, epochs + 1)
    ]
    opened(curves(rows, "run", Best(epochs, "val_loss")))


def test_curves_with_gaps_and_nan() -> None:
    """Validated every second epoch, and diverged at the end."""
    rows = [
        {"epoch": 1.0, "loss": 1.0, "val_loss": None},
        {"epoch": 2.0, "loss": 0.5, "val_loss": 0.7},
        {"epoch": 3.0, "loss": math.nan, "val_loss": math.inf},
    ]
    opened(curves(rows, "run"))
