"""`nnrun init`: templates that train as they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nnrun.check import check_config
from nnrun.config.schema import FILE_NAME, MODELINES, schema_text
from nnrun.config.templates import FOLDER, TEMPLATES, template_text
from tests.configs import nnrun


def test_every_template_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name, each template has a line that says what it is for."""
    assert nnrun("init") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TEMPLATES)
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_no_problem(name: str, tmp_path: Path) -> None:
    """What a newcomer starts from has neither an error nor a warning."""
    file = tmp_path / "config.yaml"
    assert nnrun("init", name, "--output", str(file)) == 0
    loaded = check_config(file)
    assert loaded.warnings == ()
    assert loaded.experiment.name == name


def test_the_text_template_reads_texts_as_its_comments_say(tmp_path: Path) -> None:
    """The lines that are commented out replace those above them, for a table and for folders."""
    text = template_text("text")
    drawn = text[text.index("  source: synthetic") : text.index("  # Texts of your own")]
    own = text[text.index("  # source: text") : text.index("  # With a folder")]
    rows = "".join(f"{'ab'[number % 2]},word{number} more\n" for number in range(20))
    (tmp_path / "texts.csv").write_text(f"label,text\n{rows}")
    for name in "ab":
        (tmp_path / "folder" / name).mkdir(parents=True)
        for number in range(10):
            (tmp_path / "folder" / name / f"{number}.txt").write_text(f"word{number}")
    written = own.replace("  # ", "  ")
    for source in (
        written,
        written.replace("texts.csv", "folder").replace("  text: text\n  target: label\n", ""),
    ):
        path = tmp_path / "mine.yaml"
        path.write_text(text.replace(drawn, source).replace("input_dim: 100,", "input_dim: 10000,"))
        loaded = check_config(path)
        assert loaded.experiment.dataset.source == "text"
        assert [warning.code for warning in loaded.warnings] == ["batch-size"]


def test_a_template_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --output, stdout holds the config with the lines for both families of editors."""
    assert nnrun("init", "binary") == 0
    out = capsys.readouterr().out
    assert out == "\n".join((*MODELINES, template_text("binary")))


def test_the_schema_is_written_beside_the_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first lines of the config name it, so it has to be there; stdout stays empty."""
    assert nnrun("init", "text", "--output", str(tmp_path / "mine.yaml")) == 0
    assert (tmp_path / FILE_NAME).read_text() == schema_text()
    output = capsys.readouterr()
    assert output.out == ""
    assert "mine.yaml" in output.err
    assert FILE_NAME in output.err


def test_a_schema_that_is_there_stays(tmp_path: Path) -> None:
    """It may be another version, which the folder is kept at on purpose."""
    (tmp_path / FILE_NAME).write_text("{}")
    assert nnrun("init", "text", "--output", str(tmp_path / "mine.yaml")) == 0
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {}


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that exists is an error, and stays as it is."""
    file = tmp_path / "mine.yaml"
    file.write_text("name: precious\n")
    assert nnrun("init", "text", "--output", str(file)) == 2
    assert file.read_text() == "name: precious\n"
    assert "--force" in capsys.readouterr().err


def test_force_replaces(tmp_path: Path) -> None:
    """Unless it is asked for."""
    file = tmp_path / "mine.yaml"
    file.write_text("name: old\n")
    assert nnrun("init", "text", "--output", str(file), "--force") == 0
    assert check_config(file).experiment.name == "text"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tabluar"], "did you mean 'tabular'?"),
        (["audio"], "choose one of tabular, "),
        (["text", "--from-csv", "a.csv"], "received both"),
        (["--target", "a"], "add --from-csv FILE"),
        (["--output", "new.yaml"], "needs a template"),
        (["text", "--output", "no/such/folder/a.yaml"], "there is no folder"),
    ],
)
def test_a_wrong_argument_is_explained(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, with what to write instead."""
    assert nnrun("init", *arguments) == 2
    assert words in capsys.readouterr().err


@pytest.mark.tensorflow
def test_every_template_trains(tmp_path: Path, test_data: Callable[[str], Path]) -> None:
    """One process trains them all for an epoch; MNIST from the files that are there."""
    files = []
    for name in TEMPLATES:
        files.append(tmp_path / f"{name}.yaml")
        assert nnrun("init", name, "--output", str(files[-1])) == 0
    runs = ["--runs-dir", str(tmp_path / "runs"), "--progress", "off"]
    mnist = files.pop([*TEMPLATES].index("mnist"))
    assert nnrun("train", *map(str, files), "fit.epochs=1", *runs) == 0
    local = f"dataset.path={test_data('mnist')}"
    few = ["dataset.limit=300", "dataset.split.validation=100"]
    assert nnrun("train", str(mnist), "fit.epochs=1", local, *few, *runs) == 0
    assert {path.name for path in (tmp_path / "runs").iterdir()} == set(TEMPLATES)
