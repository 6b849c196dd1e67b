"""The process in which configs are proven: what hangs, grows or dies is told, and the next config gets its turn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from nnrun.smoke.junit import as_junit
from nnrun.smoke.memory import peak_of
from nnrun.smoke.output import as_record, as_text, github_commands
from nnrun.smoke.progress import SmokeProgress
from nnrun.smoke.results import STEPS, ConfigResult, StepResult
from nnrun.smoke.steps import Options
from nnrun.smoke.supervising import Begun, Caps, prove_all
from tests.configs import nnrun, write_iris

CODE = """\
import os, signal, time

def data(seed=None, **more):
    import numpy as np
    x = np.arange(80.0).reshape(40, 2)
    return x, np.arange(40) % 2

def hangs(seed=None, **more):
    while True:
        time.sleep(1)

def grows(seed=None, **more):
    kept = [bytearray(b"x") * 300_000_000]
    time.sleep(30)

def dies(seed=None, **more):
    print("the last words", flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)
"""

CONFIG = """\
name: {name}
dataset: {{source: python, function: "mydata:{name}"}}
model: {{layers: [Dense: {{units: 1, activation: sigmoid}}]}}
compile: {{optimizer: adam, loss: binary_crossentropy}}
fit: {{epochs: 1, batch_size: 8}}
"""


def config(folder: Path, name: str) -> Path:
    """Writes a config whose data come from a function."""
    (folder / "mydata.py").write_text(CODE)
    path = folder / f"{name}.yaml"
    path.write_text(CONFIG.format(name=name))
    return path


def proven(folder: Path, *names: str, **caps: Any) -> list[ConfigResult]:
    """Proves configs in a process, with their functions allowed."""
    paths = [config(folder, name) for name in names]
    return prove_all(paths, Options(), Caps(**caps), lambda _: None, allow_code=True)


def failure(result: ConfigResult) -> StepResult:
    """Returns the one step that failed."""
    (failed,) = result.failed
    return failed


def test_hanging_config_is_ended(tmp_path: Path) -> None:
    """A config that takes too long is ended in the step that hangs; the next one gets a process of its own."""
    started = time.monotonic()
    hanging, invalid = proven(tmp_path, "hangs", "nothing", seconds=1.5)
    assert time.monotonic() - started < 30
    assert (failure(hanging).name, hanging.code) == ("data", 6)
    assert "within 1.5s" in failure(hanging).expected
    assert failure(invalid).name == "data"
    assert "nothing" in failure(invalid).received


def test_growing_config_is_ended(tmp_path: Path) -> None:
    """Memory above the cap ends the process; after another config it gets a second chance, alone."""
    cap = 250_000_000
    begun: list[Any] = []
    paths = [config(tmp_path, name) for name in ("nothing", "grows")]
    first, grown = prove_all(paths, Options(), Caps(None, cap), begun.append, allow_code=True)
    assert failure(first).code == 4
    assert (failure(grown).name, grown.code) == ("data", 6)
    assert failure(grown).expected == "at most 250.0 MB of memory (--memory)"
    assert grown.peak is not None
    assert grown.peak > cap
    assert sum(isinstance(one, Begun) and "grows" in one.config and one.step == "check" for one in begun) == 2


def test_dying_process_is_told(tmp_path: Path) -> None:
    """A process that dies is told with its signal and its last words; the next config is proven all the same."""
    dead, invalid = proven(tmp_path, "dies", "nothing")
    assert (failure(dead).name, dead.code) == ("data", 5)
    assert "SIGSEGV" in failure(dead).received
    assert "the last words" in failure(dead).received
    assert failure(invalid).code == 4


def test_code_needs_permission(tmp_path: Path) -> None:
    """A function that a config names is not run unless the user said so, also in the other process."""
    (result,) = prove_all([config(tmp_path, "dies")], Options(), Caps(), lambda _: None)
    assert (failure(result).name, result.code) == ("check", 2)
    assert "--allow-code" in failure(result).advice


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_signal_leaves_nothing(tmp_path: Path, sent: int, code: int) -> None:
    """Ctrl-C ends the command with 130, the other process with it, and removes the files; so does even a kill."""
    path = config(tmp_path, "hangs")
    place = tmp_path / "tmp"
    place.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "nnrun", "smoke", str(path), "--allow-code"],
        env={**os.environ, "TMPDIR": str(place), "CI": "1"},
        stderr=subprocess.PIPE,
        cwd=Path(__file__).resolve().parent.parent,
    )
    worker = 0
    for _ in range(200):
        time.sleep(0.1)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children and list(place.glob("nnrun-smoke-*/*/*/")):
            worker = int(children[0])
            break
    assert worker
    process.send_signal(sent)
    _, said = process.communicate(timeout=20)
    assert process.returncode == code, said
    for _ in range(50):
        if not alive(worker) and not list(place.iterdir()):
            return
        time.sleep(0.1)
    raise AssertionError(f"left: {list(place.rglob('*'))}, alive: {alive(worker)}")


def alive(pid: int) -> bool:
    """Tells whether a process runs; one that waits for its parent to notice its end does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.tensorflow
