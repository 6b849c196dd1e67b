"""`nnrun verify` finds every broken promise, and none where there is none."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nnrun.cli.main import run as nnrun
from nnrun.rundir.checkpoints import read_checkpoint, write_checkpoint
from nnrun.rundir.lock import locked
from nnrun.rundir.provenance import process_facts
from nnrun.verification.checks import CHECKS
from nnrun.verification.checks.best import best_epoch
from nnrun.verification.sizes import in_bytes
from nnrun.verification.verify import Verification, verify
from tests.scripted_run import Script, config_file

ROOT = Path(__file__).resolve().parent.parent
EPOCHS = 6
NAMES = [check.__name__ for check in CHECKS]


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run, which no test changes."""
    folder = tmp_path_factory.mktemp("complete")
    return Script().begin(folder / "runs", config_file(folder), EPOCHS)


@pytest.fixture
def run(complete: Path, tmp_path: Path) -> Path:
    """A complete run to damage."""
    return Path(shutil.copytree(complete, tmp_path / "runs" / "scripted" / complete.name))


@pytest.fixture
def lost(run: Path) -> Path:
    """The same run, as if its process had been killed at the end."""
    edit(run / "run.json", status="running", exit_code=None, ended=None, reason=None)
    return run


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


def found(result: Verification) -> list[tuple[str, str, str]]:
    """The broken promises: check, file and text."""
    return [(name, one.file, one.text) for name, one in result.findings if one.state == "broken"]


def notes(result: Verification) -> list[str]:
    """What there is to know besides."""
    return [one.text for _, one in result.findings if one.state == "note"]


def test_a_complete_run_keeps_every_promise(complete: Path) -> None:
    """Every check says that all is well, and nothing else."""
    result = verify(complete)
    assert [(name, finding.state) for name, finding in result.findings] == [(name, "ok") for name in NAMES]
    assert (result.status, result.epochs, result.name, result.id) == (
        "completed",
        EPOCHS,
        "scripted",
        complete.name,
    )
    assert result.size == sum(file.stat().st_size for file in complete.rglob("*") if file.is_file())


def test_nothing_is_changed(complete: Path) -> None:
    """Neither a file nor its time is another one afterwards."""

    def state() -> dict[str, tuple[float, bytes]]:
        return {
            str(file): (file.stat().st_mtime, file.read_bytes() if file.is_file() else b"")
            for file in complete.rglob("*")
        }

    before = state()
    verify(complete)
    assert state() == before


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
"""A grey picture of one pixel."""


def test_evaluations_and_pictures_are_counted(run: Path) -> None:
    """What came after the training is part of the run."""
    write("plots/curves.png", PNG)(run)
    write("evaluation/test-best.json", "{}")(run)
    result = verify(run)
    assert result.broken == ()
    assert ("results", "1 evaluation and 1 picture, complete") in [
        (name, one.text) for name, one in result.findings
    ]


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


NEWEST = "checkpoints/epoch-000006"
LAST = "model/last.keras"

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


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_found(run: Path, damage: Damage) -> None:
    """Whatever is damaged is named with its file, and with what is wrong."""
    damage.do(run)
    broken = found(verify(run))
    assert any(
        (name, file) == (damage.check, damage.file) and damage.text in text for name, file, text in broken
    ), broken


def test_every_check_has_a_damage() -> None:
    """No check of the list is there that nothing can break, but the two that only tell."""
    assert {damage.check for damage in DAMAGES.values()} == set(NAMES) - {"status", "leftovers"}


