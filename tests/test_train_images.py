"""Networks trained on image files, from the config to figures for new images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.configs import nnrun
from tests.image_files import encoded, write_folder

pytestmark = pytest.mark.tensorflow

CONFIG = """
name: shades
seed: 0
dataset:
  source: images
  path: shades
  size: [8, 8]
  color: gray
  unreadable: skip
  scale: unit
  split: {validation: 0.2, test: 0.2, stratify: true}
model:
  layers:
    - RandomFlip: {mode: horizontal}
    - RandomRotation: {factor: 0.1}
    - RandomZoom: {height_factor: 0.1}
    - RandomTranslation: {height_factor: 0.1, width_factor: 0.1}
    - RandomContrast: {factor: 0.1}
    - Conv2D: {filters: 4, kernel_size: [3, 3], activation: relu}
    - GlobalAveragePooling2D
    - Dense: {units: 2, activation: softmax}
compile:
  optimizer: {Adam: {learning_rate: 0.05}}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
fit:
  epochs: 4
  batch_size: 16
"""


def shades(folder: Path, count: int, seed: int = 0) -> Path:
    """Makes images that are darker in one class than in the other."""
    generator = np.random.default_rng(seed)
    return write_folder(
        folder,
        {
            f"{name}/{number}.png": encoded(generator.integers(low, low + 80, (10, 12), dtype=np.uint8))
            for name, low in (("dark", 0), ("light", 170))
            for number in range(count)
        },
    )


def test_a_network_learns_from_image_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Through the cache and the augmentation; evaluated on its own split, on new images, and when the data changed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))
    write_folder(shades(tmp_path / "shades", 60), {"dark/broken.png": b""})
    (tmp_path / "shades.yaml").write_text(CONFIG)
    assert nnrun("train", "shades.yaml") == 0
    err = capfd.readouterr().err
    assert "shades: 120 images of 2 classes, 60 of each" in err
    assert "shades: 1 of 121 images cannot be read and are left out: 'dark/broken.png' (an empty file)" in err
    (run,) = (tmp_path / "runs" / "shades").iterdir()
    form = json.loads((run / "model" / "preprocessing.json").read_text())["image"]
    assert form == {"height": 8, "width": 8, "color": "gray", "resize": "stretch", "exact": False}
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert any("decoded shades, 121 images" in event.get("text", "") for event in events)

    assert nnrun("evaluate", "shades", "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["split"], found["samples"], found["data_changed"]) == ("test", 24, False)
    assert found["metrics"]["accuracy"] >= 0.9

    new = shades(tmp_path / "new", 5, seed=1)
    assert nnrun("evaluate", "shades", "--data", str(new), "--json") == 0
    found = json.loads(capfd.readouterr().out)
    assert found["samples"] == 10
    assert found["metrics"]["accuracy"] >= 0.9

    (tmp_path / "shades" / "dark" / "0.png").write_bytes(encoded(np.full((10, 12), 9, np.uint8)))
    assert nnrun("resume", "shades", "fit.epochs=5") == 4
    assert "data" in capfd.readouterr().err
    assert nnrun("evaluate", "shades", "--json") == 0
    assert json.loads(capfd.readouterr().out)["data_changed"]


def test_a_network_learns_the_same_from_what_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Images that are read while it trains give the metrics of those that lie in memory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))
    shades(tmp_path / "shades", 20)
    (tmp_path / "shades.yaml").write_text(CONFIG)
    metrics = []
    for memory in ("1000000000", "1000"):
        monkeypatch.setenv("NNRUN_DATA_MEMORY", memory)
        assert nnrun("train", "shades.yaml", "fit.epochs=2", "--name", f"shades-{memory}") == 0
        (run,) = (tmp_path / "runs" / f"shades-{memory}").iterdir()
        rows = (run / "metrics.csv").read_text().splitlines()[1:]
        metrics.append([row.split(",")[2:] for row in rows])
    assert metrics[0] == metrics[1]
