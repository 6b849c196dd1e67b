"""A small valid config that tests change, and nnrun as a function."""

from __future__ import annotations

from pathlib import Path

from nnrun.cli.main import run

IRIS = """\
name: iris-mlp
seed: 0
dataset:
  source: sklearn
  name: iris
  scale: standard
  split: {test: 0.5, stratify: true}
model:
  layers:
    - Dense: {units: 16, activation: sigmoid}
    - Dense: {units: 3, activation: softmax}
compile:
  optimizer: {Adam: {learning_rate: 0.01}}
  loss: categorical_crossentropy
  metrics: [accuracy]
fit:
  epochs: 100
  batch_size: 1
  callbacks:
    - EarlyStopping: {monitor: loss, patience: 10}
"""


def write_iris(folder: Path, *replacements: tuple[str, str]) -> Path:
    """Writes the config with texts replaced; each must occur."""
    text = IRIS
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / "iris.yaml"
    path.write_text(text)
    return path


def nnrun(*arguments: str) -> int:
    """Runs a command in this process and returns its exit code."""
    return run(arguments)
