"""What came out of proving a config, step by step, in a form that goes through a pipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nnrun.errors import RequirementError

STEPS: Mapping[str, str] = {
    "check": "a config without problems",
    "data": "data that can be read and fit the config",
    "train": "two epochs of a few batches, with a finite loss",
    "checkpoint": "a run directory and a checkpoint that keep every promise of nnrun verify",
    "resume": "the bits of the training that was not interrupted",
    "reload": "the outputs of the trained network from keras.models.load_model, without nnrun",
    "evaluate": "the metrics that were measured in training",
    "predict": "the outputs of evaluate, from raw input and the run directory alone",
}
"""Every step by its name, in their order, with what is expected of it."""

ALONE = ("checkpoint", "resume", "reload", "evaluate", "predict")
"""These are tried also where one of them failed; what fails before them ends it."""

Status = Literal["passed", "failed", "skipped"]


class Mismatch(RequirementError):
    """A step came to another result than it has to.

    Args:
        received: What came instead of that which is expected of the step.
        expected: What exactly was expected; by default what `STEPS` says.
    """

    def __init__(self, received: str, expected: str = "") -> None:
        super().__init__(received)
        self.expected = expected


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of one config.

    Args:
        name: A name of `STEPS`.
        status: `skipped` where it was not tried, or where there is nothing to try.
        seconds: How long it took.
        detail: What was shown, or why it was skipped; empty where it failed.
        expected: What was expected of a step that failed.
        received: What came instead; may have several lines.
        advice: What the user can do about it; may be empty.
        code: The exit code that the failure stands for; 0 where it is none.
        annotations: The same for GitHub, where places in the file are known; else empty.
    """

    name: str
    status: Status
    seconds: float = 0.0
    detail: str = ""
    expected: str = ""
    received: str = ""
    advice: str = ""
    code: int = 0
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfigResult:
    """All steps of one config.

    Args:
        config: The path, as it was given.
        steps: A result for each of `STEPS`, in their order.
        seconds: Time of all of them, with the start of TensorFlow where this config was the first.
        peak: Bytes of memory that the process had at most meanwhile; None where that is not known.
        notes: What the user should know also where nothing failed.
    """

    config: str
    steps: tuple[StepResult, ...]
    seconds: float
    peak: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[StepResult, ...]:
        """The steps that failed."""
        return tuple(step for step in self.steps if step.status == "failed")

    @property
    def code(self) -> int:
        """The exit code of the first failure; 0 where nothing failed."""
        return next((step.code for step in self.failed), 0)

    def to_json(self) -> dict[str, Any]:
        """Returns a JSON object from which `from_json` makes an equal value."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ConfigResult:
        """Reads what `to_json` wrote."""
        steps = tuple(
            StepResult(**{**step, "annotations": tuple(step["annotations"])}) for step in value["steps"]
        )
        return cls(value["config"], steps, value["seconds"], value["peak"], tuple(value["notes"]))


def ended_in(config: str, done: tuple[StepResult, ...], failure: StepResult, seconds: float) -> ConfigResult:
    """Returns the result of a config whose process ended, or was ended, in a step.

    Args:
        config: The path.
        done: The steps before it.
        failure: The step.
        seconds: Time of all of them.
    """
    tried = {step.name: step for step in (*done, failure)}
    reason = f"the process ended in step {failure.name}"
    return ConfigResult(
        config,
        tuple(tried.get(name) or StepResult(name, "skipped", detail=reason) for name in STEPS),
        seconds,
    )
