"""The README and the changelog say what the code does."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic_core import PydanticUndefined

import nnrun
from nnrun.check import check_config
from nnrun.cli.main import run
from nnrun.config import datasets
from nnrun.config.keras_object import KerasObject
from nnrun.config.labels import label_form
from nnrun.config.load import load_experiment
from nnrun.config.problems import ConfigError
from tests.docs.codes import codes
from tests.docs.keys import documented_keys, keys
from tests.docs.readme import (
    HELP,
    NAMES,
    ROOT,
    TEXT,
    current_help,
    options,
    rows,
    section,
    tables,
    without_code,
)

_YAML = re.compile(r"(?P<before>[^\n]*)\n```yaml\n(?P<text>.*?)```\n", re.DOTALL)
_EXAMPLE = re.compile(
    r"^```console\n\$ nnrun (?P<arguments>[^\n]+)\n(?P<output>.*?)^```$", re.DOTALL | re.MULTILINE
)
_COMMAND_LINE = re.compile(r"^\$ nnrun (?P<arguments>.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")

GENERATORS: dict[str, type[datasets.SyntheticSection]] = {
    get_args(section.model_fields["generator"].annotation)[0]: section
    for section in get_args(get_args(datasets.SyntheticData)[0])
}


@pytest.mark.parametrize("name", NAMES)
def test_help_is_current(name: str) -> None:
    """The README shows the help of every command as it is printed today."""
    shown = {found["name"].strip(): found["text"] for found in HELP.finditer(TEXT)}
    assert name in shown, f"no <!-- help: {name} --> in the README"
    assert shown[name].partition("\n")[2] == current_help(name), "run python -m tests.docs.readme"


def test_every_command_has_a_section() -> None:
    """Each command has a heading with its name, and none is documented that does not exist."""
    headings = re.findall(r"^### nnrun (\S+)$", TEXT, re.MULTILINE)
    assert sorted(headings) == sorted(NAMES[1:])


@pytest.mark.parametrize("name", NAMES[1:])
def test_every_command_has_an_example(name: str) -> None:
    """Each command is shown with what it prints."""
    assert re.search(rf"^```console\n\$ nnrun {name}\b", TEXT, re.MULTILINE)


def test_options_in_examples_exist() -> None:
    """Options in the examples, and those that the text mentions, are options of a command."""
    known = {name: options(current_help(name)) for name in NAMES}
    for found in _COMMAND_LINE.finditer(TEXT):
        name = found["arguments"].split()[0]
        assert options(found["arguments"]) <= known.get(name, known[""]) | known[""], found[0]
    mentioned = {
        option
        for code in _CODE.findall(without_code(TEXT))
        if not code.startswith(("python tests/", "pip "))
        for option in options(code)
    }
    assert mentioned <= set().union(*known.values())


def test_help_has_no_markup() -> None:
    """What keeps click from refilling a paragraph does not show."""
    assert [name for name in NAMES if "\\b" in current_help(name)] == []


def configs() -> Iterator[str]:
    """Yields the YAML blocks that are whole configs and meant to be valid."""
    for found in _YAML.finditer(TEXT):
        if found["before"].startswith("<!-- part"):
            continue
        if not found["before"].startswith("<!-- file:"):
            yield found["text"]


@pytest.mark.parametrize("text", list(configs()))
def test_configs_are_valid(text: str, tmp_path: Path) -> None:
    """A reader can copy every config of the README."""
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    warnings = [problem.code for problem in check_config(path).warnings]
    assert set(warnings) <= {"no-data"}


def test_first_config_is_the_one_in_the_folder(tmp_path: Path) -> None:
    """The config at the top is `configs/iris_mlp.yaml`."""
    path = tmp_path / "config.yaml"
    path.write_text(next(configs()), encoding="utf-8")
    shown, there = load_experiment(path), load_experiment(ROOT / "configs" / "iris_mlp.yaml")
    assert shown.experiment == there.experiment


def test_parts_of_configs_have_known_objects(tmp_path: Path) -> None:
    """A block that shows only a part of a config has no other problem than what it leaves out."""
    parts = [found["text"] for found in _YAML.finditer(TEXT) if found["before"].startswith("<!-- part")]
    assert parts
    for text in parts:
        path = tmp_path / "part.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as error:
            load_experiment(path)
        # A base that a block extends is not there either.
        assert {problem.code for problem in error.value.problems} in ({"missing-key"}, {"no-base"})


def executed() -> dict[str, str]:
    """Returns the examples whose output is the same everywhere: their arguments and what they print."""
    found = {example["arguments"]: example["output"] for example in _EXAMPLE.finditer(TEXT)}
    return {
        arguments: output
        for arguments, output in found.items()
        if re.match(r"check (?!.*--build)|show \S+\.yaml|train --dry-run ", arguments)
    }


@pytest.mark.parametrize("arguments", executed())
def test_examples_print_what_is_shown(
    arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An example prints what the README shows; `[...]` stands for lines that are left out."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```yaml\n(.*?)```\n", TEXT, re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    words = [
        path
        for word in shlex.split(arguments)
        for path in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    run(words)
    captured = capsys.readouterr()
    expected = "(?:.*\n)*".join(map(re.escape, executed()[arguments].split("[...]\n")))
    assert re.fullmatch(expected, captured.out + captured.err), captured.out + captured.err


def test_every_key_is_documented() -> None:
    """The tables of the config file have exactly the keys that exist."""
    assert sorted(documented_keys()) == sorted(keys())


@pytest.mark.parametrize("key", sorted(keys()))
def test_defaults_are_the_real_ones(key: str) -> None:
    """The tables give the default of every key, or say that it is required."""
    field, shown = keys()[key], documented_keys().get(key, "")
    if key == "name":  # taken from the name of the file before anything is validated
        assert "name of the file" in shown
    elif field.is_required():
        assert shown == "required"
    else:
        default: Any = field.get_default(call_default_factory=True)
        if default is None:
            assert shown and "required" not in shown
        else:
            assert default is not PydanticUndefined
            assert yaml.safe_load(shown.strip("`")) == default


def test_generators_are_documented() -> None:
    """The README has all options of all generators, with their defaults."""
    [generators] = [body for header, body in tables(section("### `dataset`")) if header[0] == "generator"]
    shown = {name.strip("`"): dict(re.findall(r"`(\w+)` \(([^)]*)\)", text)) for name, text in generators}
    common = set(datasets.SyntheticSection.model_fields) | {"generator"}
    real = {
        name: {
            key: "none" if field.default is None else str(field.default)
            for key, field in model.model_fields.items()
            if key not in common
        }
        for name, model in GENERATORS.items()
    }
    assert shown == real


def test_labels_of_losses_are_documented() -> None:
    """Every loss of the table gets the labels that the table says."""
    words = {"one-hot": "one_hot", "class numbers": "index", "0 or 1": "binary", "numbers": "values"}
    [losses] = [body for header, body in tables(section("### `compile`")) if header[0] == "loss"]
    assert len(losses) == len(words)
    for names, labels, _ in losses:
        for name in _CODE.findall(names):
            assert label_form(KerasObject("loss", name, None)) == words[labels], name


def test_problem_codes_are_documented() -> None:
    """The table of problem codes has exactly the codes that nnrun can give, in order."""
    shown = [row[0].strip("`") for row in rows("## Problem codes")]
    assert shown == sorted(codes())


def test_exit_codes_are_documented() -> None:
    """The table of exit codes has those of all errors."""
    from nnrun import errors

    shown = {int(code) for row in rows("## Streams and exit codes") for code in row[0].split(", ")}
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.NnrunError)
    ]
    assert shown >= {kind.exit_code for kind in [*kinds, ConfigError]}


def anchor(heading: str) -> str:
    """Returns the anchor that a heading gets in Markdown."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def documented(marker: str) -> list[list[str]]:
    """Returns the rows of the table below a marker, which is an HTML comment."""
    text = TEXT[TEXT.index(f"<!-- {marker} -->") :]
    return next(tables(text))[1]


