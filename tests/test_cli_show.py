"""`nnrun show` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnrun.config.load import load_experiment
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
