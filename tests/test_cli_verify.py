"""The command `nnrun verify`: what it prints, its exit codes, and wrong arguments."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnrun.cli.main import run as nnrun
from nnrun.verification.checks import CHECKS
from tests.damage import NEWEST, edit, flip
from tests.scripted_run import Script, config_file

NAMES = [check.__name__ for check in CHECKS]


@pytest.fixture
def run(complete_run: Path, tmp_path: Path) -> Path:
    """A complete run to damage."""
    return Path(shutil.copytree(complete_run, tmp_path / "runs" / "scripted" / complete_run.name))


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
        (("",), 4, "no run ''"),
        (("\0",), 4, "no run"),
        (("a" * 5000,), 4, "no run"),
        (("best:nothing",), 4, "no run with a finite 'nothing'"),
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
