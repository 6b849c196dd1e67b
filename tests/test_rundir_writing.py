"""Run directories are made exclusively, complete from the start, and say how the run ended."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from nnrun.config.urls import redact
from nnrun.errors import EnvironmentFault, NnrunError, StorageError
from nnrun.rundir import provenance
from nnrun.rundir.checkpoints import Checkpoint, write_checkpoint
from nnrun.rundir.reading import Run
from nnrun.rundir.writing import RunDirectory


def create(runs_dir: Path, name: str = "iris", **changes: Any) -> RunDirectory:
    """Makes a run directory with plain contents."""
    arguments: dict[str, Any] = {
        "config": b"name: iris\r\n# \xc3\xbc\n",
        "resolved": "name: iris\n",
        "command": ["nnrun", "train", "iris.yaml"],
        "seed": 7,
    }
    return RunDirectory.create(runs_dir, name, **(arguments | changes))


def stored(directory: RunDirectory) -> dict[str, Any]:
    """Reads the record from the disk."""
    record: dict[str, Any] = json.loads((directory.path / "run.json").read_text())
    return record


def test_a_new_run_has_its_config_and_record(tmp_path: Path) -> None:
    """From the start the directory tells what runs there; the config is the user's, byte for byte."""
    directory = create(tmp_path / "deep" / "runs")
    assert directory.path.parent == tmp_path / "deep" / "runs" / "iris"
    assert (directory.path / "config.yaml").read_bytes() == b"name: iris\r\n# \xc3\xbc\n"
    assert (directory.path / "resolved.yaml").read_text() == "name: iris\n"
    record = stored(directory)
    assert record["id"] == directory.id == directory.path.name
    assert (record["name"], record["status"], record["seed"]) == ("iris", "running", 7)
    assert record["process"]["pid"] == os.getpid()
    assert record["versions"].keys() == {"python", "nnrun", "numpy", "tensorflow", "keras"}


def test_the_id_is_the_local_time_and_four_digits(tmp_path: Path) -> None:
    """Ids sort by time and read as the time on the user's clock."""
    directory = create(tmp_path)
    stamp, _, random = directory.id.rpartition("-")
    started = datetime.fromisoformat(stored(directory)["started"])
    assert datetime.strptime(stamp, "%Y%m%d-%H%M%S").astimezone() == started.replace(microsecond=0)
    assert len(random) == 4
    assert int(random, 16) >= 0


def test_runs_of_the_same_second_get_their_own_directories(tmp_path: Path) -> None:
    """Many runs that start at once never share a directory."""
    with ThreadPoolExecutor(8) as pool:
        directories = list(pool.map(lambda _: create(tmp_path), range(40)))
    assert len({directory.path for directory in directories}) == 40


def test_a_taken_id_is_never_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the random part repeats within a second, another one is drawn."""

    class OneMoment(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime(2026, 1, 2, 3, 4, 5, tzinfo=tz)

    monkeypatch.setattr("nnrun.rundir.writing.datetime", OneMoment)
    drawn = iter(["aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr(secrets, "token_hex", lambda size: next(drawn) if size == 2 else os.urandom(4).hex())
    assert create(tmp_path).id.endswith("-aaaa")
    assert create(tmp_path).id.endswith("-bbbb")


def test_a_file_in_place_of_the_folder_is_an_environment_fault(tmp_path: Path) -> None:
    """Where no directory can be made, the error names it and the flag that helps."""
    (tmp_path / "runs").write_text("")
    with pytest.raises(EnvironmentFault) as caught:
        create(tmp_path / "runs")
    assert str(tmp_path / "runs" / "iris") in caught.value.message
    assert "--runs-dir" in caught.value.advice
    assert caught.value.exit_code == 4


def test_a_file_named_like_the_experiment_is_an_environment_fault(tmp_path: Path) -> None:
    """A file where the folder of the experiment should be is reported, not retried for ever."""
    (tmp_path / "iris").write_text("")
    with pytest.raises(EnvironmentFault, match="iris"):
        create(tmp_path)


def test_a_read_only_place_is_an_environment_fault() -> None:
    """A place where nobody may make folders is an error of the environment."""
    with pytest.raises(EnvironmentFault, match="/proc"):
        create(Path("/proc/runs"))


def test_a_beginning_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at the start leaves no half-made directory."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        create(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_appears_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody ever sees one without its record: until it is complete it has a hidden name."""
    seen: list[list[str]] = []
    real = Path.rename

    def rename(source: Path, target: Path) -> Path:
        seen.append(sorted(path.name for path in source.iterdir()))
        assert source.name.startswith(".tmp-")
        assert not target.exists()
        return real(source, target)

    monkeypatch.setattr(Path, "rename", rename)
    directory = create(tmp_path)
    assert seen == [["config.yaml", "resolved.yaml", "run.json"]]
    assert sorted(path.name for path in directory.path.iterdir()) == seen[0]


