"""The cache: where it is, and what processes that share it see."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nnrun.data import cache
from nnrun.data.cache import Entry, cache_folder, folder_in_cache, key_of, locked, made_once
from nnrun.data.progress import told_to
from nnrun.errors import StorageError
from nnrun.events import Event, Message


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache."""
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "cache"))


def entry(state: str = "one", options: object = None) -> Entry:
    """Returns what the tests make."""
    return Entry("numbers", "/data", options, state, "counting")


def counted(made: list[str], name: str) -> str:
    """Makes a folder of the cache, or takes the one that is there, and returns its content."""

    def make(folder: Path) -> None:
        made.append(name)
        (folder / "below").mkdir()
        (folder / "below" / "file").write_text(name)

    return made_once(entry(name), make, lambda folder: (folder / "below" / "file").read_text())


def test_the_folder_is_where_the_platform_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`NNRUN_CACHE`, else the rule of XDG, else that of macOS."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("NNRUN_CACHE", "~/mine")
    assert cache_folder() == Path("/home/me/mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNRUN_CACHE", "here")
    assert cache_folder() == tmp_path / "here"
    monkeypatch.setenv("NNRUN_CACHE", "")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == Path("/home/me/.cache/nnrun")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/caches/nnrun")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == Path("/home/me/.cache/nnrun")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == Path("/home/me/Library/Caches/nnrun")


def test_something_is_made_once() -> None:
    """And anew when its source has changed; the old one then goes."""
    made: list[str] = []
    assert [counted(made, name) for name in ("one", "one", "two", "two")] == ["one", "one", "two", "two"]
    assert made == ["one", "two"]
    (slot,) = folder_in_cache("numbers").iterdir()
    assert [path.name for path in slot.iterdir()] == ["two"]


def test_other_options_have_a_folder_of_their_own() -> None:
    """Two configs that want different sizes do not take turns in decoding."""
    keys = {key_of("numbers", "/data", options) for options in ((28, 28), (28, 29), None)}
    assert len(keys) == 3


def test_nothing_half_made_is_seen() -> None:
    """What fails leaves no folder, and the next one tries again."""

    def fail(folder: Path) -> None:
        (folder / "file").write_text("half")
        raise ValueError

    with pytest.raises(ValueError):
        made_once(entry(), fail, lambda folder: folder)
    (slot,) = folder_in_cache("numbers").iterdir()
    assert list(slot.iterdir()) == []
    assert counted([], "one") == "one"


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    """Nobody else would remove it."""
    code = (
        "import os, sys\n"
        "from nnrun.data.cache import Entry, made_once\n"
        "def make(folder):\n"
        "    (folder / 'file').write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
        "made_once(Entry('numbers', '/data', None, 'one', ''), make, lambda folder: folder)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    (slot,) = folder_in_cache("numbers").iterdir()
    assert len(list(slot.iterdir())) == 1
    counted([], "one")
    assert [path.name for path in slot.iterdir()] == ["one"]


WAITER = """
import sys
from pathlib import Path
from nnrun.data.cache import Entry, made_once
def make(folder):
    with open(sys.argv[1], "a") as log:
        log.write("made\\n")
    import time; time.sleep(0.3)
    (folder / "file").write_text("x")
print(made_once(Entry("numbers", "/data", None, "one", "counting"), make, lambda folder: (folder / "file").read_text()))
"""


def test_processes_make_it_once(tmp_path: Path) -> None:
    """The others wait, and take what is there then."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", WAITER, str(log)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["x\n"] * 4
    assert log.read_text() == "made\n"


def test_waiting_for_another_process_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise nnrun would seem to hang."""
    monkeypatch.setattr(cache, "_SILENT_SECONDS", 0.05)
    monkeypatch.setattr(cache, "_POLL_SECONDS", 0.01)
    code = (
        "import sys\nfrom nnrun.data.cache import locked\n"
        "with locked('a', ''):\n    print('locked', flush=True)\n    sys.stdin.readline()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    told: list[Event] = []

    def listen(event: Event) -> None:
        told.append(event)
        process.communicate("\n")

    with told_to(listen), locked("a", "decoding photos"):
        pass
    assert told == [Message("info", "waiting for another process that is decoding photos")]


@pytest.mark.skipif(os.geteuid() != 0, reason="others are told by permissions, which this does not try")
def test_a_cache_that_cannot_be_written_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home folders are read-only on some clusters."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NNRUN_CACHE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match=r"Not a directory|File exists") as error:
        counted([], "one")
    assert "set NNRUN_CACHE to a folder for the cache on another disk" in error.value.advice
