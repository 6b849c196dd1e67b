"""Ways to damage a complete run directory of `tests.scripted_run`, and what is then said about it."""

from __future__ import annotations

import base64
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EPOCHS = 6
"""The epochs of a complete run."""

NEWEST = "checkpoints/epoch-000006"
LAST = "model/last.keras"

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
"""A grey picture of one pixel."""


def edit(file: Path, **changes: Any) -> None:
    """Changes a JSON file."""
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def replace(file: Path, old: str, new: str) -> None:
    """Changes a text in a file, where it stands first."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def flip(file: Path, position: int) -> None:
    """Flips one bit of a file."""
    content = bytearray(file.read_bytes())
    content[position] ^= 1
    file.write_bytes(content)


@dataclass(frozen=True)
class Damage:
    """One way to damage a complete run, and what is then said."""

    do: Callable[[Path], object]
    check: str
    file: str
    text: str


def remove(name: str) -> Callable[[Path], None]:
    """Removes a file or folder."""

    def do(run: Path) -> None:
        shutil.rmtree(run / name) if (run / name).is_dir() else (run / name).unlink()

    return do


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    """Writes something else into a file."""

    def do(run: Path) -> None:
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return do


def changed(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Changes a text in a file."""
    return lambda run: replace(run / name, old, new)


def edited(name: str, **changes: Any) -> Callable[[Path], None]:
    """Changes fields of a JSON file."""
    return lambda run: edit(run / name, **changes)


def cut(name: str, by: int = 1) -> Callable[[Path], None]:
    """Cuts off the end of a file."""
    return lambda run: (run / name).write_bytes((run / name).read_bytes()[:-by])


def without_row(epoch: int) -> Callable[[Path], None]:
    """Removes a row of the table."""

    def do(run: Path) -> None:
        lines = (run / "metrics.csv").read_text().splitlines(keepends=True)
        (run / "metrics.csv").write_text("".join(line for line in lines if not line.startswith(f"{epoch},")))

    return do


def archive(name: str, **members: bytes) -> Callable[[Path], None]:
    """Writes a model file with other members."""

    def do(run: Path) -> None:
        with zipfile.ZipFile(run / name, "w") as target:
            for member, content in members.items():
                target.writestr(member.replace("_", ".", 1) if member != "weights" else member, content)

    return do


