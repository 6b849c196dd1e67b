"""A config file becomes an experiment, or all of its problems at once."""

from __future__ import annotations

import itertools
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnrun.config.datasets import CsvData, SklearnData
from nnrun.config.load import load_experiment
from nnrun.config.problems import ConfigError, Problem
from nnrun.config.resolved import to_yaml
from nnrun.errors import DataError
from tests.configs import IRIS, write_iris


def problems_of(path: Path, *overrides: str) -> tuple[Problem, ...]:
    """Returns the problems of a config that must be invalid."""
    with pytest.raises(ConfigError) as caught:
        load_experiment(path, overrides)
    return caught.value.problems


def test_a_valid_config_becomes_an_experiment(tmp_path: Path) -> None:
    """Values and Keras objects of the file are in the experiment."""
    experiment = load_experiment(write_iris(tmp_path)).experiment
    assert isinstance(experiment.dataset, SklearnData)
    assert experiment.dataset.split.test == 0.5
    assert experiment.model.layers[1].class_name == "Dense"
    assert experiment.model.layers[1].arguments["units"] == 3
    assert experiment.fit.epochs == 100


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "column", "hint"),
    [
        ("epochs: 100", "epochs: ten", "wrong-type", 17, 11, ""),
        ("epochs: 100", "epochs: -5", "out-of-range", 17, 11, ""),
        ("epochs: 100", "epochs: 0", "out-of-range", 17, 11, ""),
        ("epochs: 100", "epochs: 1e2", "wrong-type", 17, 11, "write 100"),
        ("epochs: 100", "epochs: '100'", "wrong-type", 17, 11, "without quotes"),
        ("epochs: 100", "epochs: 1_000", "wrong-type", 17, 11, "write 1000"),
        ("epochs: 100", "epochs:", "wrong-type", 17, 3, "write a value"),
        ("epochs: 100", "nb_epoch: 100", "unknown-key", 17, 3, "'epochs'"),
        ("epochs: 100", "Epochs: 100", "unknown-key", 17, 3, "'epochs'"),
        ("batch_size: 1", "batch: 1", "unknown-key", 18, 3, "'batch_size'"),
        ("batch_size: 1", "learning_rate: 1", "unknown-key", 18, 3, "argument of the optimizer"),
        ("batch_size: 1", "metrics: [acc]", "unknown-key", 18, 3, "belongs to compile"),
        ("batch_size: 1", "shuffle: yes", "wrong-type", 18, 12, "write true"),
        ("batch_size: 1", "validation_data: tset", "unknown-value", 18, 20, "'test'"),
        ("units: 16", "unit: 16", "unknown-argument", 10, 15, "'units'"),
        ("units: 16", "units: -16", "out-of-range", 10, 22, ""),
        ("units: 16", "units: many", "wrong-type", 10, 22, ""),
        ("- Dense: {units: 16", "- Densee: {units: 16", "unknown-class", 10, 7, "'Dense'"),
        ("activation: sigmoid", "activation: rleu", "unknown-class", 10, 38, "'relu'"),
        ("{Adam: {learning_rate: 0.01}}", "adamm", "unknown-class", 13, 14, "'adam'"),
        ("{Adam: {learning_rate: 0.01}}", "Newton", "unknown-class", 13, 14, ""),
        ("  loss: categorical_crossentropy\n", "", "missing-key", 12, 1, "add loss"),
        ("source: sklearn", "source: sklaern", "unknown-value", 4, 11, "'sklearn'"),
        ("source: sklearn", "sorce: sklearn", "unknown-key", 4, 3, "'source'"),
        ("name: iris\n", "name: irsi\n", "unknown-value", 5, 9, "'iris'"),
        ("scale: standard", "scale: standart", "unknown-value", 6, 10, "'standard'"),
        ("scale: standard", "scale: [0, x]", "wrong-type", 6, 14, ""),
        ("scale: standard", "scale: [0]", "wrong-type", 6, 10, ""),
        ("test: 0.5", "test: 1.5", "out-of-range", 7, 17, ""),
        ("name: iris-mlp", "name: ../x", "out-of-range", 1, 7, ""),
        ("seed: 0", "seed: -1", "out-of-range", 2, 7, ""),
        ("seed: 0", "seed: 1e999", "number-too-large", 2, 7, ""),
        (
            "  callbacks:\n",
            "  callbacks: [EarlyStoping]\n  class_weight:\n",
            "unknown-class",
            19,
            15,
            "'EarlyStopping'",
        ),
    ],
)
def test_a_mistake_is_located_and_explained(
    tmp_path: Path, old: str, new: str, code: str, line: int, column: int, hint: str
) -> None:
    """The first problem of a file with one mistake has its code, place and hint."""
    problem = problems_of(write_iris(tmp_path, (old, new)))[0]
    assert problem.place is not None
    assert (problem.code, problem.place.line, problem.place.column) == (code, line, column)
    assert hint in problem.hint


