"""`nnrun doctor` tells what is there and how to get what is missing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nnrun.diagnosis import (
    EXTRAS,
    REQUIRED,
    Diagnosis,
    environment_notes,
    features,
    package_problems,
    report,
)
from nnrun.rundir.provenance import host_facts

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def project() -> dict[str, object]:
    """The project table of pyproject.toml."""
    project: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def test_required_versions_are_those_of_the_project(project: dict[str, object]) -> None:
    """What doctor asks for is what pip installs."""
    dependencies = project["dependencies"]
    assert isinstance(dependencies, list)
    lowest = dict(re.findall(r"^([\w-]+)>=([\d.]+)", "\n".join(dependencies), re.MULTILINE))
    assert lowest == dict(REQUIRED)


def test_every_feature_is_an_extra_of_the_project(project: dict[str, object]) -> None:
    """The install commands that doctor prints work."""
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    assert EXTRAS.keys() == extras.keys() - {"dev", "all"}


def test_what_is_missing_for_a_feature_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each feature says what it is for, which packages it lacks, and how to get them."""
    installed = {"tensorboard": "2", "sqlalchemy": "2", "alembic": "1"}
    monkeypatch.setattr("nnrun.diagnosis.installed_version", installed.get)
    found = {feature.name: feature for feature in features()}
    assert found["tensorboard"].missing == ()
    assert found["mlflow"].missing == ("mlflow-skinny",)
    assert found["mlflow"].install == "pip install 'nnrun[mlflow]'"
    diagnosis = Diagnosis({}, host_facts(), {}, (), {}, 0, "", features(), (), ())
    text = report(diagnosis)
    assert re.search(r"\[tensorboard\] .*: installed\n", text)
    assert "missing mlflow-skinny: pip install 'nnrun[mlflow]'\n" in text
    assert diagnosis.to_record()["features"][0]["name"] == "tensorboard"
    installed.pop("tensorboard")
    assert features()[0].install == "pip install tensorboard"


def test_all_is_every_extra_but_that_for_gpus(project: dict[str, object]) -> None:
    """`pip install 'nnrun[all]'` brings every feature."""
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    assert set(re.findall(r"[\w-]+", extras["all"][0].partition("[")[2])) == EXTRAS.keys() - {"gpu"}


def test_nothing_is_wrong_with_the_lowest_versions() -> None:
    """Exactly the required versions are enough."""
    assert package_problems(REQUIRED) == []


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ("3.15.0", "keras 3.15.0 is too old: pip install --upgrade 'keras>=3.15.1'"),
        ("3.9.2", "keras 3.9.2 is too old: pip install --upgrade 'keras>=3.15.1'"),
        (None, "keras is not installed: pip install 'keras>=3.15.1'"),
    ],
)
def test_an_old_or_missing_package_is_a_problem(found: str | None, problem: str) -> None:
    """The sentence has the command that repairs it."""
    assert package_problems({**REQUIRED, "keras": found}) == [problem]


@pytest.mark.parametrize("found", ["3.15.1", "3.15.2", "3.16", "4.0.0rc1"])
def test_newer_versions_are_fine(found: str) -> None:
    """Versions are compared as numbers."""
    assert package_problems({**REQUIRED, "keras": found}) == []


def test_variables_that_change_training_are_noted() -> None:
    """Keras obeys some variables in silence; doctor does not."""
    notes = environment_notes({"KERAS_MAX_EPOCHS": "1", "KERAS_BACKEND": "jax"})
    assert len(notes) == 2
    assert "KERAS_MAX_EPOCHS=1" in notes[0]
    assert "KERAS_BACKEND=jax" in notes[1]
    assert environment_notes({"KERAS_BACKEND": "tensorflow"}) == []


@pytest.mark.tensorflow
def test_this_installation_is_fine(tmp_path: Path) -> None:
    """In a complete installation the findings are JSON with a device, and the exit code is 0."""
    code = "import typer; from nnrun.cli.doctor import doctor; typer.run(doctor)"
    result = subprocess.run(
        [sys.executable, "-c", code, "--json", "--runs-dir", str(tmp_path / "runs")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    findings = json.loads(result.stdout)
    assert findings["problems"] == []
    assert findings["devices"][0]["name"] == "cpu"
    assert findings["versions"]["keras"]
    assert findings["disk_free_bytes"] > 0
    assert not (tmp_path / "runs").exists()