def test_command_over_two_configs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One passes and one fails: exit code, JSON, JUnit XML and annotations say the same."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    good = write_iris(tmp_path, ("batch_size: 1", "batch_size: 16"))
    bad = tmp_path / "50%,bad.yaml"
    bad.write_text(good.read_text().replace("units: 16", "unit: 16"))
    junit = tmp_path / "smoke.xml"
    assert nnrun("smoke", str(bad), str(good), "--json", "--junit", str(junit)) == 3
    shown = capsys.readouterr()
    record = json.loads(shown.out)
    assert (record["passed"], record["failed"]) == (1, 1)
    assert [one["passed"] for one in record["configs"]] == [False, True]
    assert record["configs"][1]["peak_memory"] > 100_000_000
    assert "50%25%2Cbad.yaml,line=10" in shown.err
    root = Xml.fromstring(junit.read_text())  # noqa: S314 - our own
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("16", "1", "7")


def results() -> list[ConfigResult]:
    """Returns a config that passed and one that failed, with texts that need care."""
    passed = tuple(StepResult(name, "passed", 0.1, "fine") for name in STEPS)
    bad = StepResult("resume", "failed", 0.2, "", "a\nb", "c <&>\x1b[31m\x00", "do: this, 100%", 6)
    failed = tuple(bad if step.name == "resume" else step for step in passed)
    return [ConfigResult("a.yaml", passed, 1.5, 2 * 10**8), ConfigResult("b:,c.yaml", failed, 2.5)]


def test_table_names_what_failed() -> None:
    """A line per config, then expected and received; nothing in it moves the cursor."""
    text = as_text(results())
    assert [" ".join(line.split()) for line in text.splitlines()[:3]] == [
        "config result steps time memory",
        "a.yaml passed 8/8 1.5s 200 MB",
        "b:,c.yaml FAILED resume 7/8 2.5s",
    ]
    assert "FAILED b:,c.yaml: resume\n  expected: a\n            b\n  received: c <&>" in text
    assert "\x1b" not in text
    assert text.endswith("2 configs: 1 failed in 4.0s\n")
    assert max(map(len, as_text(results(), 40).splitlines()[:3])) <= 40


def test_annotations_are_escaped() -> None:
    """What GitHub would take for the end of a property or a line is escaped."""
    (command,) = github_commands(results())
    assert command.startswith(
        "::error file=b%3A%2Cc.yaml,title=nnrun smoke%3A resume::expected: a%0Ab%0Areceived"
    )
    assert command.endswith("do: this, 100%25")


def test_junit_is_xml() -> None:
    """The document can be parsed whatever was received, and counts what failed."""
    root = Xml.fromstring(as_junit(results()))  # noqa: S314 - our own
    assert [suite.get("failures") for suite in root] == ["0", "1"]
    message = root.find(".//failure")
    assert message is not None
    assert message.get("message") == "c <&>\ufffd[31m\ufffd"
    assert "expected: a\nb" in (message.text or "")


def test_json_is_complete() -> None:
    """A program finds every step, and what was expected of those that failed."""
    record = as_record(results())
    assert record["configs"][1]["exit_code"] == 6
    assert [step["name"] for step in record["configs"][0]["steps"]] == list(STEPS)
    assert record["configs"][1]["steps"][4]["received"].startswith("c <&>")


def test_peak_of_processes() -> None:
    """This process has some memory; one that does not exist has none."""
    assert (peak_of(os.getpid()) or 0) > 10_000_000
    assert peak_of(2**22 + 1) is None


def test_progress_in_logs(tmp_path: Path) -> None:
    """A log gets a line per config, and nothing where only results are wanted."""
    for quiet in (False, True):
        file = tmp_path / f"log-{quiet}"
        with file.open("w") as stream:
            progress = SmokeProgress(stream, 2, {"CI": "true"}, quiet=quiet)
            for one in results():
                progress(Begun(one.config, "check", 1))
                progress(one)
            progress.close()
        lines = file.read_text().splitlines()
        assert lines == ([] if quiet else ["[1/2] a.yaml: passed in 1.5s", "[2/2] b:,c.yaml: FAILED in 2.5s"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.yaml"], "no config file"),
        (["."], "is a folder"),
        (["a.yaml", "--memory", "much"], "--memory much: expected a size such as 4GB"),
        (["a.yaml", "--device", "tpu"], "--device tpu"),
        (["a.yaml", "--junit", "no/where.xml"], "there is no folder"),
    ],
)
def test_wrong_arguments(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    """Wrong arguments are told before anything is started; a config that is missing fails its check."""
    monkeypatch.chdir(tmp_path)
    code = nnrun("smoke", *arguments)
    shown = capsys.readouterr()
    assert code == (4 if arguments[0].startswith("missing") else 2)
    assert message in shown.err + shown.out
