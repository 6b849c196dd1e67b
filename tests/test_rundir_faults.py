"""A kill, an error or a power failure at any system call of the writers leaves a run that keeps its promises.

The sweeps interrupt a scripted training (`tests.scripted_run`) at every call that changes something on the disk, at
least 300 times by SIGKILL alone. After each, `nnrun verify` finds nothing broken, the newest completed checkpoint
loads, every epoch is in the table once, and the run goes on to the same bytes as one that nothing happened to. The
counts are those with Python 3.11 and NumPy 2.4, which decide into how many writes an array is cut.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnrun.rundir.checkpoints import checkpoint_folders, read_checkpoint
from nnrun.rundir.reading import Run
from nnrun.verification.verify import verify
from tests.scripted_run import Script, config_file
from tests.sweep import runs_in
from tests.test_atomic import strace

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the system has one: what is tried here does not need a slow disk."""
    memory = Path("/dev/shm")  # noqa: S108  (a folder of its own is made there)
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


def python(code: str) -> list[str]:
    """A command that runs code with the tests at hand."""
    return [sys.executable, "-c", f"import sys; sys.path.append({str(ROOT)!r}); {code}"]


def sweep(kind: str, folder: Path, *wrapper: str) -> dict[str, Any]:
    """Runs a sweep in a process of its own, and returns its report."""
    code = f"from pathlib import Path; from tests.sweep import main; main({kind!r}, Path({str(folder)!r}))"
    result = subprocess.run(
        [*wrapper, *python(code)], capture_output=True, text=True, check=False, timeout=300
    )
    assert result.returncode == 0, result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    assert report["failures"] == []
    return report


@pytest.mark.slow
def test_a_kill_at_any_call_loses_nothing(scratch: Path) -> None:
    """390 kills: before each of the 297 calls of a training and its resume, and in the middle of 93 writes."""
    report = sweep("kills", scratch)
    assert report["trials"] >= 300
    kinds = {"write", "pwrite", "file write", "fsync", "rename", "replace", "mkdir", "open", "ftruncate"}
    assert report["calls"].keys() >= kinds | {"unlink", "rmdir", "remove", "flock", "file open"}


def test_a_kill_after_a_damaged_checkpoint_loses_nothing(scratch: Path) -> None:
    """182 kills of a resume that had to use the checkpoint before the newest."""
    assert sweep("kills after damage", scratch)["trials"] >= 140


def test_a_kill_while_discarding_leaves_no_half(scratch: Path) -> None:
    """27 kills while a run directory is made and removed again: it is there complete, or not at all."""
    assert sweep("kills while discarding", scratch)["trials"] >= 20


@pytest.mark.slow
def test_an_error_at_any_call_is_loud_and_harmless(scratch: Path) -> None:
    """477 errors: EIO at each call, and a disk that is full from there on, or after half a write, or for a moment.

    All of them exit with 7, but where something could not be removed; no temporary file stays.
    """
    assert sweep("errors", scratch)["trials"] >= 400


def test_a_power_failure_at_any_moment_loses_nothing_saved(scratch: Path) -> None:
    """304 power failures, on a disk that stores nothing before it must, and on one that stores names at once."""
    assert sweep("power failures", scratch)["trials"] >= 200


def test_a_limit_for_file_sizes_is_loud_and_harmless(scratch: Path) -> None:
    """EFBIG at ten sizes, from nothing to almost enough: exit 7, and the run goes on without the limit."""
    assert sweep("limits", scratch)["trials"] == 10


def namespace() -> list[str]:
    """The command that starts a process which may mount what it likes; skips where that is impossible."""
    command = ["unshare", "--mount", "--map-root-user"]
    try:
        possible = not subprocess.run(
            [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        ).returncode
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("this user may not mount a file system in a namespace")
    return command


def test_a_full_disk_is_loud_and_harmless(scratch: Path) -> None:
    """A real file system with 0 to 312 kB of space: exit 7 or success, what was there stays, and it goes on."""
    report = sweep("full disks", scratch, *namespace())
    assert report["trials"] == 40
    assert report["calls"]["ended with 7"] >= 10
    assert report["calls"]["ended with 0"] >= 5


def test_a_disk_that_became_read_only_is_loud_and_harmless(scratch: Path) -> None:
    """A resume exits with 7, a new run with 4, and not a byte changes."""
    assert sweep("read-only", scratch, *namespace())["trials"] == 3


@pytest.mark.parametrize(
    ("call", "when"),
    [
        ("write", 3),
        ("pwrite64", 9),
        ("pwrite64", 30),
        ("fsync", 5),
        ("fsync", 33),
        ("/^rename", 2),
        ("/^rename", 11),
        ("/^mkdir", 5),
        ("/^unlink", 2),
    ],
)
def test_a_kill_from_outside_loses_nothing(tmp_path: Path, call: str, when: int) -> None:
    """The same by `strace`, which kills at real system calls: the sweeps have not overlooked one."""
    config = config_file(tmp_path)
    code = (
        "from pathlib import Path; from tests.scripted_run import Script; "
        f"path = Script().begin(Path({str(tmp_path)!r}) / 'runs', Path({str(config)!r}), 2); "
        "Script().resume(path, 4)"
    )
    wrapper = strace(f"{call}:signal=SIGKILL:when={when}", tmp_path / "log")
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run([*wrapper, *python(code)], check=False, timeout=60, env=environment)
    assert result.returncode in {-signal.SIGKILL, 128 + signal.SIGKILL}
    # A run that was killed before its directory was complete has none.
    for path in runs_in(tmp_path):
        assert verify(path).broken == ()
        assert Run.read(path).status == "lost"
        if checkpoint_folders(path):
            assert read_checkpoint(path)[0].epoch <= len(Run.read(path).metrics)
            Script().resume(path, 4)
            after = verify(path)
            assert (after.broken, after.status, after.epochs) == ((), "completed", 4)
