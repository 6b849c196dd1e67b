"""A cross-validation as tables for people and as JSON for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nnrun.display.formats import duration, in_order, number, printable
from nnrun.display.paint import BOLD
from nnrun.display.tables import Column, Paint, plain, table
from nnrun.events import plain as json_value
from nnrun.search.crossval import CrossValidation, FoldRun, Spread

FORMAT = 1
"""Version of the layout of the JSON; it grows when a reader has to know."""


def as_record(result: CrossValidation) -> dict[str, Any]:
    """Returns everything as a JSON object; numbers that are not finite are strings."""
    record: dict[str, Any] = json_value(
        {
            "format": FORMAT,
            "id": result.id,
            "name": result.loaded.experiment.name,
            "config": str(result.loaded.path),
            "seed": result.loaded.seed,
            "folds": len(result.folds),
            "complete": len(result.complete),
            "divided": result.divided,
            "monitor": result.monitor,
            "seconds": round(result.seconds, 3),
            "best": _spreads(result.best),
            "final": _spreads(result.final),
            "runs": [_run(one) for one in result.folds],
        }
    )
    return record


def _spreads(spreads: Mapping[str, Spread]) -> dict[str, Any]:
    return {
        name: {
            "mean": one.mean,
            "std": one.deviation,
            "min": min(one.values),
            "max": max(one.values),
            "values": one.values,
        }
        for name, one in spreads.items()
    }


def _run(one: FoldRun) -> dict[str, Any]:
    ended = one.ended
    return {
        "fold": one.fold,
        "run": one.path.name,
        "path": str(one.path),
        "samples": one.samples,
        "status": ended.status,
        "reason": ended.reason,
        "epochs": ended.epochs,
        "seconds": round(ended.seconds, 3),
        "best_epoch": ended.best_epoch,
        "best": ended.best,
        "final": ended.final,
        "timing": ended.timing,
    }


def as_text(result: CrossValidation, width: int | None = None, paint: Paint = plain) -> str:
    """Returns the folds and their means as tables.

    Args:
        result: What came out.
        width: How many cells a line may have; None for as many as it takes.
        paint: Colours a text, as `nnrun.display.paint.painted` does.
    """
    experiment = result.loaded.experiment
    held = max((sum(one.samples.values()) - one.samples.get("test", 0) for one in result.folds), default=0)
    head = f"{experiment.name}: {len(result.folds)} folds of {held:,} samples{_WORDS[result.divided]}"
    if len(result.complete) < len(result.folds):
        head += f"; {len(result.folds) - len(result.complete)} failed"
    lines = [printable(f"{head}; seed {result.loaded.seed}"), ""]
    text = "\n".join(lines) + "\n" + table(_fold_columns(result), width, paint, BOLD)
    if result.complete:
        text += "\n" + table(_metric_columns(result), width, paint, BOLD) + "\n"
        if any(one.ended.best_epoch != one.ended.epochs for one in result.complete):
            text += _FLATTERS.format(monitor=printable(result.monitor))
    return text + f"runs  nnrun runs --filter crossval.id={result.id}\n"


_FLATTERS = (
    "The best epoch of a fold was chosen by {monitor} on that very fold, which flatters.\n"
    "The last epoch was not chosen by anything.\n"
)

_WORDS = {
    "classes": ", with the classes in equal shares",
    "classes and groups": ", with groups kept together and the classes in equal shares",
    "groups": ", with groups kept together",
    "time": ", in the order of time, each validated on what follows",
    "samples": "",
}


def _fold_columns(result: CrossValidation) -> list[Column]:
    folds = result.folds
    names = _ordered([one.ended.best for one in folds])
    return [
        Column("fold", [str(one.fold) for one in folds], numeric=True),
        Column("train", [f"{one.samples.get('train', 0):,}" for one in folds], numeric=True, spare=4),
        Column(
            "validation", [f"{one.samples.get('validation', 0):,}" for one in folds], numeric=True, spare=4
        ),
        Column("epochs", [str(one.ended.epochs) for one in folds], numeric=True, spare=2),
        Column("best", [str(one.ended.best_epoch or "") for one in folds], numeric=True, spare=1),
        *(
            # The metrics of the training say least about the network.
            Column(printable(name), [_value(one, name) for one in folds], numeric=True, spare=spare)
            for name, spare in names
        ),
        Column("time", [duration(one.ended.seconds) for one in folds], numeric=True, spare=3),
        Column("run", [_outcome(one) for one in folds]),
    ]


def _ordered(metrics: Sequence[Mapping[str, float]]) -> list[tuple[str, int]]:
    """Returns the metrics in the order to show, those of validation first, with how dispensable each is."""
    merged = {name: 0.0 for one in metrics for name in one}
    names = [name for name, _ in in_order(merged)]
    validation = [name for name in names if name.startswith("val_")]
    return [(name, 0) for name in validation] + [(name, 5) for name in names if name not in validation]


def _value(one: FoldRun, name: str) -> str:
    value = one.ended.best.get(name)
    return "" if value is None else number(value)


def _outcome(one: FoldRun) -> str:
    return one.path.name if one.error is None else printable(f"{one.path.name} failed: {one.error.message}")


def _metric_columns(result: CrossValidation) -> list[Column]:
    best, final = result.best, result.final
    names = [name for name, _ in in_order(dict.fromkeys([*best, *final], 0.0))]
    blocks = {"": best} if best == final else {"best ": best, "last ": final}
    return [
        Column("metric", [printable(name) for name in names]),
        *(
            Column(f"{title}{part}", [_part(spreads.get(name), part) for name in names], numeric=True)
            for title, spreads in blocks.items()
            for part in ("mean", "std")
        ),
    ]


def _part(spread: Spread | None, part: str) -> str:
    value = math.nan if spread is None else (spread.mean if part == "mean" else spread.deviation)
    return "" if math.isnan(value) else number(value)
