"""Files are what they were, or complete, whatever happens in between."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nnrun.errors import StorageError
from nnrun.rundir.append_file import AppendFile
from nnrun.rundir.atomic import (
    TEMPORARY_PREFIX,
    make_folder,
    make_folders,
    new_folder,
    remove_folder,
    remove_leftovers,
    replacing,
    storage_error,
    write_bytes,
    write_json,
    write_text,
)

OLD = b"the old content\n"
NEW_BYTES = 3 << 20

WRITER = f"""
import sys
from pathlib import Path
from nnrun.errors import StorageError
from nnrun.rundir.atomic import write_bytes
try:
    write_bytes(Path(sys.argv[1]), b"n" * {NEW_BYTES})
except StorageError as error:
    print(error.message)
    print(error.advice)
    sys.exit(7)
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file that already has a content, alone in its folder."""
    path = tmp_path / "folder" / "best.weights.h5"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def run_writer(target: Path, *wrapper: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Lets a child process write 3 MiB to the file, under a tracer or with a limit for the file size."""

    def restrict() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [*wrapper, sys.executable, "-c", WRITER, str(target)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=restrict,
    )


def strace(injection: str, log: Path) -> list[str]:
    """The command that starts a process with a fault in its system calls; skips where that is impossible."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed: faults in system calls cannot be injected")
    command = [program, "-f", "-qq", "-o", str(log), "-e", f"inject={injection}"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace may not trace processes on this machine")
    return command


def test_new_content_replaces_the_old(target: Path) -> None:
    """A written file holds the new bytes and nothing else appears in its folder."""
    write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


def test_large_content_is_complete(target: Path) -> None:
    """A content of several chunks arrives in the right order."""
    data = os.urandom(NEW_BYTES + 17)
    write_bytes(target, data)
    assert target.read_bytes() == data


def test_file_permissions_follow_the_umask(tmp_path: Path) -> None:
    """A written file is as readable for others as any file of that user."""
    write_text(tmp_path / "written", "x")
    (tmp_path / "plain").write_text("x")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_temporary_file_lies_beside_the_target_with_its_suffix(target: Path) -> None:
    """Writers that choose the format by the suffix get the same one, and the name is hidden."""
    with replacing(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.name.startswith(TEMPORARY_PREFIX)
        assert temporary.name.endswith(".weights.h5")
        assert temporary.read_bytes() == b""


def test_an_error_inside_leaves_the_old_content(target: Path) -> None:
    """Any exception of the writer passes through, the old file stays and the temporary one is gone."""
    with pytest.raises(ZeroDivisionError), replacing(target) as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]


def test_an_os_error_inside_is_a_storage_error_about_the_target(target: Path) -> None:
    """A library that runs out of space inside the block fails as a save of the target, with advice."""
    with pytest.raises(StorageError) as caught, replacing(target):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.message == f"cannot write {target}: No space left on device"
    assert "Free some space" in caught.value.advice


def test_a_storage_error_without_a_reason_names_the_kind(target: Path) -> None:
    """Errors that carry no text, as some libraries raise, still give a sentence."""
    assert storage_error(target, OSError()).message == f"cannot write {target}: OSError"


def test_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    """Writing into a folder that was removed says so."""
    with pytest.raises(StorageError, match="No such file or directory"):
        write_bytes(tmp_path / "gone" / "file", b"x")


def test_json_holds_non_finite_numbers_as_strings(tmp_path: Path) -> None:
    """JSON files can be read by every parser, also after a diverged run."""
    write_json(tmp_path / "file.json", {"loss": float("nan"), "list": [float("-inf"), 1.5]})
    text = (tmp_path / "file.json").read_text()
    assert text == '{\n  "loss": "nan",\n  "list": [\n    "-inf",\n    1.5\n  ]\n}\n'


def test_a_size_limit_keeps_the_old_content(target: Path) -> None:
    """A write that the limit for file sizes cuts off is an error with advice, and changes nothing."""
    result = run_writer(target, limit=1 << 20)
    assert result.returncode == 7, result.stderr
    assert result.stdout.startswith(f"cannot write {target}: File too large\n")
    assert "ulimit -f" in result.stdout
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("write:error=ENOSPC:when=1", "No space left on device"),
        ("write:error=ENOSPC:when=2", "No space left on device"),
        ("write:error=EIO:when=3", "Input/output error"),
        ("fsync:error=EIO:when=1", "Input/output error"),
        ("/^rename:error=EROFS:when=1", "Read-only file system"),
    ],
)
def test_a_failing_system_call_keeps_the_old_content(
    target: Path, tmp_path: Path, call: str, reason: str
) -> None:
    """Whichever step the disk refuses, the file is as before and the error says why."""
    result = run_writer(target, *strace(call, tmp_path / "log"))
    assert result.returncode == 7, result.stderr
    assert reason in result.stdout
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_that_cannot_be_synced_is_an_error(target: Path, tmp_path: Path) -> None:
    """The rename happened but may be lost: that does not count as saved."""
    result = run_writer(target, *strace("fsync:error=EIO:when=2", tmp_path / "log"))
    assert result.returncode == 7, result.stderr
    assert target.stat().st_size == NEW_BYTES


@pytest.mark.parametrize("call", ["write:when=1", "write:when=2", "write:when=3", "fsync:when=1", "/^rename"])
def test_a_kill_keeps_the_old_content(target: Path, tmp_path: Path, call: str) -> None:
    """A process that is killed at any step before the rename leaves the old file."""
    name, _, when = call.partition(":")
    injection = f"{name}:signal=SIGKILL:{when or 'when=1'}"
    result = run_writer(target, *strace(injection, tmp_path / "log"))
    assert result.returncode in {-signal.SIGKILL, 128 + signal.SIGKILL}
    # A signal arrives when the call ends: after the rename the new content is complete.
    if name == "/^rename":
        assert target.stat().st_size in {len(OLD), NEW_BYTES}
    else:
        assert target.read_bytes() == OLD


def test_a_read_only_folder_is_a_storage_error(target: Path) -> None:
    """Without the permission to write, the error names the file and the reason."""
    target.parent.chmod(0o555)
    try:
        if os.access(target.parent, os.W_OK):
            pytest.skip("this user may write to read-only folders (root)")
        with pytest.raises(StorageError, match="Permission denied"):
            write_bytes(target, b"new")
    finally:
        target.parent.chmod(0o755)
    assert target.read_bytes() == OLD


def test_lines_are_appended(tmp_path: Path) -> None:
    """Each line comes once and with its end; a later opening goes on after it."""
    with AppendFile(tmp_path / "log") as file:
        file.append("one")
        file.append("zwei ü")
        file.sync()
    with AppendFile(tmp_path / "log") as file:
        file.append("three")
    assert (tmp_path / "log").read_text(encoding="utf-8") == "one\nzwei ü\nthree\n"


@pytest.mark.parametrize("torn", ["half a line", "x" * (3 << 20)])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, torn: str) -> None:
    """What a power failure left of a line does not glue itself to the next one."""
    (tmp_path / "log").write_text("one\n" + torn)
    with AppendFile(tmp_path / "log") as file:
        file.append("two")
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_a_file_of_only_a_torn_line_becomes_empty(tmp_path: Path) -> None:
    """The first line of all may be the torn one."""
    (tmp_path / "log").write_text("half")
    AppendFile(tmp_path / "log").close()
    assert (tmp_path / "log").read_text() == ""


def test_a_line_that_does_not_fit_is_taken_back(tmp_path: Path) -> None:
    """Where the disk takes only a part of a line, the complete lines stay and the error says why."""
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from nnrun.errors import StorageError\n"
        "from nnrun.rundir.append_file import AppendFile\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "file = AppendFile(Path(sys.argv[1]))\n"
        "file.append('12345')\n"
        "try:\n"
        "    file.append('6789012')\n"
        "except StorageError as error:\n"
        "    print(error.message)\n"
        "file.append('678')\n"
    )
    path = tmp_path / "log"
    result = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout == f"cannot write {path}: File too large\n"
    assert path.read_text() == "12345\n678\n"


def test_an_append_file_in_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    """A folder that is gone is an error when the file is opened, not at the first line."""
    with pytest.raises(StorageError, match="No such file or directory"):
        AppendFile(tmp_path / "gone" / "log")


def test_a_line_that_was_interrupted_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal between the write and its confirmation leaves a line that the next one replaces."""
    real = os.pwrite

    def interrupted(descriptor: int, data: bytes, offset: int) -> int:
        real(descriptor, data, offset)
        raise KeyboardInterrupt

    with AppendFile(tmp_path / "log") as file:
        file.append("one")
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", interrupted)
            with pytest.raises(KeyboardInterrupt):
                file.append("a long line")
        file.append("two")
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_a_failed_line_that_could_not_be_taken_back_goes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails twice in a row does not glue a half line to the next one."""
    real = os.pwrite
    calls = 0

    def half(descriptor: int, data: bytes, offset: int) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            return real(descriptor, data[:3], offset)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def fail(descriptor: int, length: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with AppendFile(tmp_path / "log") as file:
        file.append("one")
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", half)
            patch.setattr(os, "ftruncate", fail)
            with pytest.raises(StorageError, match="Input/output error"):
                file.append("second")
        assert (tmp_path / "log").read_text() == "one\nsec"
        file.append("two")
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_a_file_that_was_emptied_meanwhile_goes_on(tmp_path: Path) -> None:
    """Somebody who empties a file gets the next lines, and no gap of zeros before them."""
    with AppendFile(tmp_path / "log") as file:
        file.append("one")
        os.truncate(tmp_path / "log", 0)
        file.append("two")
    assert (tmp_path / "log").read_text() == "two\n"


def test_a_new_file_is_synced_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first sync neither the lines nor the file can vanish by a power failure."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_ino))
    with AppendFile(tmp_path / "log") as file:
        file.sync()
        assert synced == [(tmp_path / "log").stat().st_ino, tmp_path.stat().st_ino]
        file.sync()
    assert len(synced) == 3


def test_names_that_are_not_utf8_are_written_as_json_writes_them(tmp_path: Path) -> None:
    """A file name of other bytes is a string with half characters; JSON has a form for it."""
    name = os.fsdecode(b"\xff.csv")
    write_json(tmp_path / "file.json", {"path": name})
    with AppendFile(tmp_path / "lines") as file:
        file.append(f'"{name}"')
    assert json.loads((tmp_path / "file.json").read_text()) == {"path": name}
    assert json.loads((tmp_path / "lines").read_text()) == name


def test_folders_are_made_with_those_above(tmp_path: Path) -> None:
    """What is there stays, and a file in the way is an error with its name."""
    make_folders(tmp_path / "a" / "b")
    make_folders(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "c")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b", "c"]
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file: File exists"):
        make_folder(tmp_path / "file")
    with pytest.raises(StorageError, match=r"Not a directory|File exists"):
        make_folders(tmp_path / "file" / "below")


def test_a_new_folder_replaces_nothing(tmp_path: Path) -> None:
    """Where another process was quicker, its folder stays and nothing of this one is left."""
    with pytest.raises(StorageError, match=r"not empty|exists"), new_folder(tmp_path / "folder") as temporary:
        (temporary / "mine").touch()
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "theirs").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "theirs"]


def test_a_folder_is_removed_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its first file goes, its name is gone; what could not be removed is a leftover."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path, ignore_errors: None)
        remove_folder(tmp_path / "folder")
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(TEMPORARY_PREFIX)
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StorageError, match="No such file"):
        remove_folder(tmp_path / "folder")
