"""What came out, at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnrun.display.formats import duration
from nnrun.evaluation.report.blocks import (
    Block,
    Cell,
    Column,
    Fact,
    Facts,
    Section,
    Share,
    Shares,
    Table,
    Tile,
    Tiles,
)
from nnrun.evaluation.report.material import Material, Missing
from nnrun.evaluation.report.texts import NONE, command, figure_cell, mapping, number, plural

_MAIN = ("accuracy", "r2", "mae", "loss")
"""The figure of an evaluation that is shown first is the first one of these that it has."""


def section(material: Material) -> Section:
    """Returns the summary of a run."""
    blocks: list[Block] = []
    tiles = [tile for tile in (_best(material), _judged(material), _time(material), _size(material)) if tile]
    if tiles:
        blocks.append(Tiles(tiles))
    table = _metrics(material)
    if table is not None:
        blocks.append(table)
    blocks.append(Facts(_facts(material)))
    phases = _phases(material)
    if phases is not None:
        blocks.append(phases)
    return Section("summary", "Summary", blocks)


def _best(material: Material) -> Tile | None:
    epoch, monitor = material.best_epoch, material.monitor
    value = material.values_of(epoch).get(monitor or "")
    if epoch is None or value is None:
        return None
    return Tile(f"best {monitor}", figure_cell(value), f"in epoch {epoch:,} of {len(material.rows):,}")


def _judged(material: Material) -> Tile | None:
    found = material.judgement
    if isinstance(found, Missing):
        return None
    figures = mapping(found.record["figures"])
    name = next((name for name in _MAIN if name in figures), None)
    if name is None:
        return None
    title = {"r2": "R\u00b2", "mae": "MAE"}.get(name, name)
    note = f"{plural(found.record['samples'], 'sample')}, {found.record['weights']} weights"
    return Tile(f"{found.split} {title}", figure_cell(figures[name]), note)


def _time(material: Material) -> Tile | None:
    seconds = number(material.run.record.get("seconds"))
    if seconds is None:
        return None
    each = [value for row in material.rows if (value := row.get("seconds")) is not None]
    note = f"{duration(sum(each) / len(each))} per epoch" if each else ""
    return Tile("time", Cell(duration(seconds), f"{seconds} s"), note)


def _size(material: Material) -> Tile | None:
    parameters = material.past.training.get("parameters")
    if not isinstance(parameters, int):
        return None
    layers = mapping(material.run.config_values.get("model")).get("layers")
    note = f"in {plural(len(layers), 'layer')}" if isinstance(layers, list) else ""
    return Tile("parameters", Cell(f"{parameters:,}"), note)


def _metrics(material: Material) -> Table | None:
    """Returns the metrics of the best and the last epoch, and of the evaluation, beside each other."""
    last = len(material.rows)
    if not last:
        return None
    parts: list[tuple[str, str, Mapping[str, Any]]] = []
    best = material.best_epoch
    if best is not None and best != last:
        parts += _of_epoch(f"best: epoch {best:,}", material.values_of(best))
    title = f"last and best: epoch {last:,}" if best == last else f"last: epoch {last:,}"
    parts += _of_epoch(title, material.values_of(last))
    found = material.judgement
    if not isinstance(found, Missing):
        parts.append(("evaluation", found.split, mapping(found.record["metrics"])))
    names = list(dict.fromkeys(name for _, _, values in parts for name in values))
    rows = [
        [Cell(name, mark="code"), *(figure_cell(values.get(name)) for _, _, values in parts)]
        for name in names
    ]
    columns = [Column("metric"), *(Column(split, numeric=True, group=group) for group, split, _ in parts)]
    return Table(columns, rows, "Loss and metrics")


def _of_epoch(title: str, values: Mapping[str, float]) -> list[tuple[str, str, Mapping[str, Any]]]:
    parts: list[tuple[str, str, Mapping[str, Any]]] = [
        (title, "train", {name: value for name, value in values.items() if not name.startswith("val_")})
    ]
    validation = {
        name.removeprefix("val_"): value for name, value in values.items() if name.startswith("val_")
    }
    if validation:
        parts.append((title, "validation", validation))
    return parts


def _facts(material: Material) -> Sequence[Fact]:
    run, training = material.run, material.past.training
    planned = mapping(run.config_values.get("fit")).get("epochs")
    epochs = (
        f"{len(material.rows):,} of {planned:,}" if isinstance(planned, int) else f"{len(material.rows):,}"
    )
    xla = mapping(run.record.get("xla"))
    device = str(run.record.get("device") or NONE) + (", XLA" if xla.get("used") else "")
    reason = run.record.get("reason")
    facts = [
        Fact("Status", Cell(f"{run.status}: {reason}" if reason else run.status)),
        Fact("Epochs", Cell(epochs)),
    ]
    if isinstance(training.get("steps"), int):
        facts.append(Fact("Batches per epoch", Cell(f"{training['steps']:,}")))
    if material.monitor:
        facts.append(Fact("Best by", Cell(material.monitor, mark="code")))
    rate = _rate(material)
    if rate is not None:
        facts.append(Fact("Learning rate", Cell(rate)))
    facts += [
        Fact("Seed", Cell(str(run.record.get("seed", NONE)))),
        Fact("Device", Cell(device)),
        Fact("Command", Cell(command(run.record), mark="code")),
    ]
    return facts


def _rate(material: Material) -> str | None:
    rates = [rate for row in material.rows if (rate := row.get("learning_rate")) is not None]
    if not rates:
        return None
    first, last = f"{rates[0]:.4g}", f"{rates[-1]:.4g}"
    if len(set(rates)) == 1:
        return f"{first} throughout"
    return f"from {first} to {last}"


def _phases(material: Material) -> Shares | None:
    run = material.run
    timing = {name: number(value) for name, value in mapping(run.record.get("timing")).items()}
    shares = [Share(name, value, duration(value)) for name, value in timing.items() if value]
    if not shares:
        return None
    total, seconds = sum(share.value for share in shares), number(run.record.get("seconds"))
    if seconds is not None and seconds - total > 0.01 * seconds:
        shares.append(Share("other", seconds - total, duration(seconds - total)))
    return Shares("Time by phase", shares)
