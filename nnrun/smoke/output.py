"""Proofs as a table for people, as JSON for programs, and as annotations for GitHub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnrun.display.formats import duration, printable
from nnrun.display.paint import BOLD, GREEN, RED
from nnrun.display.problems import printable as printable_line
from nnrun.display.problems import workflow_command
from nnrun.display.tables import Column, Paint, plain, table
from nnrun.smoke.results import STEPS, ConfigResult, StepResult

FORMAT = 1
"""Version of the layout of the JSON; it grows when a reader has to know."""


def as_record(results: Sequence[ConfigResult]) -> dict[str, Any]:
    """Returns everything as a JSON object."""
    failed = sum(bool(result.failed) for result in results)
    return {
        "format": FORMAT,
        "passed": len(results) - failed,
        "failed": failed,
        "configs": [
            {
                "config": result.config,
                "passed": not result.failed,
                "exit_code": result.code,
                "seconds": round(result.seconds, 3),
                "peak_memory": result.peak,
                "notes": list(result.notes),
                "steps": [_step(step) for step in result.steps],
            }
            for result in results
        ],
    }


def _step(step: StepResult) -> dict[str, Any]:
    record: dict[str, Any] = {
        "name": step.name,
        "status": step.status,
        "seconds": round(step.seconds, 4),
        "detail": step.detail,
    }
    if step.status == "failed":
        record |= {
            "expected": step.expected,
            "received": step.received,
            "advice": step.advice,
            "exit_code": step.code,
        }
    return record


def as_text(
    results: Sequence[ConfigResult],
    width: int | None = None,
    paint: Paint = plain,
    *,
    verbose: bool = False,
) -> str:
    """Returns a line per config, and below what failed.

    Args:
        results: What came out.
        width: How many cells a line may have; None for as many as it takes.
        paint: Colours a text, as `nnrun.display.paint.painted` does.
        verbose: Also every step that passed.
    """
    text = table(_columns(results), width, paint, BOLD)
    for result in results:
        text += "".join(f"note: {printable(result.config)}: {printable(note)}\n" for note in result.notes)
        for step in result.steps:
            if step.status == "failed":
                text += "\n" + _failure(result, step, paint)
            elif verbose:
                text += f"{'' if step.name != 'check' else chr(10)}{_passed(result, step)}"
            elif step.status == "skipped" and not result.failed:
                text += (
                    f"note: {printable(result.config)}: {step.name} was skipped: {printable(step.detail)}\n"
                )
    return text + "\n" + _verdict(results, paint)


def _columns(results: Sequence[ConfigResult]) -> list[Column]:
    return [
        Column("config", [printable(result.config) for result in results], elastic=1),
        Column("result", [_result(result) for result in results], codes=_colour),
        Column("steps", [f"{_done(result)}/{len(STEPS)}" for result in results], numeric=True),
        Column("time", [duration(result.seconds) for result in results], numeric=True, spare=1),
        Column("memory", [_memory(result.peak) for result in results], numeric=True, spare=2),
    ]


def _done(result: ConfigResult) -> int:
    return sum(step.status == "passed" for step in result.steps)


def _result(result: ConfigResult) -> str:
    return f"FAILED {', '.join(step.name for step in result.failed)}" if result.failed else "passed"


def _colour(text: str) -> tuple[str, ...]:
    return (RED, BOLD) if text.startswith("FAILED") else (GREEN,) if text.startswith("passed") else ()


def _memory(peak: int | None) -> str:
    return "" if peak is None else f"{peak / 1e6:,.0f} MB"


def _failure(result: ConfigResult, step: StepResult, paint: Paint) -> str:
    lines = [f"{paint('FAILED', RED, BOLD)} {printable(result.config)}: {paint(step.name, BOLD)}"]
    lines += _indented("expected", step.expected)
    lines += _indented("received", step.received)
    lines += _indented("hint", step.advice)
    return "\n".join(lines) + "\n"


def _indented(word: str, text: str) -> list[str]:
    rows = [printable_line(line) for line in text.splitlines()]
    return [f"  {word + ':' if not number else '':<10}{row}" for number, row in enumerate(rows)]


def _passed(result: ConfigResult, step: StepResult) -> str:
    told = f"  {step.status:<8}{step.name:<11}{duration(step.seconds):>6}  {printable(step.detail)}\n"
    return f"{printable(result.config)}\n{told}" if step.name == "check" else told


def _verdict(results: Sequence[ConfigResult], paint: Paint) -> str:
    failed = sum(bool(result.failed) for result in results)
    seconds = duration(sum(result.seconds for result in results))
    count = f"{len(results)} config{'s' if len(results) > 1 else ''}"
    if not failed:
        return f"{count}: {paint('every step passed', GREEN)} in {seconds}\n"
    return f"{count}: {paint(f'{failed} failed', RED, BOLD)} in {seconds}\n"


def github_commands(results: Sequence[ConfigResult]) -> list[str]:
    """Returns a workflow command for everything that failed, which GitHub shows beside the config."""
    commands: list[str] = []
    for result in results:
        for step in result.failed:
            if step.annotations:
                commands += step.annotations
                continue
            text = f"expected: {step.expected}\nreceived: {step.received}"
            if step.advice:
                text += f"\n{step.advice}"
            commands.append(
                workflow_command("error", {"file": result.config, "title": f"nnrun smoke: {step.name}"}, text)
            )
    return commands
