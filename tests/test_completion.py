"""Shells complete commands, options, runs and config files, and nothing is loaded for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.test_imports import HEAVY

Complete = Callable[..., list[str]]

PROGRAM = "import sys; sys.argv = ['nnrun']; from nnrun.cli.main import main; main()"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with configs and runs."""
    (tmp_path / "configs" / "small").mkdir(parents=True)
    for name in ("iris.yaml", "moons.yml", "notes.txt", ".hidden.yaml"):
        (tmp_path / "configs" / name).write_text("")
    for number, name in ((1, "iris"), (2, "iris-big"), (3, "moons")):
        run = tmp_path / "runs" / name / f"2026010{number}-120000-aaa{number}"
        run.mkdir(parents=True)
        (run / "summary.json").write_text(json.dumps({"best_epoch": 1, "best_loss": 0.5, "best_val_loss": 1}))
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    """The environment in which a shell starts nnrun."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NNRUN")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@pytest.fixture(params=["bash", "zsh"])
def complete(place: Path, request: pytest.FixtureRequest) -> Complete:
    """Asks as a shell does, and returns what it offers."""

    def ask(*words: str) -> list[str]:
        if request.param == "bash":
            asked = {"COMP_WORDS": "\n".join(["nnrun", *words]), "COMP_CWORD": str(len(words))}
        else:
            asked = {"_TYPER_COMPLETE_ARGS": " ".join(["nnrun", *words])}
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment(_NNRUN_COMPLETE=f"complete_{request.param}", **asked),
            cwd=place,
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stderr == ""
        if request.param == "bash":
            return result.stdout.split()
        if "((" not in result.stdout:
            assert result.stdout.strip() == "_files"  # zsh goes on with files by itself
            return []
        lines = result.stdout.partition("((")[2].rpartition("))")[0].split("\n")
        return [line.split('"')[1].replace("\\\\:", ":") for line in lines]

    return ask


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ru"], ["runs"]),
        (["runs", "--so"], ["--sort"]),
        (["train", "--progress", "pl"], ["plain"]),
        (["init", "ta"], ["tabular"]),
        (["train", "configs/i"], ["configs/iris.yaml"]),
        (["train", "conf"], ["configs/iris.yaml", "configs/moons.yml", "configs/small/"]),
        (["check", "configs/iris.yaml", "configs/m"], ["configs/moons.yml"]),
        (["resume", "iri"], ["iris", "iris-big"]),
        (["resume", "20260102"], ["20260102-120000-aaa2"]),
        (["diff", "iris", "la"], ["latest"]),
        (["show", "best:v"], ["best:val_loss"]),
        (["show", "mo"], ["moons"]),
        (["tensorboard", "iris", "mo"], ["moons"]),
        (["runs", "--sort", "val"], ["val_loss"]),
        (["runs", "--columns", "+name,val"], ["+name,val_loss"]),
        (["resume", "nothing"], []),
        (["resume", "iris", "--runs-dir", "elsewhere", "--pro"], ["--progress"]),
    ],
)
def test_what_is_offered(complete: Complete, words: list[str], expected: list[str]) -> None:
    """Commands, options and their values, configs, and runs by all their names."""
    assert sorted(complete(*words)) == expected


def test_another_folder_of_runs_is_obeyed(complete: Complete, place: Path) -> None:
    """What `--runs-dir` says before the word is where runs are looked for."""
    (place / "runs").rename(place / "elsewhere")
    assert complete("resume", "iri") == []
    assert sorted(complete("resume", "--runs-dir", "elsewhere", "iri")) == ["iris", "iris-big"]


def test_without_a_beginning_not_every_id_is_offered(place: Path, complete: Complete) -> None:
    """The newest ones first, and not thousands of them."""
    for number in range(20):
        (place / "runs" / "moons" / f"20260201-1200{number:02}-aaaa").mkdir()
    offered = complete("resume", "") or complete("resume", "2026")
    ids = [text for text in offered if text.startswith("2026")]
    assert "latest" in offered or len(ids) == 23
    assert len(ids) in (10, 23)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["show", "best", ":"], ["loss", "val_loss"]),
        (["show", "best", ":", "v"], ["val_loss"]),
        (["train", "configs/i"], ["configs/iris.yaml"]),
    ],
)
def test_bash_itself_completes(place: Path, words: list[str], expected: list[str]) -> None:
    """The script that `--show-completion` prints works in bash, for which a colon is a word."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    program = place / "bin" / "nnrun"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{PROGRAM}" "$@"\n')
    program.chmod(0o755)
    source = PROGRAM.replace("['nnrun']", "['nnrun', '--show-completion', 'bash']")
    script = subprocess.run(
        [sys.executable, "-c", source], env=environment(), capture_output=True, text=True, check=True
    ).stdout
    lines = [script, f"COMP_WORDS=(nnrun {' '.join(words)})", f"COMP_CWORD={len(words)}"]
    lines += ["_nnrun_completion nnrun", 'printf "%s\\n" "${COMPREPLY[@]}"']
    result = subprocess.run(
        [bash, "--norc", "-c", "\n".join(lines)],
        env=environment(PATH=f"{program.parent}:{os.environ['PATH']}"),
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (result.stdout.split(), result.stderr) == (expected, "")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_can_be_installed(place: Path, shell: str) -> None:
    """`--install-completion` writes into the home folder, and says where."""
    source = PROGRAM.replace("['nnrun']", f"['nnrun', '--install-completion', '{shell}']")
    result = subprocess.run(
        [sys.executable, "-c", source],
        # Otherwise it asks the process above for the shell, and takes no name.
        env=environment(HOME=str(place / "home"), _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{shell} completion installed in" in result.stdout
    files = [path for path in (place / "home").rglob("*") if path.is_file()]
    assert any("_NNRUN_COMPLETE" in path.read_text() for path in files)


@pytest.mark.parametrize(
    "asked",
    [
        {"_NNRUN_COMPLETE": "complete_bash", "COMP_WORDS": "nnrun\nshow\ni", "COMP_CWORD": "2"},
        {"_NNRUN_COMPLETE": "complete_bash", "COMP_WORDS": "nnrun\nruns\n--sort\n", "COMP_CWORD": "3"},
        {"_NNRUN_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "nnrun r"},
    ],
    ids=["run", "metric", "command"],
)
def test_nothing_is_loaded(place: Path, asked: dict[str, str]) -> None:
    """For a completion neither TensorFlow nor anything else that takes long is loaded: a person waits for it."""
    result: Any = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", PROGRAM],
        env=environment(**asked),
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout
    lines = result.stderr.splitlines()
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert "typer" in loaded
    assert loaded & {*HEAVY, "yaml"} == set()
