"""`KEY=VALUE` arguments replace values of the file, and their problems point into the argument."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnrun.config.load import load_experiment
from nnrun.config.overrides import looks_like_override
from nnrun.config.problems import ConfigError, Problem
from tests.configs import write_iris


def problem_of(path: Path, override: str) -> Problem:
    """Returns the only problem that an override causes."""
    with pytest.raises(ConfigError) as caught:
        load_experiment(path, [override])
    (problem,) = caught.value.problems
    return problem


def layer_arguments(path: Path, index: int, *overrides: str) -> dict[str, Any]:
    """Returns the arguments of a layer after overrides."""
    return dict(load_experiment(path, overrides).experiment.model.layers[index].arguments)


def test_a_value_is_replaced(tmp_path: Path) -> None:
    """A key path reaches a value of a section."""
    assert load_experiment(write_iris(tmp_path), ["fit.epochs=3"]).experiment.fit.epochs == 3


def test_a_section_that_is_not_in_the_file_is_created(tmp_path: Path) -> None:
    """A key of a section that the file leaves out can be set."""
    experiment = load_experiment(write_iris(tmp_path), ["checkpoint.monitor=loss"]).experiment
    assert experiment.checkpoint.monitor == "loss"


@pytest.mark.parametrize("override", ["model.layers[0].Dense.units=64", "model.layers[0].units=64"])
def test_the_class_name_may_be_left_out(tmp_path: Path, override: str) -> None:
    """An argument of a layer is reached with and without the name of the class."""
    arguments = layer_arguments(write_iris(tmp_path), 0, override)
    assert arguments["units"] == 64
    assert list(arguments) == ["units", "activation"]


@pytest.mark.parametrize("bare", ["Flatten", "Flatten: {}", "Flatten:"])
def test_a_bare_name_takes_arguments(tmp_path: Path, bare: str) -> None:
    """An object that is only a name, in whatever spelling, becomes one with the argument."""
    path = write_iris(tmp_path, ("    - Dense", f"    - {bare}\n    - Dense"))
    assert layer_arguments(path, 0, "model.layers[0].name=flat") == {"name": "flat"}


def test_an_alias_of_the_optimizer_takes_arguments(tmp_path: Path) -> None:
    """`compile.optimizer.learning_rate` works where the file says `optimizer: {Adam: …}`."""
    optimizer = load_experiment(
        write_iris(tmp_path), ["compile.optimizer.learning_rate=0.5"]
    ).experiment.compile.optimizer
    assert optimizer.arguments == {"learning_rate": 0.5}


def test_later_overrides_win(tmp_path: Path) -> None:
    """Overrides are applied in order."""
    experiment = load_experiment(write_iris(tmp_path), ["fit.epochs=3", "fit.epochs=4"]).experiment
    assert experiment.fit.epochs == 4


def test_an_override_of_an_aliased_value_changes_one_place(tmp_path: Path) -> None:
    """Where the file repeats a layer with an alias, only the layer that is named changes."""
    path = write_iris(tmp_path, ("    - Dense: {units: 16", "    - &d Dense: {units: 16"))
    path = write_iris(
        tmp_path,
        (
            "- Dense: {units: 16, activation: sigmoid}",
            "- &d {Dense: {units: 16, activation: relu}}\n    - *d",
        ),
    )
    assert layer_arguments(path, 0, "model.layers[0].units=8")["units"] == 8
    assert layer_arguments(path, 1, "model.layers[0].units=8")["units"] == 16


@pytest.mark.parametrize(
    ("override", "code", "column", "length", "hint"),
    [
        ("fit.epochs", "bad-override", 1, 10, "fit.epochs=3"),
        ("=3", "bad-override", 1, 1, "fit.epochs=3"),
        ("[0]=3", "bad-override", 1, 3, "fit.epochs=3"),
        ("fit..epochs=3", "bad-override", 4, 1, "fit.epochs"),
        ("fit epochs=3", "bad-override", 4, 1, "fit.epochs"),
        ("model.layers[7].units=3", "bad-override", 13, 3, "model.layers[1]"),
        ("model.layers[-1].units=3", "bad-override", 13, 4, "model.layers[1]"),
        ("model.layers.units=3", "bad-override", 14, 5, "model.layers[0].units"),
        ("seed.x=1", "bad-override", 6, 1, "seed"),
        ("fit[0]=1", "bad-override", 4, 3, ""),
        ("fit.epochs=ten", "wrong-type", 12, 3, ""),
        ("fit.epochs=", "wrong-type", 1, 11, "write a value"),
        ("fit.epochs=[1", "unclosed-bracket", 12, 1, "]"),
        ("fit.epocs=1", "unknown-key", 5, 5, "'epochs'"),
        ("model.layers[0].units=-4", "out-of-range", 23, 2, ""),
        ("model.layers[0].activation=rleu", "unknown-class", 28, 4, "'relu'"),
        ("dataset={source: sklearn, name: irsi}", "unknown-value", 33, 4, "'iris'"),
    ],
)
def test_a_bad_override_points_into_the_argument(
    tmp_path: Path, override: str, code: str, column: int, length: int, hint: str
) -> None:
    """The place of a problem is the stretch of the argument that is wrong."""
    problem = problem_of(write_iris(tmp_path), override)
    assert problem.place is not None
    assert problem.place.source.kind == "argument"
    assert problem.place.source.text == override
    assert (problem.code, problem.place.column, problem.place.length) == (code, column, length)
    assert hint in problem.hint


def test_an_index_out_of_range_says_how_many_there_are(tmp_path: Path) -> None:
    """The message names the number of items."""
    problem = problem_of(write_iris(tmp_path), "model.layers[7].units=3")
    assert problem.message == "model.layers has 2 items, there is no [7]"


def test_all_bad_overrides_come_at_once(tmp_path: Path) -> None:
    """Two malformed arguments are two problems."""
    with pytest.raises(ConfigError) as caught:
        load_experiment(write_iris(tmp_path), ["fit.epochs", "seed.x=1"])
    assert [problem.code for problem in caught.value.problems] == ["bad-override", "bad-override"]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("fit.epochs=3", True),
        ("model.layers[0].units=3", True),
        ("configs/a=b.yaml", False),
        ("./a=b.yaml", False),
        ("iris.yaml", False),
        ("=3", False),
    ],
)
def test_overrides_and_files_are_told_apart(argument: str, expected: bool) -> None:
    """An argument is an override if a key path and `=` begin it."""
    assert looks_like_override(argument) is expected
