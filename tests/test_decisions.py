"""Classes and probabilities out of the outputs of networks of every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnrun.config.experiment import Experiment
from nnrun.config.load import load_experiment
from nnrun.evaluation.decisions import predicted_classes, probabilities_of, threshold_of


def experiment(folder: Path, last: str, loss: str) -> Experiment:
    """Returns a config with this last layer and loss."""
    file = folder / "config.yaml"
    file.write_text(
        "dataset: {source: synthetic, generator: moons}\n"
        f"model: {{layers: [{last}]}}\ncompile: {{optimizer: sgd, loss: {loss}}}\n"
    )
    return load_experiment(file).experiment


LINEAR, LINEAR_3 = "Dense: {units: 1}", "Dense: {units: 3}"
LOGITS = "BinaryCrossentropy: {from_logits: true}"


@pytest.mark.parametrize(
    ("last", "loss", "outputs", "expected"),
    [
        ("Dense: {units: 1, activation: sigmoid}", "binary_crossentropy", [[0.25]], [[0.75, 0.25]]),
        (LINEAR, f"{{{LOGITS}}}", [[0.0], [800.0], [-800.0]], [[0.5, 0.5], [0, 1], [1, 0]]),
        (LINEAR, "binary_crossentropy", [[0.25], [1.5]], None),
        (LINEAR, "hinge", [[0.25]], None),
        ("Dense: {units: 3, activation: softmax}", "categorical_crossentropy", [[0.2, 0.3, 0.5]], [[0.2, 0.3, 0.5]]),
        (
            LINEAR_3,
            "{SparseCategoricalCrossentropy: {from_logits: true}}",
            [[0.0, 0.0, 0.0], [900.0, 0.0, 0.0]],
            [[1 / 3, 1 / 3, 1 / 3], [1, 0, 0]],
        ),
        ("Softmax", "{CategoricalCrossentropy: {from_logits: true}}", [[0.2, 0.3, 0.5]], [[0.2, 0.3, 0.5]]),
        ("Dense: {units: 3, activation: sigmoid}", "categorical_crossentropy", [[0.2, 0.2, 0.4]], [[0.25, 0.25, 0.5]]),
        (LINEAR_3, "categorical_crossentropy", [[-0.1, 0.4, 0.7]], None),
        ("Dense: {units: 3, activation: sigmoid}", "categorical_crossentropy", [[0.0, 0.0, 0.0]], None),
        (LINEAR_3, "categorical_hinge", [[0.2, 0.3, 0.5]], None),
    ],
)  # fmt: skip
def test_probabilities_of_outputs(
    tmp_path: Path, last: str, loss: str, outputs: list[list[float]], expected: list[list[float]] | None
) -> None:
    """Logits go through softmax, probabilities stay, scores are none."""
    found = probabilities_of(np.array(outputs, np.float32), experiment(tmp_path, last, loss))
    if expected is None:
        assert found is None
    else:
        assert found is not None
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_decisions_agree_with_probabilities(tmp_path: Path) -> None:
    """The class that is decided for is the one with the greater probability."""
    config = experiment(tmp_path, LINEAR, f"{{{LOGITS}}}")
    outputs = np.linspace(-3, 3, 13, dtype=np.float32)[:, np.newaxis]
    probabilities = probabilities_of(outputs, config)
    assert probabilities is not None
    decided = predicted_classes(outputs, threshold_of(config))
    assert decided.tolist() == (probabilities[:, 1] > 0.5).astype(int).tolist()
