"""A thousand epochs: memory and open files stay as they are."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.test_cli_train import start
from tests.test_resume import CONFIG

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

EPOCHS = 1200
WARM_UP = 200
GROWTH = 6 << 20
"""Bytes by which the most memory of the last third may exceed that of the first one after the warm-up."""


def test_a_thousand_epochs_take_no_more_memory(tmp_path: Path) -> None:
    """Resident memory and open files are watched from outside; the directory grows by lines of text alone."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the memory of another process is read from /proc")
    (tmp_path / "resumed.yaml").write_text(CONFIG)
    overrides = [f"fit.epochs={EPOCHS}", "fit.callbacks=[]", "checkpoint.every_seconds=0.5"]
    process = start(
        tmp_path, "train", "resumed.yaml", "--progress", "off", *overrides, stdout=subprocess.DEVNULL
    )
    seen: list[tuple[int, int, int]] = []
    while process.poll() is None:
        time.sleep(0.02)
        epochs = _epochs(tmp_path)
        if epochs > WARM_UP:
            seen += [(epochs, *facts) for facts in _facts(process.pid)]
    assert process.wait() == 0
    assert process.stderr is not None
    process.stderr.close()
    # At the end comes what has nothing to do with epochs: Matplotlib, and the last models.
    seen = [each for each in seen if each[0] < EPOCHS]
    assert len(seen) > 20
    third = (EPOCHS - WARM_UP) // 3
    first = [each for each in seen if each[0] <= WARM_UP + third]
    last = [each for each in seen if each[0] > EPOCHS - third]
    assert max(memory for _, memory, _ in last) <= max(memory for _, memory, _ in first) + GROWTH
    assert max(files for _, _, files in last) <= max(files for _, _, files in first)
    (path,) = (tmp_path / "runs").glob("*/*")
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    assert size < 1_000_000 + EPOCHS * 1_000


def _epochs(folder: Path) -> int:
    """Returns how many epochs are complete."""
    return sum(file.read_bytes().count(b"\n") - 1 for file in folder.glob("runs/*/*/metrics.csv"))


def _facts(pid: int) -> list[tuple[int, int]]:
    """Returns resident bytes and open files of a process; nothing if it has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    except (OSError, ValueError):
        return []
    return [(int(kilobytes) * 1024, files)]
