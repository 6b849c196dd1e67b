"""Several devices train what a single one trains, up to the order in which floats are summed.

The sums of three devices are those of one device in another order, so each step differs by some units in the last place
of a 32-bit float, 6e-8 of its size. Eighteen steps with weights around 1 differ by less than 5e-7; the tolerance leaves
room for other processors. A batch that is divided wrongly differs from the second digit on.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.programs import program

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

TOLERANCE = 3e-6

NAMES = (
    "pieces, a last batch of one",
    "class weights, clipnorm, regularizers, constraint",
    "global_clipnorm, accumulated gradients",
    "loss scale",
    "batches of one, AUC, Precision",
    "moving averages, R2Score",
    "convolution, synchronized BatchNormalization",
    "embedding",
)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What `tests.several_devices` finds with three logical devices."""
    result = subprocess.run(
        program("tests.several_devices"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    values: dict[str, Any] = json.loads(result.stdout)
    return values


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_metrics_are_those_of_one_device(found: dict[str, Any], name: str) -> None:
    """Weights, optimizer and metrics, those of validation too, agree after three epochs with a short last batch."""
    assert found[name]["weights"] < TOLERANCE
    assert found[name]["metrics"] < TOLERANCE


def test_every_case_is_looked_at(found: dict[str, Any]) -> None:
    """No model is trained in vain."""
    assert set(found) == {*NAMES, "own", "facts"}
    assert found["facts"] == {"strategy": "mirrored", "replicas": 3, "workers": 1}


def test_statistics_are_averaged_and_random_numbers_differ(found: dict[str, Any]) -> None:
    """The averages of BatchNormalization agree at the end of an epoch, and each device drops other units."""
    assert found["own"]["equal averages"] is True
    assert found["own"]["seeds"] == 3


def test_a_training_continues_with_the_same_bits(found: dict[str, Any]) -> None:
    """Also where devices have random numbers and statistics of their own, which a checkpoint holds for the first."""
    assert found["own"]["resumed"] is True
