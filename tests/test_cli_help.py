"""The help of every command, and the options that all commands understand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nnrun.cli.main import COMMANDS, run
from nnrun.cli.options import global_first


@pytest.mark.parametrize("command", [command.__name__ for command in COMMANDS])
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The example stands on lines of its own, not refilled into a paragraph."""
    assert run([command, "--help"]) == 0
    assert f"\n  Example:\n    nnrun {command}" in capsys.readouterr().out


def test_common_options_are_found_everywhere_but_after_two_dashes() -> None:
    """Those after `--` are arguments."""
    assert global_first(["train", "a.yaml", "-q", "--debug"]) == ["-q", "--debug", "train", "a.yaml"]
    assert global_first(["check", "--", "-q"]) == ["check", "--", "-q"]


@pytest.mark.parametrize(("streams", "code"), [(">&-", 0), (">&- 2>&- <&-", 0), (">/dev/full", 7)])
def test_output_that_goes_nowhere(tmp_path: Path, streams: str, code: int) -> None:
    """A closed stdout is no failure; a full one is, as the result that was asked for is lost."""
    if "full" in streams and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full on this system")
    command = [sys.executable, "-m", "nnrun", "runs", "--json", "--runs-dir", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {streams}', "sh", *command],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