def test_pictures_are_documented() -> None:
    """The table of pictures has every kind, its file, and what it is made of."""
    from nnrun.evaluation.plots.kinds import KINDS

    shown = [(row[0].strip("`"), row[1].strip("`"), row[2]) for row in documented("pictures")]
    assert shown == [(kind.name, kind.file, kind.needs) for kind in KINDS]


def test_keys_of_an_evaluation_are_documented() -> None:
    """The table of the JSON has the keys of evaluations of every kind, and the other one their figures."""
    import numpy as np

    from nnrun.evaluation.answers import ClassAnswers
    from nnrun.evaluation.evaluate import Evaluation, calibration_of, probabilistic, ranking_of
    from nnrun.evaluation.record import to_record
    from nnrun.evaluation.scores import classification, confusion_matrix, regression

    def evaluation(classes: int) -> Evaluation:
        names = tuple(f"class {number}" for number in range(classes))
        random = np.random.default_rng(0)
        probabilities = random.dirichlet(np.ones(classes), 60)
        truth = np.arange(60) % classes
        predicted = probabilities.argmax(axis=1)
        scores = probabilities[:, 1:] if classes == 2 else probabilities
        answers = ClassAnswers(names, truth, predicted, scores, probabilities)
        found = classification(confusion_matrix(truth, predicted, classes), names)
        return Evaluation(
            "id", "name", "test", "best", 60, {"loss": 1.0}, found, ranking_of(answers),
            calibration_of(answers), probabilistic(answers), None, False,
        )  # fmt: skip

    values = np.ones((3, 1))
    numbers = Evaluation(
        "id", "name", "test", "best", 3, {"loss": 1.0}, None, None, None, {},
        regression(values, values, ["TARGET"]), False,
    )  # fmt: skip
    every = [evaluation(2), evaluation(11), numbers]
    shown = [name for row in documented("evaluation keys") for name in _CODE.findall(row[0])]
    assert sorted(shown) == sorted({key for one in every for key in to_record(one)})
    figures = next(
        body for header, body in tables(section("### nnrun evaluate")) if header == ["name", "figure"]
    )
    named = {name for row in figures for name in _CODE.findall(row[0])}
    real = {
        name.replace("class_0", "CLASS") for one in every for name in one.values() if "class_1" not in name
    }
    assert named == {name for name in real if "class_" not in name} - {"loss"}


