"""`nnrun show` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnrun.config.load import load_experiment
from nnrun.config.resolved import to_yaml
from nnrun.rundir.writing import RunDirectory
from tests.configs import nnrun, write_iris


def test_every_value_has_its_origin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Values of the file, of arguments and defaults are told apart, in aligned comments."""
    assert nnrun("show", str(write_iris(tmp_path)), "fit.epochs=5") == 0
    lines = capsys.readouterr().out.splitlines()
    by_key = {line.split("#")[0].strip(): line.split("#")[1].strip() for line in lines if "#" in line}
    assert by_key["epochs: 5"] == "override"
    assert by_key["units: 16"] == "line 10"
    assert by_key["validation_freq: 1"] == "default"
    assert len({line.index("#") for line in lines if "#" in line}) == 1


def test_the_output_is_a_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What show prints loads as the experiment that it shows."""
    path = write_iris(tmp_path)
    nnrun("show", str(path), "model.layers[0].units=8")
    shown = tmp_path / "shown.yaml"
    shown.write_text(capsys.readouterr().out)
    assert load_experiment(shown).experiment == load_experiment(path, ["model.layers[0].units=8"]).experiment


def test_problems_go_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid config leaves stdout empty and exits 3."""
    assert nnrun("show", str(write_iris(tmp_path, ("epochs", "epoch")))) == 3
    output = capsys.readouterr()
    assert output.out == ""
    assert "did you mean 'epochs'?" in output.err


def test_two_configs_are_a_usage_error(tmp_path: Path) -> None:
    """Show takes one config."""
    path = str(write_iris(tmp_path))
    assert nnrun("show", path, path) == 2


def test_a_run_shows_its_own_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run is shown as it was, whatever became of the file."""
    experiment = load_experiment(write_iris(tmp_path), ["fit.epochs=7"]).experiment
    run = tmp_path / "runs" / "iris-mlp" / "20260101-120000-abcd"
    run.mkdir(parents=True)
    record = {"id": run.name, "name": "iris-mlp", "status": "completed", "started": "2026-01-01T12:00:00Z"}
    (run / "run.json").write_text(json.dumps(record))
    (run / "resolved.yaml").write_text(to_yaml(experiment))
    assert nnrun("show", "latest", "--runs-dir", str(tmp_path / "runs")) == 0
    shown = tmp_path / "shown.yaml"
    shown.write_text(capsys.readouterr().out)
    assert load_experiment(shown).experiment == experiment


def test_a_run_shows_where_its_values_were_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines are those of the user's file, overrides those of the commands, and a drawn seed is told as that."""
    path = write_iris(tmp_path, ("name: iris-mlp\n", ""), ("seed: 0\n", ""))
    loaded = load_experiment(path, ["fit.epochs=7"]).with_seed(5)
    command = ["nnrun", "train", "iris.yaml", "fit.epochs=7", "--require", "accuracy>=0.5"]
    directory = RunDirectory.create(
        tmp_path / "runs",
        "iris",
        config=path.read_bytes(),
        resolved=to_yaml(loaded.experiment),
        command=command,
        seed=5,
    )
    path.unlink()
    runs_dir = str(tmp_path / "runs")
    assert nnrun("show", "latest", "fit.batch_size=4", "--runs-dir", runs_dir) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"# run {directory.id}"
    by_key = {line.split("#")[0].strip(): line.split("#")[1].strip() for line in lines[1:] if "#" in line}
    assert lines[1].split("#")[1].strip() == "file name"
    assert by_key["seed: 5"] == "drawn"
    assert by_key["epochs: 7"] == "override"
    assert by_key["batch_size: 4"] == "override"
    assert by_key["units: 16"] == "line 8"
    assert by_key["validation_freq: 1"] == "default"
    directory.update(resumed=[{"command": ["nnrun", "resume", "latest", "fit.epochs=9", "--seed=5"]}])
    (directory.path / "config.yaml").write_text("extends: base.yaml\n")
    assert nnrun("show", "latest", "--runs-dir", runs_dir) == 0
    text = capsys.readouterr().out
    assert "# base or default" in text
    assert "# drawn" not in text
    (directory.path / "config.yaml").unlink()
    assert nnrun("show", "latest", "--runs-dir", runs_dir) == 0
    assert "line 1" in capsys.readouterr().out


def test_an_empty_argument_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """It is not taken for the current folder."""
    assert nnrun("show", "") == 2
    assert "empty argument" in capsys.readouterr().err


def test_an_unknown_run_exits_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is neither a file nor a run is an error on stderr."""
    assert nnrun("show", "nothing", "--runs-dir", str(tmp_path)) == 4
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