def test_the_checksums_of_the_configs_are_recorded(tmp_path: Path) -> None:
    """Years later they tell whether the files are still what was trained."""
    directory = create(tmp_path)
    for name in ("config.yaml", "resolved.yaml"):
        content = (directory.path / name).read_bytes()
        assert stored(directory)["sha256"][name] == [hashlib.sha256(content).hexdigest()]


def test_a_file_can_be_written_with_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record comes first, and keeps the checksum of what was there: a kill in between is no damage."""
    directory = create(tmp_path)
    (directory.path / "model").mkdir()
    digests = []
    for content in (b"one", b"two", b"two"):
        directory.write("model/file", content)
        assert (directory.path / "model" / "file").read_bytes() == content
        digests.append(hashlib.sha256(content).hexdigest())
    assert stored(directory)["sha256"]["model/file"] == digests[:2]

    def fail(*arguments: object) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr("nnrun.rundir.writing.write_bytes", fail)
    with pytest.raises(StorageError):
        directory.write("model/file", b"three")
    assert (
        hashlib.sha256((directory.path / "model/file").read_bytes()).hexdigest()
        in stored(directory)["sha256"]["model/file"]
    )


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.ENOSPC, StorageError, 7),
        (errno.EDQUOT, StorageError, 7),
        (errno.EIO, StorageError, 7),
        (errno.EROFS, EnvironmentFault, 4),
        (errno.EACCES, EnvironmentFault, 4),
    ],
)
def test_the_disk_and_the_place_are_different_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception], code: int
) -> None:
    """Another folder helps where this one may not be written to, and not where the disk is full."""

    def fail(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "mkdir", fail)
    with pytest.raises(kind) as caught:
        create(tmp_path)
    assert isinstance(caught.value, NnrunError)
    assert caught.value.exit_code == code
    assert str(tmp_path / "iris") in caught.value.message


def test_resuming_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    """Unfinished files at any depth, and checkpoints beyond the last two."""
    directory = create(tmp_path)
    for epoch in (1, 2, 3):
        write_checkpoint(directory.path, Checkpoint(epoch, {}, {}))
        kept = directory.path / f".kept-{epoch}"
        (directory.path / "checkpoints" / f"epoch-00000{epoch}").rename(kept)
    for epoch in (1, 2, 3):
        (directory.path / f".kept-{epoch}").rename(directory.path / "checkpoints" / f"epoch-00000{epoch}")
    (directory.path / ".tmp-1-run.json").touch()
    (directory.path / "checkpoints" / ".tmp-2-epoch-000004").mkdir()
    (directory.path / "checkpoints" / ".tmp-2-epoch-000004" / "state.npz").touch()
    RunDirectory.reopen(Run.read(directory.path), resolved="name: iris\n", command=["nnrun"], epoch=3)
    assert not list(directory.path.rglob(".tmp-*"))
    assert sorted(path.name for path in (directory.path / "checkpoints").iterdir()) == [
        "epoch-000002",
        "epoch-000003",
    ]


def test_a_renamed_run_keeps_its_id(tmp_path: Path) -> None:
    """A copy that is continued under another name is still that run in its events."""
    directory = create(tmp_path)
    copy = directory.path.rename(tmp_path / "iris" / "copy")
    reopened = RunDirectory.reopen(Run.read(copy), resolved="", command=[], epoch=1)
    assert (reopened.id, reopened.path) == (directory.record["id"], copy)


def test_fields_are_updated_on_disk(tmp_path: Path) -> None:
    """What becomes known later is added, and the rest of the record stays."""
    directory = create(tmp_path)
    directory.update(device="CPU", class_names=["a", "b"])
    record = stored(directory)
    assert (record["device"], record["class_names"], record["seed"]) == ("CPU", ["a", "b"], 7)


def test_the_end_is_recorded(tmp_path: Path) -> None:
    """A finished run says how, why and when it ended."""
    directory = create(tmp_path)
    directory.finish("interrupted", 130, "interrupted by SIGINT", timing={"import": 5.0})
    record = stored(directory)
    assert (record["status"], record["exit_code"]) == ("interrupted", 130)
    assert record["reason"] == "interrupted by SIGINT"
    assert record["timing"] == {"import": 5.0}
    assert datetime.fromisoformat(record["ended"]) >= datetime.fromisoformat(record["started"])
    assert record["seconds"] >= 0


def test_discarding_removes_the_empty_folder_of_the_experiment(tmp_path: Path) -> None:
    """Nothing remains of a run that never began."""
    create(tmp_path).discard()
    assert list(tmp_path.iterdir()) == []


def test_discarding_removes_the_folders_that_were_made_for_it(tmp_path: Path) -> None:
    """Also those above the experiment; a folder that was there before stays."""
    (tmp_path / "there").mkdir()
    create(tmp_path / "there" / "a" / "b").discard()
    assert list(tmp_path.rglob("*")) == [tmp_path / "there"]


def test_discarding_keeps_other_runs(tmp_path: Path) -> None:
    """The runs beside it are untouched."""
    kept = create(tmp_path)
    create(tmp_path).discard()
    assert list((tmp_path / "iris").iterdir()) == [kept.path]


def test_credentials_in_urls_are_not_recorded(tmp_path: Path) -> None:
    """The command is recorded without what gives access to something."""
    url = "dataset.download.url=https://me:pa55@host/a.zip?X-Amz-Signature=abc&id=3&api_key=q"
    directory = create(tmp_path, command=["nnrun", "train", url])
    assert stored(directory)["command"][2] == (
        "dataset.download.url=https://***@host/a.zip?X-Amz-Signature=***&id=3&api_key=***"
    )
    assert "pa55" not in (directory.path / "run.json").read_text()


@pytest.mark.parametrize("text", ["fit.epochs=3", "a@b", "https://host/path@2x.png", "x?token=1"])
def test_other_arguments_are_recorded_as_they_are(text: str) -> None:
    """Only logins and keys of URLs are hidden."""
    assert redact(text) == text


def test_only_listed_variables_are_recorded() -> None:
    """An environment is full of secrets: what is recorded is an allow-list."""
    facts = provenance.host_facts({"OMP_NUM_THREADS": "2", "AWS_SECRET_ACCESS_KEY": "x"})
    assert facts["environment"] == {"OMP_NUM_THREADS": "2"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one commit and a folder in it."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "iris.yaml").write_text("name: iris\n")
    git = [
        "git",
        "-C",
        str(tmp_path),
        "-c",
        "user.name=n",
        "-c",
        "user.email=e@x",
        "-c",
        "init.defaultBranch=m",
    ]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        try:
            subprocess.run([*git, *command], check=True, capture_output=True)
        except FileNotFoundError:
            pytest.skip("git is not installed")
    return tmp_path


def test_the_commit_around_the_config_is_recorded(repository: Path) -> None:
    """A clean repository gives its commit."""
    head = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert provenance.git_state(repository / "configs") == {"commit": head, "dirty": False}


def test_changed_files_make_the_commit_dirty(repository: Path) -> None:
    """A changed tracked file is told; a new file beside it is not a change."""
    (repository / "new.txt").write_text("")
    state = provenance.git_state(repository)
    assert state is not None
    assert state["dirty"] is False
    (repository / "configs" / "iris.yaml").write_text("name: other\n")
    state = provenance.git_state(repository)
    assert state is not None
    assert state["dirty"] is True


def test_no_repository_is_no_state(tmp_path: Path) -> None:
    """Outside of any repository nothing is recorded, and git is not started."""
    assert provenance.git_state(tmp_path) is None


def test_a_repository_cannot_start_programs(repository: Path, tmp_path: Path) -> None:
    """A monitor program that the repository names is not run."""
    trap = tmp_path / "trap"
    script = tmp_path / "monitor"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n")
    script.chmod(0o755)
    subprocess.run(
        ["git", "-C", str(repository), "config", "core.fsmonitor", str(script)],
        check=True,
        capture_output=True,
    )
    assert provenance.git_state(repository) is not None
    assert not trap.exists()


def test_this_process_is_alive() -> None:
    """A running process is recognised by what was recorded about it."""
    assert provenance.process_is_alive(provenance.process_facts()) is True


@pytest.mark.parametrize(
    ("change", "alive"),
    [
        ({"boot": "another"}, False),
        ({"start": 1}, False),
        ({"host": "elsewhere"}, None),
        ({"pid": "x"}, None),
    ],
)
def test_a_process_that_only_has_the_same_number_is_another_one(
    change: dict[str, Any], alive: object
) -> None:
    """After a restart, or with a reused number, the process is gone; on another host nobody knows."""
    if change.get("start") and provenance.process_facts()["start"] is None:
        pytest.skip("this system has no /proc")
    assert provenance.process_is_alive(provenance.process_facts() | change) is alive
