"""`nnrun verify` finds nothing broken where nothing is, however a run ended or whether it still goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnrun.rundir.checkpoints import read_checkpoint, write_checkpoint
from nnrun.rundir.lock import locked
from nnrun.rundir.provenance import process_facts
from nnrun.verification.checks import CHECKS
from nnrun.verification.checks.best import best_epoch
from nnrun.verification.sizes import in_bytes
from nnrun.verification.verify import Verification, verify
from tests.damage import EPOCHS, NEWEST, PNG, edit, write
from tests.scripted_run import Script, config_file

ROOT = Path(__file__).resolve().parent.parent
NAMES = [check.__name__ for check in CHECKS]


@pytest.fixture
def run(complete_run: Path, tmp_path: Path) -> Path:
    """A complete run to damage."""
    return Path(shutil.copytree(complete_run, tmp_path / "runs" / "scripted" / complete_run.name))


@pytest.fixture
def lost(run: Path) -> Path:
    """The same run, as if its process had been killed at the end."""
    edit(run / "run.json", status="running", exit_code=None, ended=None, reason=None)
    return run


def notes(result: Verification) -> list[str]:
    """What there is to know besides."""
    return [one.text for _, one in result.findings if one.state == "note"]


def test_a_complete_run_keeps_every_promise(complete_run: Path) -> None:
    """Every check says that all is well, and nothing else."""
    result = verify(complete_run)
    assert [(name, finding.state) for name, finding in result.findings] == [(name, "ok") for name in NAMES]
    assert (result.status, result.epochs, result.name, result.id) == (
        "completed",
        EPOCHS,
        "scripted",
        complete_run.name,
    )
    assert result.size == sum(file.stat().st_size for file in complete_run.rglob("*") if file.is_file())


def test_nothing_is_changed(complete_run: Path) -> None:
    """Neither a file nor its time is another one afterwards."""

    def state() -> dict[str, tuple[float, bytes]]:
        return {
            str(file): (file.stat().st_mtime, file.read_bytes() if file.is_file() else b"")
            for file in complete_run.rglob("*")
        }

    before = state()
    verify(complete_run)
    assert state() == before


def test_evaluations_and_pictures_are_counted(run: Path) -> None:
    """What came after the training is part of the run."""
    write("plots/curves.png", PNG)(run)
    write("evaluation/test-best.json", "{}")(run)
    result = verify(run)
    assert result.broken == ()
    assert ("results", "1 evaluation and 1 picture, complete") in [
        (name, one.text) for name, one in result.findings
    ]


def test_a_lost_run_keeps_its_promises(lost: Path) -> None:
    """It is told as lost, with what can be done; a torn line at the end is no damage."""
    with (lost / "events.jsonl").open("a") as file:
        file.write('{"time": 1')
    with (lost / "metrics.csv").open("a") as file:
        file.write("7,0.1")
    edit(lost / "run.json", process=process_facts() | {"boot": "an earlier one"})
    result = verify(lost)
    assert result.broken == ()
    assert result.status == "lost"
    (text,) = [one.advice for name, one in result.findings if name == "status"]
    assert text == "nnrun resume trains on after epoch 6."
    assert "its last line has no end: it was cut off, and does not count" in notes(result)


def script(folder: Path, code: str) -> subprocess.Popen[bytes]:
    """Starts a scripted training in a process of its own."""
    config = config_file(folder)
    before = (
        f"import os, sys; sys.path.append({str(ROOT)!r}); from pathlib import Path; "
        f"from tests.scripted_run import Script; runs, config = {str(folder / 'runs')!r}, {str(config)!r}; "
    )
    code = before + code.replace("begin(", "begin(Path(runs), Path(config), ")
    return subprocess.Popen([sys.executable, "-c", code])


def test_a_run_that_was_killed_before_its_first_save_keeps_its_promises(tmp_path: Path) -> None:
    """No checkpoint, no model and no summary were promised by then."""
    process = script(
        tmp_path, "Script(pause=lambda where: where == 'epoch_ended' and os.kill(os.getpid(), 9)).begin(3)"
    )
    assert process.wait() == -9
    (path,) = (tmp_path / "runs").glob("*/*")
    result = verify(path)
    assert (result.broken, result.status, result.epochs) == ((), "lost", 0)
    advice = [one.advice for _, one in result.findings if one.advice]
    assert advice == ["nnrun resume trains on only from a checkpoint; there is none: train again."]


def test_a_run_that_goes_on_keeps_its_promises(tmp_path: Path) -> None:
    """While it trains, saves after every epoch and removes what is old, nothing ever looks broken."""
    process = script(tmp_path, "Script().resume(Script().begin(60), 120)")
    seen: list[Verification] = []
    try:
        while process.poll() is None:
            for path in (tmp_path / "runs").glob("*/[!.]*"):
                seen.append(verify(path))
                assert seen[-1].broken == ()
    finally:
        process.kill()
        process.wait()
    running = [result for result in seen if result.status == "running"]
    assert len(running) > 10
    assert len({result.epochs for result in running}) > 5


def test_a_copy_of_a_run_that_goes_on_is_told(run: Path) -> None:
    """Its record says running, its process lives, and nobody holds its lock."""
    edit(run / "run.json", status="running", exit_code=None, ended=None, process=process_facts())
    result = verify(run)
    assert result.broken == ()
    assert "or this is a copy" in " ".join(notes(result))
    with locked(run):
        assert "or this is a copy" not in " ".join(notes(verify(run)))


def test_a_run_of_another_machine_is_told(run: Path) -> None:
    """Nobody can say from here whether it still runs."""
    process = process_facts() | {"host": "elsewhere"}
    edit(run / "run.json", status="running", exit_code=None, ended=None, process=process)
    result = verify(run)
    assert result.broken == ()
    assert any("cannot be told from here" in text for text in notes(result))


def test_a_renamed_folder_is_told(run: Path) -> None:
    """A copy under another name is a run as good as the first."""
    copy = run.rename(run.with_name("copy"))
    result = verify(copy)
    assert result.broken == ()
    assert any("it was copied or renamed" in text for text in notes(result))


def test_leftovers_are_told(run: Path) -> None:
    """What a killed process left breaks nothing; how much it is is said."""
    (run / "model" / ".tmp-1234-best.keras").write_bytes(b"x" * 1500)
    (run / "checkpoints" / ".tmp-5678-epoch-000007").mkdir()
    (run / "checkpoints" / ".tmp-5678-epoch-000007" / "state.npz").write_bytes(b"x" * 500)
    result = verify(run)
    assert result.broken == ()
    assert notes(result) == ["2 unfinished files of a killed process, 2.0 kB: harmless"]


def test_a_checkpoint_too_many_is_told(run: Path) -> None:
    """A process that was killed between a save and the removal of the oldest leaves three."""
    shutil.copytree(run / NEWEST, run / "checkpoints/epoch-000004")
    manifest = run / "checkpoints/epoch-000004/manifest.json"
    assert "no checkpoint of epoch 4" in verify(run).broken[0].text
    checkpoint, _ = read_checkpoint(run)
    shutil.rmtree(run / "checkpoints")
    for epoch in (4, 5, 6):
        write_checkpoint(run, type(checkpoint)(epoch, checkpoint.arrays, checkpoint.state))
        shutil.copytree(run / "checkpoints", run / "kept", dirs_exist_ok=True)
    shutil.rmtree(run / "checkpoints")
    (run / "kept").rename(run / "checkpoints")
    assert manifest.exists()
    result = verify(run)
    assert result.broken == ()
    assert notes(result) == ["3 checkpoints, of which the next save keeps 2"]


def test_the_time_of_a_file_means_nothing(run: Path) -> None:
    """A clock that jumped back makes the newest checkpoint look old; its number decides."""
    for file in (run / NEWEST).rglob("*"):
        os.utime(file, (0, 0))
    os.utime(run / NEWEST, (0, 0))
    assert read_checkpoint(run)[0].epoch == EPOCHS
    assert verify(run).broken == ()


def test_records_of_the_first_version_are_accepted(run: Path) -> None:
    """Version 0.1 recorded no checksum of the config and none of the manifest."""
    record = json.loads((run / "run.json").read_text())
    del record["sha256"]
    (run / "run.json").write_text(json.dumps(record))
    for manifest in run.glob("checkpoints/*/manifest.json"):
        values = json.loads(manifest.read_text())
        del values["sha256"]
        manifest.write_text(json.dumps(values | {"format": 1}))
    assert verify(run).broken == ()
    assert read_checkpoint(run)[0].epoch == EPOCHS


@pytest.mark.parametrize(
    ("values", "mode", "expected"),
    [
        ([], "min", None),
        ([float("nan"), float("inf")], "min", None),
        ([float("nan"), 3.0, 2.0, 2.0, float("-inf")], "min", 3),
        ([0.5, 0.7, 0.7, float("inf")], "max", 2),
    ],
)
def test_the_best_epoch_is_the_first_of_the_best_finite_ones(
    values: list[float], mode: str, expected: int | None
) -> None:
    """What is not finite is never the best, and an equal one does not replace it."""
    assert best_epoch(values, mode) == expected


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (34_567, "35 kB"),
        (999_600, "1.0 MB"),
        (1 << 50, "1126 TB"),
    ],
)
def test_sizes_are_short(size: int, text: str) -> None:
    """A size is a number of at most three digits and a unit, up to terabytes."""
    assert in_bytes(size) == text


def test_a_long_run_is_checked_quickly(tmp_path: Path) -> None:
    """Ten thousand epochs take well below the second that a person waits."""
    path = Script(save_every=10_000).begin(tmp_path / "runs", config_file(tmp_path), 10_000)
    started = time.perf_counter()
    assert verify(path).broken == ()
    assert time.perf_counter() - started < 5