@pytest.mark.parametrize(
    "name",
    [
        "run.json",
        "metrics.csv",
        "events.jsonl",
        "summary.json",
        "config.yaml",
        "resolved.yaml",
        "model/preprocessing.json",
        LAST,
        f"{NEWEST}/manifest.json",
        f"{NEWEST}/state.npz",
    ],
)
@pytest.mark.parametrize("instead", ["folder", "pipe", "link to nothing"])
def test_something_else_in_place_of_a_file_is_found(run: Path, name: str, instead: str) -> None:
    """A folder, a pipe (at which reading would wait for ever) or a dead link is told like any other damage."""
    (run / name).unlink()
    if instead == "folder":
        (run / name).mkdir()
    elif instead == "pipe":
        os.mkfifo(run / name)
    else:
        (run / name).symlink_to("nowhere")
    assert not verify(run).holds


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


Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def invoke(run: Path, capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Runs the command in the folder with the run; returns exit code, stdout and stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = nnrun(["verify", "--runs-dir", str(run.parent.parent), *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_command_shows_every_promise(invoke: Invoke, run: Path) -> None:
    """One run is shown with all that was checked, in one line each."""
    code, out, err = invoke("latest")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].startswith(f"scripted {run.name}: completed, 6 epochs, ")
    assert [line.split()[:2] for line in lines[1:-1]] == [["ok", name] for name in NAMES]
    assert lines[-1] == "every promise holds"


def test_the_command_shows_what_is_broken(invoke: Invoke, run: Path) -> None:
    """A broken promise is a line with its file and what to do, and exit code 4."""
    flip(run / NEWEST / "state.npz", 5000)
    code, out, err = invoke("scripted")
    assert (code, err) == (4, "")
    assert (
        "  broken  checkpoints    checkpoints/epoch-000006: the checksum of state.npz does not match\n"
        "                         hint: nnrun resume uses epoch 5 instead.\n"
    ) in out
    assert out.endswith("1 broken promise\n")


def test_json_has_everything(invoke: Invoke, run: Path) -> None:
    """A program gets the same; one run or several, the form does not change."""
    (run / "model.txt").unlink()
    code, out, _ = invoke("latest", "--json")
    value = json.loads(out)
    assert (code, value["holds"]) == (4, False)
    (only,) = value["runs"]
    assert {key: only[key] for key in ("id", "name", "path", "status", "epochs", "holds")} == {
        "id": run.name,
        "name": "scripted",
        "path": str(run),
        "status": "completed",
        "epochs": 6,
        "holds": False,
    }
    broken = [one for one in only["findings"] if one["state"] == "broken"]
    assert broken == [
        {"check": "models", "state": "broken", "text": "it is missing", "file": "model.txt", "advice": None}
    ]


def test_all_runs_are_checked(invoke: Invoke, run: Path) -> None:
    """Of several runs only what is not in order is shown; one without a record is one of them."""
    config = config_file(run.parent)
    runs_dir = run.parent.parent
    config.rename(runs_dir / "scripted.yaml")
    other = Script().begin(runs_dir, runs_dir / "scripted.yaml", 2)
    (run / "run.json").unlink()
    (runs_dir / "scripted" / "notes").mkdir()
    code, out, err = invoke("--all")
    assert code == 4
    assert out.splitlines()[0].startswith(f"scripted {other.name}: completed, 2 epochs")
    assert out.splitlines()[1].startswith(f"scripted {run.name}: no record, 6 epochs")
    assert out.endswith("broken promise in 2 runs\n")
    assert err == f"no run: {runs_dir / 'scripted' / 'notes'}\n"
    _, quiet, _ = invoke("--all", "-q")
    assert len(quiet.splitlines()) < len(out.splitlines())
    _, verbose, _ = invoke("--all", "-v")
    assert verbose.count("  ok      ") >= len(NAMES)


def test_several_runs_may_be_named(invoke: Invoke, run: Path) -> None:
    """Each is found as in every other command."""
    code, out, _ = invoke("latest", str(run))
    assert (code, out.count("scripted 2")) == (0, 2)
    assert out.endswith("every promise holds in 2 runs\n")


@pytest.mark.parametrize("selector", ["path", "id", "beginning"])
def test_a_damaged_run_is_found(invoke: Invoke, run: Path, selector: str) -> None:
    """No other command can read it; this one says what is wrong."""
    (run / "run.json").write_text("{")
    name = {"path": str(run), "id": run.name, "beginning": run.name[:10]}[selector]
    code, out, _ = invoke(name)
    assert code == 4
    assert "run.json: it is damaged" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "expected a RUN, or --all"),
        (("--all", "latest"), 2, "--all and a RUN were both given"),
        (("nothing",), 4, "no run 'nothing'"),
        (("\0",), 4, "no run"),
        (("a" * 5000,), 4, "no run"),
        (("best:nothing",), 2, "more or less"),
        (("latest", "nothing"), 4, "no run 'nothing'"),
        (("--jsn", "latest"), 2, "No such option"),
    ],
)
def test_wrong_arguments_are_explained(
    invoke: Invoke, arguments: tuple[str, ...], code: int, message: str
) -> None:
    """Nothing is printed to stdout, and the message says what is wrong."""
    received, out, err = invoke(*arguments)
    assert (received, out) == (code, "")
    assert message in err


def test_no_runs_is_told_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to check is no failure, and JSON stays JSON."""
    assert nnrun(["verify", "--all", "--json", "--runs-dir", str(tmp_path / "none")]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"holds": True, "runs": []}
    assert "no runs in" in captured.err


def test_control_characters_do_not_reach_the_terminal(invoke: Invoke, run: Path) -> None:
    """What is written in a damaged file cannot move the cursor."""
    edit(run / "summary.json", monitor="\x1b[2J\nloss")
    _, out, _ = invoke("latest")
    assert "\x1b" not in out
    assert len(out.splitlines()) == len(NAMES) + 2


def test_nothing_heavy_is_loaded(run: Path) -> None:
    """Neither TensorFlow nor anything else that takes long is imported."""
    heavy = ("tensorflow", "keras", "sklearn", "pandas", "pyarrow", "matplotlib", "rich")
    code = (
        "import sys\n"
        "from nnrun.cli.main import run\n"
        f"assert run(['verify', {str(run)!r}]) == 0\n"
        f"loaded = set(sys.modules) & set({heavy!r})\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_a_long_run_is_checked_quickly(tmp_path: Path) -> None:
    """Ten thousand epochs take well below the second that a person waits."""
    path = Script(save_every=10_000).begin(tmp_path / "runs", config_file(tmp_path), 10_000)
    started = time.perf_counter()
    assert verify(path).broken == ()
    assert time.perf_counter() - started < 5
