"""A baseline as a table for people and as JSON for programs."""

from __future__ import annotations

import math
from typing import Any

from nnrun.display.formats import duration, number, printable
from nnrun.display.paint import BOLD
from nnrun.display.tables import Column, Paint, plain, table
from nnrun.events import plain as json_value
from nnrun.search.baseline import Baseline

FORMAT = 1
"""Version of the layout of the JSON; it grows when a reader has to know."""

_CLASSES = {"accuracy": 0, "macro_f1": 2, "auc": 1, "log_loss": 3}
_VALUES = {"r2": 0, "mae": 1, "rmse": 2}
"""The figures that are shown, with how dispensable each is."""


def as_record(result: Baseline) -> dict[str, Any]:
    """Returns everything as a JSON object; numbers that are not finite are strings."""
    network = result.network
    record: dict[str, Any] = json_value(
        {
            "format": FORMAT,
            "name": result.loaded.experiment.name,
            "config": str(result.loaded.path),
            "seed": result.loaded.seed,
            "split": result.split,
            "samples": dict(result.samples),
            "features": result.features,
            "classes": result.classes,
            "fingerprint": result.fingerprint,
            "network": None
            if network is None
            else {
                "run": network.run.id,
                "path": str(network.run.path),
                "weights": network.weights,
                "seconds": round(network.seconds, 4),
                "figures": dict(network.figures),
            },
            "references": [
                {
                    "name": one.name,
                    "model": one.model,
                    "parameters": dict(one.parameters),
                    "seconds": round(one.seconds, 4),
                    "figures": dict(one.figures),
                }
                for one in result.references
            ],
            "notes": list(result.notes),
        }
    )
    return record


def as_text(result: Baseline, width: int | None = None, paint: Paint = plain) -> str:
    """Returns the models as a table, the network first.

    Args:
        result: What came out.
        width: How many cells a line may have; None for as many as it takes.
        paint: Colours a text, as `nnrun.display.paint.painted` does.
    """
    train, judged = result.samples["train"], result.samples[result.split]
    head = (
        f"{result.loaded.experiment.name}: {result.split} split, {judged:,} samples; "
        f"learned from {train:,} samples of {result.features:,} numbers; seed {result.loaded.seed}"
    )
    text = printable(head) + "\n"
    if result.network is not None:
        epoch = f"weights of its {result.network.weights} epoch"
        text += f"network of run {result.network.run.id}, {epoch}\n"
    text += "\n" + table(_columns(result), width, paint, BOLD)
    if result.notes:
        text += "\n" + "".join(f"note: {printable(note)}\n" for note in result.notes)
    return text


def _columns(result: Baseline) -> list[Column]:
    network = result.network
    models = [(one.name, one.details, one.figures, one.seconds) for one in result.references]
    if network is not None:
        models.insert(0, ("network", "", network.figures, network.seconds))
    shown = _VALUES if result.classes is None else _CLASSES
    figures = [(name, spare) for name, spare in shown.items() if any(name in one[2] for one in models)]
    return [
        Column("model", [one[0] for one in models]),
        *(
            Column(name, [_cell(one[2].get(name)) for one in models], numeric=True, spare=spare)
            for name, spare in figures
        ),
        Column("fit", [duration(one[3]) for one in models], numeric=True, spare=0),
        Column("", [printable(one[1]) for one in models], spare=4),
    ]


def _cell(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else number(value)