def test_a_message_says_what_was_expected_and_received(tmp_path: Path) -> None:
    """The message names both, and nothing of pydantic's wording."""
    (problem,) = problems_of(write_iris(tmp_path, ("epochs: 100", "epochs: ten")))
    assert problem.message == "expected a whole number of at least 1, received 'ten'"
    assert problem.path == "fit.epochs"


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Problems of YAML, of sections and of Keras objects are reported together, sorted by line."""
    path = write_iris(
        tmp_path,
        ("seed: 0", "seed: 0\nseed: 1"),
        ("units: 16", "unit: 16"),
        ("epochs: 100", "epochs: ten"),
        ("scale: standard", "scale: x"),
    )
    found = problems_of(path)
    lines = [problem.place.line for problem in found if problem.place]
    assert lines == sorted(lines)
    assert {"duplicate-key", "unknown-value", "unknown-argument", "wrong-type"} <= {
        item.code for item in found
    }


def test_a_misspelt_key_is_not_also_missing(tmp_path: Path) -> None:
    """`optimiser` is one problem, not two."""
    (problem,) = problems_of(write_iris(tmp_path, ("optimizer:", "optimiser:")))
    assert (problem.code, problem.path) == ("unknown-key", "compile.optimiser")


def test_a_union_of_types_gives_one_message(tmp_path: Path) -> None:
    """A value that fits no member of a union is one problem that names all members."""
    (problem,) = problems_of(write_iris(tmp_path, ("scale: standard", "scale: 5")))
    assert (
        problem.message == "expected one of none, unit, standard, minmax or a list of 2 numbers, received 5"
    )


def test_the_name_defaults_to_the_file(tmp_path: Path) -> None:
    """Without `name`, the experiment is called like its file."""
    assert load_experiment(write_iris(tmp_path, ("name: iris-mlp\n", ""))).experiment.name == "iris"


def test_data_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path in the file starts at the file, one in an argument at the current folder."""
    folder = tmp_path / "configs"
    folder.mkdir()
    path = write_iris(folder, ("source: sklearn\n  name: iris", "source: csv\n  path: ../a.csv\n  target: y"))
    monkeypatch.chdir(tmp_path)
    dataset = load_experiment(path).experiment.dataset
    assert isinstance(dataset, CsvData)
    assert dataset.path == str(tmp_path / "a.csv")
    dataset = load_experiment(path, ["dataset.path=b.csv"]).experiment.dataset
    assert isinstance(dataset, CsvData)
    assert dataset.path == str(tmp_path / "b.csv")


