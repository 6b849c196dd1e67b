"""`nnrun check` on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.configs import nnrun, write_iris


def test_a_valid_config_is_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line and the layers on stdout, exit 0."""
    path = write_iris(tmp_path)
    assert nnrun("check", str(path)) == 0
    output = capsys.readouterr()
    assert output.out.startswith(f"ok  {path}\n")
    assert output.err == ""


def test_a_problem_shows_its_line_with_a_caret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, column, key path, code, the line, a caret under the key, and the hint."""
    path = write_iris(tmp_path, ("units: 16", "unit: 16"))
    assert nnrun("check", str(path)) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{path}:10:15: error: model.layers[0].Dense.unit: ")
    assert lines[0].endswith("[unknown-argument]")
    assert lines[1] == "  10 |     - Dense: {unit: 16, activation: sigmoid}"
    assert lines[2] == "     |               ^^^^"
    assert lines[3] == "  hint: did you mean 'units'?"


def test_a_problem_of_an_argument_shows_the_argument(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An override is shown itself, with the caret under its value."""
    assert nnrun("check", str(write_iris(tmp_path)), "fit.epochs=ten") == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("argument: error: fit.epochs: ")
    assert lines[1:] == ["   | fit.epochs=ten", "   |            ^^^"]


def test_the_caret_stands_under_wide_letters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Letters that take two columns move the caret by two."""
    path = write_iris(tmp_path, ("  epochs: 100", "  class_weight: {花: x}"))
    nnrun("check", str(path))
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "     | " + " " * 21 + "^"


def test_several_files_are_all_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad file does not stop the others; a missing one is an error of its own."""
    good = write_iris(tmp_path)
    bad = tmp_path / "bad.yaml"
    bad.write_text("- a\n")
    assert nnrun("check", str(bad), str(good), str(tmp_path / "none.yaml")) == 3
    out = capsys.readouterr().out
    assert f"ok  {good}" in out
    assert "no config file" in out
    assert "3 configs: 1 ok, 2 invalid" in out


def test_a_missing_file_exits_4(tmp_path: Path) -> None:
    """The exit code of a missing file is that of the environment."""
    assert nnrun("check", str(tmp_path / "none.yaml")) == 4


def test_an_unreadable_folder_exits_4(tmp_path: Path) -> None:
    """So is that of a folder."""
    assert nnrun("check", str(tmp_path)) == 4


def test_warnings_fail_only_when_strict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A doubtful config is ok, and invalid with --strict."""
    path = write_iris(tmp_path)
    assert nnrun("check", str(path), "fit.batch_size=100") == 0
    assert "(1 warning)" in capsys.readouterr().out
    assert nnrun("check", "--strict", str(path), "fit.batch_size=100") == 3


def test_json_holds_every_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout is one JSON document."""
    path = write_iris(tmp_path, ("epochs: 100", "epochs: ten"))
    assert nnrun("check", "--format", "json", str(path)) == 3
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["file"], file["valid"]) == (str(path), False)
    (problem,) = file["problems"]
    assert problem["code"] == "wrong-type"
    assert problem["path"] == "fit.epochs"
    assert (problem["line"], problem["column"], problem["length"]) == (17, 11, 3)


def test_github_gets_annotations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each problem is a workflow command, with what would end it escaped."""
    path = write_iris(tmp_path, ("epochs: 100", "nb_epoch: 100"))
    assert nnrun("check", "--format", "github", str(path)) == 3
    assert capsys.readouterr().out == (
        f"::error file={path},line=17,col=3,endColumn=11,title=unknown-key::"
        "fit.nb_epoch: fit has no key 'nb_epoch'%0Adid you mean 'epochs'?\n"
    )


def test_output_that_is_no_terminal_has_no_colour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No escape codes, and none of the file's own come through."""
    path = write_iris(tmp_path, ("epochs: 100", '"\\e[31mx": 100'))
    assert nnrun("check", str(path)) == 3
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "fit.epochs=3"],
        ["chek"],
        ["check", "--form", "x"],
        ["check", "--dry-run", "x.yaml"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    """Missing, unknown and misplaced arguments are usage errors."""
    assert nnrun(*arguments) == 2


def test_a_bug_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error that nnrun did not raise on purpose exits 1, and shows its traceback only with --debug."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("nnrun.check.check_config", broken)
    path = str(write_iris(tmp_path))
    assert nnrun("check", path) == 1
    error = capsys.readouterr().err
    assert "bug in nnrun" in error
    assert "--debug" in error
    assert "Traceback" not in error
    assert nnrun("--debug", "check", path) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_exits_130(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An interrupt is no error."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nnrun.check.check_config", interrupted)
    assert nnrun("check", str(write_iris(tmp_path))) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_the_process_ends_with_the_code_and_all_output(tmp_path: Path) -> None:
    """The installed program exits like the function, with everything written."""
    path = write_iris(tmp_path, ("epochs: 100", "epochs: ten"))
    command = [sys.executable, "-m", "nnrun", "check", *[str(path)] * 50]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 3
    assert result.stdout.count("[wrong-type]") == 50
    assert result.stdout.endswith("50 configs: 0 ok, 50 invalid\n")
    assert result.stderr == ""


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    """`nnrun check … | head -0` says nothing on stderr."""
    path = write_iris(tmp_path)
    command = [sys.executable, "-m", "nnrun", "check", *[str(path)] * 3]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141
