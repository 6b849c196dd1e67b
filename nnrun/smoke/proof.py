"""Proving one config: its steps one after the other, with whatever goes wrong in them told."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nnrun.config.problems import ConfigError
from nnrun.errors import Interrupted, NnrunError
from nnrun.smoke.results import ALONE, STEPS, ConfigResult, Mismatch, StepResult
from nnrun.smoke.steps import Options, SkippedError, Steps

_TRACEBACK = 2000
"""Characters of a traceback that are kept: its end says most."""

Tell = Callable[[str], None]


def prove(path: Path, options: Options, folder: Path, tell: Tell = lambda _: None) -> ConfigResult:
    """Proves a config end to end on a few batches.

    Args:
        path: The config file.
        options: What is the same for all configs.
        folder: An empty folder for everything that is written.
        tell: Is given the name of each step before it begins.

    Returns:
        What came out of every step; whatever goes wrong is in it.
    """
    began = time.perf_counter()
    steps = Steps(path, options, folder)
    results: list[StepResult] = []
    lost = ""
    for name in STEPS:
        if lost:
            results.append(StepResult(name, "skipped", detail=f"step {lost} failed"))
            continue
        tell(name)
        result = _tried(name, getattr(steps, name), path)
        results.append(result)
        if result.status == "failed" and name not in ALONE:
            lost = name
    return ConfigResult(str(path), tuple(results), time.perf_counter() - began, notes=tuple(steps.notes))


def _tried(name: str, step: Callable[[], str], path: Path) -> StepResult:
    """Tries a step, and returns what came out."""
    began = time.perf_counter()
    try:
        detail = step()
    except SkippedError as reason:
        return StepResult(name, "skipped", time.perf_counter() - began, str(reason))
    except Interrupted:
        raise
    except NnrunError as error:
        return replace(_failure(name, error, path), seconds=time.perf_counter() - began)
    except Exception as error:  # the other configs get their turn, and this one is told
        trace = "".join(traceback.format_exception(error))[-_TRACEBACK:]
        received = f"{type(error).__name__}: {error}\n{trace}"
        advice = "this is a bug in nnrun, please report it"
        seconds = time.perf_counter() - began
        return StepResult(name, "failed", seconds, "", STEPS[name], received, advice, NnrunError.exit_code)
    return StepResult(name, "passed", time.perf_counter() - began, detail)


def _failure(name: str, error: NnrunError, path: Path) -> StepResult:
    expected = (error.expected if isinstance(error, Mismatch) else "") or STEPS[name]
    if not isinstance(error, ConfigError):
        return StepResult(name, "failed", 0.0, "", expected, error.message, error.advice, error.exit_code)
    from nnrun.display.problems import as_github, render

    return StepResult(
        name,
        "failed",
        expected=expected,
        received=render(error.problems),
        code=error.exit_code,
        annotations=tuple(as_github(problem, str(path)) for problem in error.problems),
    )