def test_the_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` in a data path is the home folder."""
    monkeypatch.setenv("HOME", "/home/someone")
    path = write_iris(
        tmp_path, ("source: sklearn\n  name: iris", "source: csv\n  path: ~/a.csv\n  target: y")
    )
    dataset = load_experiment(path).experiment.dataset
    assert isinstance(dataset, CsvData)
    assert dataset.path == "/home/someone/a.csv"


def test_a_missing_file_suggests_a_similar_one(tmp_path: Path) -> None:
    """A misspelt file name is an error with the name that exists."""
    write_iris(tmp_path)
    with pytest.raises(DataError, match="no config file") as caught:
        load_experiment(tmp_path / "irsi.yaml")
    assert "iris.yaml" in caught.value.advice


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    """A folder is an error that names a config in it."""
    write_iris(tmp_path)
    with pytest.raises(DataError, match="is a folder") as caught:
        load_experiment(tmp_path)
    assert "iris.yaml" in caught.value.advice


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """More than a megabyte is refused without reading it."""
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * 1_000_001)
    assert [problem.code for problem in problems_of(path)] == ["too-large"]


@pytest.mark.parametrize("content", [b"name: caf\xe9\n", "name: x\n".encode("utf-16")])
def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path, content: bytes) -> None:
    """The first byte that is not UTF-8 is pointed at."""
    path = tmp_path / "latin.yaml"
    path.write_bytes(content)
    (problem,) = problems_of(path)
    assert problem.code == "not-utf8"
    assert "UTF-8" in problem.hint


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    """A byte-order mark at the start changes nothing."""
    path = tmp_path / "iris.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + IRIS.encode())
    assert load_experiment(path).experiment.name == "iris-mlp"


def test_the_resolved_config_loads_as_the_same_experiment(tmp_path: Path) -> None:
    """Writing an experiment and loading it gives an equal one."""
    experiment = load_experiment(write_iris(tmp_path), ["fit.class_weight={0: 1, '1': 2.5}"]).experiment
    again = tmp_path / "again.yaml"
    again.write_text(to_yaml(experiment))
    assert load_experiment(again).experiment == experiment


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=20), st.floats(allow_nan=False, allow_infinity=False, min_value=0))
def test_any_text_and_number_survive_the_round_trip(tmp_path: Path, text: str, number: float) -> None:
    """Whatever a class is called and weighs, the resolved config says the same."""
    experiment = load_experiment(write_iris(tmp_path)).experiment
    changed = experiment.model_copy(
        update={"fit": experiment.fit.model_copy(update={"class_weight": {text: number}})}
    )
    path = tmp_path / "again.yaml"
    path.write_text(to_yaml(changed), encoding="utf-8", newline="")
    assert load_experiment(path).experiment == changed


_LINES = st.sampled_from(IRIS.splitlines())
_WORDS = st.text(alphabet=string.ascii_lowercase + "0123456789 :-[]{},'\"&*~", max_size=12)
_COUNTER = itertools.count()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_LINES, _WORDS, st.integers(0, 40))
def test_any_change_of_a_config_is_valid_or_located(tmp_path: Path, line: str, word: str, at: int) -> None:
    """Random text anywhere in a config gives an experiment or located problems, never another error."""
    changed = line[:at] + word + line[at:]
    path = tmp_path / f"fuzz{next(_COUNTER)}.yaml"
    path.write_text(IRIS.replace(line, changed, 1))
    try:
        load_experiment(path)
    except ConfigError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.place is not None
            assert problem.place.line <= IRIS.count("\n") + 1


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n" * 150_000,
        "".join(f"k{number}: [1]\n" for number in range(20_000)),
        "name: x\ny: " + "x" * 500_000,
    ],
    ids=["duplicates", "unknown keys", "one long line"],
)
def test_a_large_wrong_file_is_answered_with_few_problems(tmp_path: Path, text: str) -> None:
    """The problems of a file that is no config at all are bounded."""
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    assert 0 < len(problems_of(path)) <= 200


def test_one_metric_must_still_be_a_list(tmp_path: Path) -> None:
    """A value where a list is expected comes with the list to write."""
    (problem,) = problems_of(write_iris(tmp_path, ("metrics: [accuracy]", "metrics: accuracy")))
    assert problem.message == "expected a list of metrics, received 'accuracy'"
    assert problem.hint == "write [accuracy]"