DAMAGES = {
    "record missing": Damage(remove("run.json"), "record", "run.json", "it is missing"),
    "record torn": Damage(cut("run.json", 20), "record", "run.json", "it is damaged"),
    "record nested": Damage(write("run.json", "[" * 100_000), "record", "run.json", "it is damaged"),
    "record code": Damage(edited("run.json", exit_code=5), "record", "run.json", "expected one of 0, 6"),
    "record end": Damage(edited("run.json", ended=None), "record", "run.json", "expected a time"),
    "config missing": Damage(remove("config.yaml"), "config", "config.yaml", "it is missing"),
    "config changed": Damage(
        changed("config.yaml", "epochs: 6", "epochs: 7"), "checksums", "config.yaml", "not the file"
    ),
    "resolved missing": Damage(remove("resolved.yaml"), "config", "resolved.yaml", "it is missing"),
    "resolved unknown key": Damage(
        changed("resolved.yaml", "shuffle: true", "shufle: true"),
        "config",
        "resolved.yaml",
        "dataset has no key 'shufle'",
    ),
    "resolved changed": Damage(
        changed("resolved.yaml", "units: 1", "units: 2"), "checksums", "resolved.yaml", "not the file"
    ),
    "checksums none": Damage(
        edited("run.json", sha256=7), "checksums", "run.json", "sha256 is 7, expected an object"
    ),
    "checksums outside": Damage(
        edited("run.json", sha256={"../x": []}), "checksums", "run.json", "a file in this folder"
    ),
    "resolved seed": Damage(
        changed("resolved.yaml", "seed: 1", "seed: 2"), "config", "resolved.yaml", "seed is 2, and 1"
    ),
    "events missing": Damage(remove("events.jsonl"), "events", "events.jsonl", "it is missing"),
    "events torn": Damage(cut("events.jsonl"), "events", "events.jsonl", "its last line has no end"),
    "events damaged": Damage(
        changed("events.jsonl", '"epoch_ended"', '"epoch_ended'), "events", "events.jsonl", "it is no JSON"
    ),
    "events field": Damage(
        changed("events.jsonl", '"first_epoch": 1', '"first_epoch": "1"'),
        "events",
        "events.jsonl",
        "line 5: expected a whole number of at least 1 at 'first_epoch', received '1'",
    ),
    "events end": Damage(
        changed("events.jsonl", '"status": "completed"', '"status": "failed"'),
        "events",
        "events.jsonl",
        "the last end has status 'failed', and run.json 'completed'",
    ),
    "events of another run": Damage(
        changed("events.jsonl", '"run_id": "2', '"run_id": "3'),
        "events",
        "events.jsonl",
        "it tells of another run",
    ),
    "metrics missing": Damage(
        remove("metrics.csv"), "metrics", "metrics.csv", "epoch 1 is not in metrics.csv"
    ),
    "metrics torn": Damage(cut("metrics.csv"), "metrics", "metrics.csv", "its last line has no end"),
    "metrics header": Damage(
        changed("metrics.csv", "epoch,", "epoche,"), "metrics", "metrics.csv", "line 1: expected the columns"
    ),
    "metrics column twice": Damage(
        changed("metrics.csv", "val_accuracy", "loss"),
        "metrics",
        "metrics.csv",
        "the column 'loss' is there twice",
    ),
    "metrics row twice": Damage(
        changed("metrics.csv", "\n3,", "\n2,0.25,0.001,0.5,0.25\n3,"),
        "metrics",
        "metrics.csv",
        "line 4: expected the row of epoch 3, received that of epoch '2'",
    ),
    "metrics row missing": Damage(
        without_row(3),
        "metrics",
        "metrics.csv",
        "line 4: expected the row of epoch 3, received that of epoch '4'",
    ),
    "metrics short": Damage(
        without_row(6),
        "metrics",
        "metrics.csv",
        "it ends with epoch 5, and there is a checkpoint of epoch 6",
    ),
    "metrics cell": Damage(
        changed("metrics.csv", "0.5", "o.5"), "metrics", "metrics.csv", "a number in the column 'loss'"
    ),
    "metrics extra cell": Damage(
        changed("metrics.csv", "\n3,", "\n3,0,"), "metrics", "metrics.csv", "expected 5 cells, received 6"
    ),
    "metrics value": Damage(
        changed("metrics.csv", "0.5", "0.6"),
        "metrics",
        "metrics.csv",
        "epoch 2: loss is 0.6, and 0.5 in events.jsonl",
    ),
    "metrics encoding": Damage(
        lambda run: (run / "metrics.csv").write_bytes(b"\xff" + (run / "metrics.csv").read_bytes()),
        "metrics",
        "metrics.csv",
        "it is no UTF-8 text",
    ),
    "summary missing": Damage(remove("summary.json"), "summary", "summary.json", "it is missing"),
    "summary no object": Damage(
        write("summary.json", "[]"), "summary", "summary.json", "it is no JSON object"
    ),
    "summary status": Damage(
        edited("summary.json", status="failed"), "summary", "summary.json", "status is 'failed'"
    ),
    "summary epochs": Damage(edited("summary.json", epochs=7), "summary", "summary.json", "epochs is 7"),
    "summary final": Damage(
        edited("summary.json", final_loss=0.1),
        "summary",
        "summary.json",
        "final_loss is 0.1, and loss of epoch 6 in metrics.csv is 0.6",
    ),
    "summary best": Damage(
        edited("summary.json", best_loss="0.4"), "summary", "summary.json", "best_loss is '0.4'"
    ),
    "best of nothing": Damage(
        edited("summary.json", best_epoch=40), "summary", "summary.json", "best_epoch is 40"
    ),
    "best not the best": Damage(
        edited("summary.json", best_epoch=2, best_loss=0.5, best_val_accuracy=1 / 3),
        "best",
        "summary.json",
        "best_epoch is 2, and by loss (min) in metrics.csv it is 5",
    ),
    "best none": Damage(
        edited("summary.json", best_epoch=None), "best", "summary.json", "best_epoch is None"
    ),
    "monitor none": Damage(edited("summary.json", monitor=None), "best", "summary.json", "monitor is None"),
    "checkpoint arrays": Damage(
        lambda run: flip(run / NEWEST / "state.npz", 5000),
        "checkpoints",
        NEWEST,
        "the checksum of state.npz does not match",
    ),
    "checkpoint short": Damage(
        cut(f"{NEWEST}/state.npz"), "checkpoints", NEWEST, "state.npz has 32,507 bytes instead of 32,508"
    ),
    "checkpoint manifest": Damage(
        changed(f"{NEWEST}/manifest.json", '"best_epoch": 5', '"best_epoch": 4'),
        "checkpoints",
        NEWEST,
        "the checksum of manifest.json does not match",
    ),
    "checkpoint no manifest": Damage(
        remove(f"{NEWEST}/manifest.json"), "checkpoints", NEWEST, "manifest.json is missing"
    ),
    "checkpoint no arrays": Damage(
        remove(f"{NEWEST}/state.npz"), "checkpoints", NEWEST, "state.npz is missing"
    ),
    "checkpoint renamed": Damage(
        lambda run: (run / NEWEST).rename(run / "checkpoints/epoch-000009"),
        "checkpoints",
        "checkpoints/epoch-000009",
        "it is no checkpoint of epoch 9",
    ),
    "checkpoint missing": Damage(
        remove(NEWEST),
        "checkpoints",
        "checkpoints",
        "the checkpoint of epoch 6 is missing: the newest one is that of epoch 5",
    ),
    "checkpoints missing": Damage(
        remove("checkpoints"), "checkpoints", "checkpoints", "of epoch 6 is missing: there is none"
    ),
    "model missing": Damage(remove(LAST), "models", LAST, "it is missing"),
    "best model missing": Damage(remove("model/best.keras"), "models", "model/best.keras", "it is missing"),
    "model damaged": Damage(
        lambda run: flip(run / LAST, 9000),
        "models",
        LAST,
        "the checksum of its member 'model.weights.h5' does not match",
    ),
    "model short": Damage(cut(LAST, 30), "models", LAST, "it is no complete archive"),
    "model empty": Damage(write(LAST, b""), "models", LAST, "it is no archive as Keras writes it"),
    "model without weights": Damage(
        archive(LAST, metadata_json=b"{}", config_json=b"{}"),
        "models",
        LAST,
        "it has no members 'model.weights.h5'",
    ),
    "model of another epoch": Damage(
        changed(
            "events.jsonl", '"epoch": 6, "path": "model/last.keras"', '"epoch": 5, "path": "model/last.keras"'
        ),
        "models",
        LAST,
        "it should be that of epoch 6, and events.jsonl has epoch 5",
    ),
    "layers missing": Damage(remove("model.txt"), "models", "model.txt", "it is missing"),
    "preprocessing missing": Damage(
        remove("model/preprocessing.json"), "preprocessing", "model/preprocessing.json", "it is missing"
    ),
    "preprocessing damaged": Damage(
        write("model/preprocessing.json", "{}"),
        "preprocessing",
        "model/preprocessing.json",
        "it cannot be used",
    ),
    "preprocessing classes": Damage(
        changed("model/preprocessing.json", '"0"', '"zero"'),
        "preprocessing",
        "model/preprocessing.json",
        "its class names are not those of run.json",
    ),
    "evaluation damaged": Damage(
        write("evaluation/test-best.json", "{"),
        "results",
        "evaluation/test-best.json",
        "it is no JSON",
    ),
    "picture damaged": Damage(
        write("plots/curves.png", PNG.replace(b"\x08\x00", b"\x08\x02", 1)),
        "results",
        "plots/curves.png",
        "it is no complete PNG picture",
    ),
    "picture cut": Damage(
        write("plots/curves.png", b"\x89PNG\r\n\x1a\n half"),
        "results",
        "plots/curves.png",
        "it is no complete PNG picture",
    ),
}
