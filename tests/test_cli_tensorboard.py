"""`nnrun tensorboard` shows the event files of runs on this machine only."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nnrun.rundir.reading import Run
from nnrun.tracking.board import Links
from tests.configs import nnrun
from tests.conftest import ROOT
from tests.test_event_files import epochs, write_events

MakeRun = Callable[..., Run]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Makes runs below `runs`, with event files in the folders that are named."""

    def make(run_id: str, name: str, *folders: str) -> Run:
        path = tmp_path / "runs" / name / run_id
        path.mkdir(parents=True)
        record = {"id": run_id, "name": name, "status": "completed", "started": "2026-01-01T12:00:00Z"}
        (path / "run.json").write_text(json.dumps(record))
        for folder in folders:
            write_events(path / folder / "events.out.tfevents.1.host.1.0.v2", ("", 0), *epochs(1, 2))
        return Run.read(path)

    return make


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Starts the command, and ends it with the test."""
    started = []

    def run(*arguments: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "nnrun", "tensorboard", *arguments, "--runs-dir", str(tmp_path / "runs")],
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield run
    for process in started:
        process.kill()
        process.communicate()


def ask(url: str, what: str) -> Any:
    """Asks the server; it may still be looking for the runs."""
    for _ in range(100):
        with urllib.request.urlopen(f"{url}{what}", timeout=20) as answer:  # noqa: S310 - of this machine
            found = json.load(answer)
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"no answer to {what}")


def test_runs_are_served_by_name_and_id(make_run: MakeRun, start: Any, tmp_path: Path) -> None:
    """The address is printed, lists the runs and their metrics, and is that of this machine; Ctrl-C ends it well."""
    make_run("20260101-120000-aaaa", "moons", "tensorboard/train", "tensorboard/validation")
    make_run("20260101-130000-bbbb", "iris")
    process, url = start("--port", "0")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", url)
    assert sorted(ask(url, "data/runs")) == [
        "moons/20260101-120000-aaaa/train",
        "moons/20260101-120000-aaaa/validation",
    ]
    tags = ask(url, "data/plugin/scalars/tags")
    assert "epoch_loss" in tags["moons/20260101-120000-aaaa/train"]
    with socket.socket() as other:
        other.settimeout(2)
        port = int(url.rstrip("/").rpartition(":")[2])
        assert other.connect_ex(("127.0.0.2", port)) != 0  # another address of this machine: nobody listens
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=20)
    assert process.returncode == 0
    assert messages == "TensorBoard shows 1 run; Ctrl-C ends it\n"
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_chosen_runs_are_served_without_tensorflow(make_run: MakeRun, start: Any) -> None:
    """Only the runs that were named; one without event files is told; SIGTERM ends it with 143."""
    make_run("20260101-120000-aaaa", "moons", "tensorboard/train")
    make_run("20260102-120000-bbbb", "moons", "tensorboard/train")
    make_run("20260101-130000-cccc", "iris")
    process, url = start("20260101-12", "iris", "--port", "0")
    assert ask(url, "data/runs") == ["moons/20260101-120000-aaaa/train"]
    ask(url, "data/plugins_listing")
    maps = Path(f"/proc/{process.pid}/maps")
    if maps.exists():
        assert "tensorflow" not in maps.read_text()
    process.terminate()
    _, messages = process.communicate(timeout=20)
    assert process.returncode == 143
    assert "without event files: iris 20260101-130000-cccc\n" in messages


def test_a_port_in_use_is_told(make_run: MakeRun, start: Any) -> None:
    """A port that was asked for is not exchanged for another one."""
    make_run("20260101-120000-aaaa", "moons", "tensorboard/train")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        process, url = start("--port", str(port))
        _, messages = process.communicate(timeout=20)
    assert (process.returncode, url) == (4, "")
    assert f"{port}" in messages
    assert "--port" in messages


def test_links_have_readable_names_and_follow_new_runs(make_run: MakeRun, tmp_path: Path) -> None:
    """The usual folder disappears from the name; others are told apart; what comes later is added."""
    folder = tmp_path / "links"
    folder.mkdir()
    links = Links(folder)
    one = make_run("20260101-120000-aaaa", "moons", "tensorboard/train", "tensorboard/validation")
    other = make_run("20260101-130000-bbbb", "moons", "tensorboard/train", "logs/a/train")
    late = make_run("20260101-140000-cccc", "iris")
    assert links.add([one, other, late]) == [late]
    write_events(late.path / "tensorboard" / "train" / "events.out.tfevents.1.x.1.0.v2", ("", 0))
    assert links.add([one, other, late]) == []
    found = sorted(str(path.relative_to(folder)) for path in folder.glob("*/*/*"))
    assert found == [
        "iris/20260101-140000-cccc/train",
        "moons/20260101-120000-aaaa/train",
        "moons/20260101-120000-aaaa/validation",
        "moons/20260101-130000-bbbb/logs",
        "moons/20260101-130000-bbbb/tensorboard",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 4, "none of the 2 runs has event files"),
        (["iris"], 4, "the run has no event files"),
        (["--filter", "name=iris"], 4, "callbacks: [TensorBoard]"),
        (["--filter", "name=nobody"], 4, "no such runs in"),
        (["nobody"], 4, "no run 'nobody'"),
        (["iris", "--filter", "name=iris"], 2, "expected runs or --filter"),
        (["--filter", "name"], 2, "cannot understand the filter"),
        (["--port", "70000"], 2, ""),
    ],
)
def test_what_cannot_be_shown(
    make_run: MakeRun,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    """Nothing is started, and the message says what to add to the config."""
    make_run("20260101-120000-aaaa", "iris")
    make_run("20260101-130000-bbbb", "moons")
    assert nnrun("tensorboard", *arguments, "--runs-dir", str(tmp_path / "runs")) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err
