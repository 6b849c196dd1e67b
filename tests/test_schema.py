"""The JSON Schema of a config: valid itself, and of one mind with the check."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from nnrun.catalog.families import Family
from nnrun.catalog.reading import ClassInfo, catalog
from nnrun.config.document import parse_document, read_source
from nnrun.config.experiment import Experiment
from nnrun.config.keras_check import read_object
from nnrun.config.labels import LABEL_FORMS
from nnrun.config.load import load_experiment
from nnrun.config.problems import ConfigError, Source
from nnrun.config.schema import config_schema, schema_text
from nnrun.config.schema.field_docs import field_descriptions, section_models
from nnrun.config.templates import FOLDER
from tests.configs import IRIS, nnrun, write_iris

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = sorted([*(ROOT / "configs").rglob("*.yaml"), *FOLDER.glob("*.yaml")])

CSV = IRIS.replace("  source: sklearn\n  name: iris\n", "  source: csv\n  path: a.csv\n  target: b\n")
MOONS = IRIS.replace("  source: sklearn\n  name: iris\n", "  source: synthetic\n  generator: moons\n")

BAD = {
    "unknown section": IRIS + "fitt: {}\n",
    "unknown key": IRIS.replace("batch_size", "batchsize"),
    "missing section": IRIS.partition("compile:")[0],
    "missing source": IRIS.replace("  source: sklearn\n", ""),
    "unknown source": IRIS.replace("sklearn", "sklern"),
    "unknown data set": IRIS.replace("name: iris\n  scale", "name: irs\n  scale"),
    "key of another source": IRIS.replace("  scale: standard\n", "  delimiter: ';'\n"),
    "missing key of a source": CSV.replace("  target: b\n", ""),
    "delimiter of two characters": CSV.replace("  target: b\n", "  target: b\n  delimiter: ';;'\n"),
    "unknown generator": MOONS.replace("moons", "moon"),
    "key of another generator": MOONS.replace("generator: moons", "generator: moons\n  centers: 3"),
    "share of one and a half": IRIS.replace("test: 0.5", "test: 1.5"),
    "scale to three numbers": IRIS.replace("scale: standard", "scale: [0, 1, 2]"),
    "no layers": IRIS.replace("layers:", "layers: []\n  x:"),
    "unknown layer": IRIS.replace("Dense: {units: 16", "Densee: {units: 16"),
    "refused layer": IRIS.replace("Dense: {units: 16, activation: sigmoid}", "Lambda: {function: x}"),
    "abstract layer": IRIS.replace("Dense: {units: 16, activation: sigmoid}", "Layer"),
    "layer without its argument": IRIS.replace("Dense: {units: 16, activation: sigmoid}", "Dense"),
    "missing argument": IRIS.replace("units: 16, ", ""),
    "unknown argument": IRIS.replace("units: 16", "unit: 16"),
    "argument of the wrong type": IRIS.replace("units: 16", "units: many"),
    "argument out of range": IRIS.replace("units: 16", "units: 0"),
    "unknown activation": IRIS.replace("softmax", "sofmax"),
    "initializer as activation": IRIS.replace("softmax", "he_normal"),
    "two names in one item": IRIS.replace("{Adam: {learning_rate: 0.01}}", "{Adam: {}, SGD: {}}"),
    "unknown optimizer": IRIS.replace("{Adam: {learning_rate: 0.01}}", "adamm"),
    "Keras 2 argument": IRIS.replace("learning_rate", "lr"),
    "loss without labels": IRIS.replace("categorical_crossentropy", "ctc"),
    "metric as a text": IRIS.replace("metrics: [accuracy]", "metrics: accuracy"),
    "refused callback": IRIS.replace("EarlyStopping: {monitor: loss, patience: 10}", "RemoteMonitor"),
    "epochs as text": IRIS.replace("epochs: 100", "epochs: ten"),
    "no epochs": IRIS.replace("epochs: 100", "epochs: 0"),
    "name with a slash": IRIS.replace("iris-mlp", "a/b"),
    "negative seed": IRIS.replace("seed: 0", "seed: -1"),
    "class weights as a list": IRIS + "  class_weight: [1, 2]\n",
}


@cache
def validator(family: str = "") -> jsonschema.Draft7Validator:
    """Returns the validator of a whole config, or of the Keras objects of a family."""
    schema = config_schema()
    if family:
        schema = {"$ref": f"#/definitions/{family}", "definitions": schema["definitions"]}
    return jsonschema.Draft7Validator(schema)


def problems_of(text: str) -> list[str]:
    """Returns what the schema says about a config."""
    return [error.message for error in validator().iter_errors(parse_document_text(text))]


def parse_document_text(text: str) -> Any:
    """Returns the data of a config text."""
    return parse_document(Source("config.yaml", text)).data()


def test_the_schema_is_valid_draft_7() -> None:
    """Editors refuse a schema that is none."""
    jsonschema.Draft7Validator.check_schema(config_schema())


def test_the_schema_is_small() -> None:
    """An editor reads it for every config that is opened."""
    assert len(schema_text()) < 600_000


def test_every_reference_leads_somewhere() -> None:
    """No definition is missing, and none is left over."""
    text = json.dumps(config_schema())
    references = {part.split('"')[0] for part in text.split('"#/definitions/')[1:]}
    assert references == set(config_schema()["definitions"])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_config_of_the_repository_is_valid(path: Path) -> None:
    """What the repository shows has no red line in an editor."""
    source, _ = read_source(path)
    errors = validator().iter_errors(parse_document(source).data())
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("text", [CSV, MOONS], ids=["csv", "moons"])
def test_other_sources_are_valid(text: str) -> None:
    """The texts that bad configs are made from are good ones."""
    assert problems_of(text) == []


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_bad_config_is_invalid_for_the_schema_and_the_check(text: str, tmp_path: Path) -> None:
    """An editor marks it, and the check would have refused it as well."""
    from nnrun.config.cross_checks import cross_check
    from nnrun.config.facts import DataFacts

    assert problems_of(text) != []
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    try:
        findings = cross_check(load_experiment(file).experiment, DataFacts())
    except ConfigError:
        return
    assert any(finding.severity == "error" for finding in findings)


@pytest.mark.parametrize(
    "text",
    [
        "extends: base.yaml\n",
        "extends: base.yaml\nfit: {epochs: 3}\n",
        "extends: base.yaml\ndataset: {limit: 100}\ncompile: {optimizer: adam}\n",
        "extends: base.yaml\ndataset: {source: csv, delimiter: ';'}\n",
    ],
)
def test_a_config_that_extends_another_needs_nothing_itself(text: str) -> None:
    """What is missing may stand in the other file."""
    assert problems_of(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "extends: 3\n",
        "extends: [a.yaml, b.yaml]\n",
        "extends: base.yaml\nfit: {epoch: 3}\n",
        "extends: base.yaml\ndataset: {limmit: 100}\n",
        "extends: base.yaml\ndataset: {source: csv, generator: moons}\n",
    ],
)
def test_a_config_that_extends_another_is_checked(text: str) -> None:
    """What does stand in it must be right."""
    assert problems_of(text) != []


def test_every_key_has_a_description() -> None:
    """Hovering over a key of any section says what it means."""
    models = [Experiment, *(model for model in section_models().values() if not model.__subclasses__())]
    missing = {
        f"{model.__name__}.{name}"
        for model in models
        if model.__module__.startswith("nnrun.")
        for name in model.model_fields.keys() - field_descriptions(model).keys()
    }
    assert missing == set()


def test_an_argument_has_the_description_and_default_of_keras() -> None:
    """Hovering over an argument shows what Keras says about it."""
    schema = config_schema()
    argument = schema["definitions"]["layer.Dense"]["properties"]["kernel_initializer"]
    while "$ref" in argument:
        argument = schema["definitions"][argument["$ref"].removeprefix("#/definitions/")]
    assert argument["description"].startswith("Initializer for the `kernel` weights matrix.")
    assert argument["description"].endswith('Default: "glorot_uniform"')


VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, -1, 3, 0.5, 1.5, -0.5, "same", "valid", "relu", "sgd", "float32", "zzz", "auto", "",
    [], [1], [1, 2], [2, 2, 2], [0.5], ["a"], [None, 3], [[1, 1], [1, 1]], {}, {"a": 1.0}, {"L2": {}},
    {"L2": {"l2": 0.1}}, {"Adam": {}}, {"ReLU": None}, {"Dense": {"units": 3}}, {"LSTM": {"units": 3}}, "Flatten",
    {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 3}}, "L2", "l2", "HeNormal", "he_normal",
)  # fmt: skip
"""Values of every kind; 1.0 is left out, which is an integer for JSON Schema."""

CELL = {"LSTMCell": {"units": 3}}


def required_arguments(info: ClassInfo) -> dict[str, Any]:
    """Returns a valid value for each argument that a class must have."""
    found: dict[str, Any] = {}
    for name in info.required:
        for value in (*VALUES, CELL, [CELL], [CELL, CELL], "mixed_float16"):
            _, problems = read_object(info.family, {info.name: {name: value}})
            if value is not None and {problem.code for problem in problems} <= {"missing-argument"}:
                found[name] = value
                break
    return found


def kinds_of_arguments() -> list[tuple[Family, str, str]]:
    """Returns one family, class and argument for each kind of argument that the catalogue has."""
    found: dict[str, tuple[Family, str, str]] = {}
    for family in get_args(Family):
        for name, info in catalog().classes(family).items():
            usable = not info.refused and not info.abstract and family != "activation"
            if usable and (family != "loss" or name in LABEL_FORMS):
                for argument in info.arguments.values():
                    found.setdefault(argument.kind_text, (family, name, argument.name))
    return list(found.values())


@pytest.mark.parametrize(("family", "name", "argument"), kinds_of_arguments())
def test_schema_and_check_agree_about_arguments(family: Family, name: str, argument: str) -> None:
    """For every kind of argument, the schema accepts exactly the values that the check accepts."""
    info = catalog().classes(family)[name]
    required = required_arguments(info)
    assert required.keys() == set(info.required)
    words = re.findall("'([^']*)'", repr(info.arguments[argument].kind))
    accepted = []
    for value in (*VALUES, *words):
        written = {name: {**required, argument: copy.deepcopy(value)}}
        _, problems = read_object(family, written)
        assert validator(family).is_valid(written) == (not problems), written
        accepted.append(not problems)
    assert any(accepted)


@pytest.mark.parametrize("family", get_args(Family))
def test_schema_and_check_agree_about_names(family: Family) -> None:
    """A name that stands alone is valid for both, but for the old spellings that the schema leaves out."""
    names = {*catalog().names(family), *catalog().aliases(family)}
    checked = {name for name in names if not read_object(family, name)[1]}
    offered = {name for name in names if validator(family).is_valid(name)}
    assert offered <= checked
    left_out = checked - offered
    aliases = catalog().aliases(family)
    if family == "loss":
        left_out = {name for name in left_out if (aliases.get(name, name) or "") in LABEL_FORMS}
    assert left_out == {
        name for name in left_out if name in aliases and (family == "layer" or not name.islower())
    }


@pytest.mark.parametrize("name", ["MaxPool2D", "Convolution2D", "Lambda", "Layer", "TFSMLayer"])
def test_old_and_refused_names_are_left_out(name: str) -> None:
    """Editors do not offer them."""
    assert name not in config_schema()["definitions"]["layer"]["properties"]


def test_the_command_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout, with nothing else."""
    assert nnrun("schema") == 0
    assert json.loads(capsys.readouterr().out) == config_schema()


def test_the_command_replaces_an_older_schema(tmp_path: Path) -> None:
    """After an update of nnrun, the same command brings the schema up to date."""
    file = tmp_path / "nnrun.schema.json"
    file.write_text('{"title": "Config of nnrun, with Keras 3.0"}')
    assert nnrun("schema", "--output", str(file)) == 0
    assert file.read_text() == schema_text()


def test_the_command_replaces_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A config in the place of the schema is a slip of the hand."""
    file = write_iris(tmp_path)
    assert nnrun("schema", "--output", str(file)) == 2
    assert file.read_text() == IRIS
    assert "no schema of nnrun" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["schema"], ["init"], ["init", "tabular"]])
def test_writing_loads_nothing_heavy(arguments: list[str]) -> None:
    """The schema and the templates need neither TensorFlow nor NumPy."""
    code = (
        "import sys\n"
        "from nnrun.cli.main import run\n"
        f"assert run({arguments!r}) == 0\n"
        "loaded = set(sys.modules) & {'tensorflow', 'keras', 'numpy', 'sklearn', 'pyarrow', 'pandas', 'rich'}\n"
        "assert not loaded, loaded\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
