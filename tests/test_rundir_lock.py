"""One writer per run directory, and nobody is kept out by a process that is gone."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnrun.cli.main import run as nnrun
from nnrun.errors import RunInUseError, StorageError
from nnrun.rundir import lock
from nnrun.rundir.lock import LOCK_FILE, is_locked, locked
from nnrun.rundir.provenance import process_facts, process_is_alive
from tests.scripted_run import Script, config_file

HOLDER = """
import sys
from pathlib import Path
from nnrun.rundir.lock import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of `tmp_path`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.communicate()


def test_the_owner_is_named(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """Who finds a run in use learns which process to wait for or to stop."""
    with pytest.raises(RunInUseError) as caught, locked(tmp_path):
        pytest.fail("two writers")
    assert (
        caught.value.message
        == f"run {tmp_path.name} is in use by process {holder.pid} on {os.uname().nodename}"
    )
    assert caught.value.exit_code == 8


def test_resume_of_a_run_in_use_exits_with_8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says who writes there, before anything is loaded or changed."""
    path = Script().begin(tmp_path / "runs", config_file(tmp_path), 2)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    assert nnrun(["resume", "latest", "--runs-dir", str(tmp_path / "runs")]) == 8
    assert f"is in use by process {process.pid} on" in capsys.readouterr().err
    assert before == {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    process.kill()
    process.communicate()


def test_a_killed_owner_lets_go(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """The file stays, the lock does not; it then names the new owner."""
    assert is_locked(tmp_path) is True
    holder.kill()
    holder.wait()
    assert (tmp_path / LOCK_FILE).exists()
    assert is_locked(tmp_path) is False
    with locked(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / LOCK_FILE).read_text()


def test_a_copy_is_free(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """A run that was copied while it was in use can be used."""
    copy = Path(shutil.copytree(tmp_path, tmp_path.with_name(f"{tmp_path.name}-copy")))
    assert is_locked(copy) is False
    with locked(copy):
        assert is_locked(copy) is True
    assert holder.poll() is None
    shutil.rmtree(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\xff\xfe", b'{"pid": 1}', b"0" * 100_000])
def test_an_owner_that_cannot_be_read_is_another_process(
    tmp_path: Path, holder: subprocess.Popen[str], content: bytes
) -> None:
    """Whatever is in the file, the lock holds and the message makes sense."""
    (tmp_path / LOCK_FILE).write_bytes(content)
    with pytest.raises(RunInUseError, match="is in use by another process"), locked(tmp_path):
        pytest.fail("two writers")


def test_without_a_lock_file_nobody_holds_it(tmp_path: Path) -> None:
    """A run that was never locked, or whose file was removed, is free; asking makes no file."""
    assert is_locked(tmp_path) is False
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_its_place_is_a_storage_error(tmp_path: Path) -> None:
    """A file that cannot be opened is told with its name, and whether it is held is not known."""
    (tmp_path / LOCK_FILE).mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*\.lock: Is a directory"), locked(tmp_path):
        pytest.fail("locked")


def test_a_lock_file_that_may_not_be_opened_is_a_storage_error(tmp_path: Path) -> None:
    """Another user's run says what is missing."""
    (tmp_path / LOCK_FILE).touch()
    (tmp_path / LOCK_FILE).chmod(0)
    if os.access(tmp_path / LOCK_FILE, os.W_OK):
        pytest.skip("this user may write to every file (root)")
    with pytest.raises(StorageError, match="Permission denied"), locked(tmp_path):
        pytest.fail("locked")
    assert is_locked(tmp_path) is None


def test_a_full_disk_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock file is small, and can still be one file too many; the lock is free afterwards."""

    def full(descriptor: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(StorageError, match="No space left"), locked(tmp_path):
            pytest.fail("locked")
    assert is_locked(tmp_path) is False


def test_looking_keeps_nobody_out(tmp_path: Path) -> None:
    """`nnrun verify` takes the lock for a moment; who starts just then waits for that moment."""
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_locked(tmp_path)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(200):
            with locked(tmp_path):
                pass
    finally:
        stop.set()
        thread.join()


def test_it_is_told_soon(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    """Waiting for somebody who only looks takes no time that a person notices."""
    started = time.perf_counter()
    with pytest.raises(RunInUseError), locked(tmp_path):
        pytest.fail("two writers")
    assert time.perf_counter() - started < 2
    assert lock._TRIES * lock._PAUSE < 0.2
    assert holder.poll() is None


def test_a_process_that_waits_for_its_parent_is_gone() -> None:
    """Killed in a container whose first process never collects its children, it stays as a zombie."""
    if process_facts()["start"] is None:
        pytest.skip("this system has no /proc")
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import json; from nnrun.rundir.provenance import process_facts; "
            "print(json.dumps(process_facts()), flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    import json

    assert child.stdout is not None
    facts = json.loads(child.stdout.readline())
    assert process_is_alive(facts) is True
    child.kill()
    deadline = time.monotonic() + 10
    while process_is_alive(facts) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process_is_alive(facts) is False  # not collected yet
    child.communicate()