def test_links_lead_somewhere() -> None:
    """Every link into this repository has a target."""
    text = without_code(TEXT)
    anchors = {anchor(found) for found in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://"):
            assert (ROOT / target).exists(), target


def test_paths_exist() -> None:
    """Every file of this repository that the README names is there, in commands too."""
    named = set(re.findall(r"(?<![\w/.-])((?:configs|tests|\.ci)/[\w./*-]*\w)", TEXT))
    assert named
    for path in named:
        assert list(ROOT.glob(path)), path


def test_every_config_is_a_reference_experiment() -> None:
    """Each config of the folder is in one of the tables, with the command that trains it."""
    commands = [row[0] for _, body in tables(section("## Reference experiments")) for row in body]
    named = re.findall(r"configs/\w+\.yaml", " ".join(commands))
    assert sorted(named) == sorted(f"configs/{path.name}" for path in (ROOT / "configs").glob("*.yaml"))


def test_changelog_has_this_version() -> None:
    """The changelog has a dated section for the version that is installed."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = rf"^## \[{re.escape(nnrun.__version__)}\] - \d{{4}}-\d\d-\d\d$"
    assert re.search(heading, text, re.MULTILINE)


def test_extras_are_documented() -> None:
    """The table of extras has those of `pyproject.toml`."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shown = {row[0].strip("`") for row in rows("## Installing")}
    assert shown == set(project["optional-dependencies"])


def test_nothing_here_loads_tensorflow() -> None:
    """The tests of the documentation need no TensorFlow."""
    code = f"import sys; sys.path.append({str(ROOT)!r}); import tests.test_docs; print('tensorflow' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "False"
