"""Expressions choose runs by facts, metrics and keys of the config."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.comparison.expressions import parse
from nnrun.comparison.values import value_of
from nnrun.errors import UsageError
from nnrun.rundir.reading import Run

RESOLVED = """\
name: mnist
dataset:
  path: "/data/a b"
  scale: [0, 1]
  split:
    test: 0.5
model:
  layers:
    - Conv2D:
        filters: 32
        kernel_size: [3, 3]
    - Dense:
        units: 10
        activation: softmax
compile:
  optimizer:
    Adam:
      learning_rate: 1e-3
  loss: mean_squared_error
  metrics:
    - accuracy
    - AUC:
        name: area
fit:
  batch_size: 32
  shuffle: true
  class_weight: null
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a config and metrics."""
    path = tmp_path_factory.mktemp("run")
    (path / "resolved.yaml").write_text(RESOLVED)
    (path / "summary.json").write_text(
        '{"best_val_loss": 0.25, "final_val_loss": 0.5, "best_f1": "nan", "epochs": 3}'
    )
    record = {
        "id": "20261120-120000-abcd",
        "name": "2024",
        "status": "completed",
        "started": "2026-11-20T12:00:00Z",
        "seed": 7,
        "git": {"commit": "8f3a", "dirty": True},
        "timing": {"train": 1.5},
    }
    return Run(path, record)


@pytest.mark.parametrize(
    "expression",
    [
        "val_loss<0.3",
        "val_loss = 0.25",
        "final_val_loss==.5",
        "epochs>=3",
        "status=completed",
        "name=2024",
        "name='2024'",
        "status!=failed",
        "git.dirty=true",
        "git.commit~^8f",
        "timing.train>1",
        "started>2026-11-19",
        "started<2026-11-20T13",
        "fit.batch_size=32",
        "fit.shuffle=true",
        "compile.optimizer=Adam",
        "compile.optimizer=adam",
        "compile.optimizer.learning_rate<=0.001",
        "compile.optimizer.Adam.learning_rate=1e-3",
        "compile.loss=mse",
        "compile.loss=MeanSquaredError",
        "compile.loss~error$",
        "compile.metrics=[accuracy, AUC]",
        "compile.metrics=[accuracy,AUC]",
        "compile.metrics~AUC",
        "model.layers[0].kernel_size=[3, 3]",
        "model.layers[1].Dense.units=10",
        "model.layers=[Conv2D,*]",
        'dataset.path="/data/a b"',
        "dataset.path~'a b$'",
        "fit.class_weight=null",
        "status=comp*",
        "status=?ompleted",
        "status!=fail*",
        "status!~^f",
        "not status=failed",
        "not not seed=7",
        "status=failed or seed=7",
        "status=failed and seed=7 or epochs=3",
        "(status=failed or seed=7)and(epochs=3)",
        "not (status=failed or seed=8)",
        "not val_accuracy>0.5",
    ],
)
def test_an_expression_that_holds(run: Run, expression: str) -> None:
    """Every kind of comparison, with and without spaces, on every kind of value."""
    assert parse(expression).holds(run)


@pytest.mark.parametrize(
    "expression",
    [
        "val_loss>0.25",
        "val_accuracy>0",
        "val_accuracy!=0",
        "f1<1",
        "name>3",
        "status='comp*'",
        "status=COMPLETED",
        "fit.shuffle=1",
        "fit.batch_size=true",
        "git.dirty=dirty",
        "compile.optimizer=SGD",
        "compile.optimizer=",
        "fit=32",
        "model.layers[2].units=10",
        "model.layers.units=10",
        "status=failed and seed=7",
        "status=completed and (seed=8 or epochs=4)",
        "not seed=7",
    ],
)
def test_an_expression_that_does_not_hold(run: Run, expression: str) -> None:
    """A run that lacks the value never fits, not even an inequality; kinds of values are kept apart."""
    if expression.endswith("="):
        with pytest.raises(UsageError, match="expected a value"):
            parse(expression)
        return
    assert not parse(expression).holds(run)


@pytest.mark.parametrize(
    ("expression", "message", "column"),
    [
        ("", "expected a comparison", 0),
        ("val_accuracy", "expected =, !=", 12),
        (">0.9", "expected a comparison", 0),
        ("a b=3", "expected =, !=, <, <=, >, >= or ~ after 'a'", 2),
        ("status>failed", "expected a number to compare status with, received 'failed'", 7),
        ("a=", "expected a value after '='", 2),
        ("a=1 b=2", "expected 'and', 'or' or the end", 4),
        ("a=1 and", "expected a comparison", 7),
        ("and=1 or", "expected a comparison", 8),
        ("(a=1", "this parenthesis is not closed", 0),
        ("a=1)", "expected 'and', 'or' or the end", 3),
        ("名=1", "expected a comparison", 0),
        ("a='名' 1", "expected 'and', 'or' or the end", 7),
        ("a~[", "'[' is no regular expression", 2),
        ("a=" + "9" * 30, "beyond what 64 bits can hold", 2),
        ("a='x", "expected a value", 2),
        ("not", "expected a comparison", 3),
        ("(" * 100 + "a=1" + ")" * 100, "more than 50", 50),
        ("not " * 100 + "a=1", "more than 50", 200),
    ],
)
def test_what_makes_no_sense_is_pointed_at(expression: str, message: str, column: int) -> None:
    """The error shows the expression with a mark below the place, in cells of the terminal."""
    with pytest.raises(UsageError) as caught:
        parse(expression)
    first, shown, mark = caught.value.message.split("\n")
    assert message in first
    assert shown == f"  {expression}"
    assert mark == f"  {' ' * column}^"


@given(st.text(st.sampled_from("abn t()=<>!~'\"[]*?.0109ordnot-_é"), max_size=30))
def test_any_text_is_an_expression_or_a_usage_error(text: str) -> None:
    """Nothing else ever comes out of the reader."""
    try:
        expression = parse(text)
    except UsageError:
        return
    assert expression.keys


def test_words_can_be_keys(tmp_path: Path) -> None:
    """A metric may be called like a word of the language."""
    (tmp_path / "summary.json").write_text('{"best_not": 1, "best_or": 2}')
    run = Run(tmp_path, {"id": "x", "name": "x", "status": "failed", "started": "2026-01-01T00:00:00Z"})
    assert parse("not=1 and or = 2").holds(run)


def test_a_regular_expression_stands_in_quotes_where_it_has_parentheses(run: Run) -> None:
    """Quotes keep everything together."""
    assert parse("status~'^(completed|lost)$'").holds(run)


def test_seconds_are_those_of_all_parts(tmp_path: Path) -> None:
    """A run that was resumed took as long as its parts together."""
    (tmp_path / "summary.json").write_text('{"seconds": 2.0}')
    record = {"id": "x", "name": "x", "status": "completed", "started": "2026-01-01T00:00:00Z"}
    assert value_of(Run(tmp_path, record), "seconds") == 2.0
    assert value_of(Run(tmp_path, {**record, "seconds": 5.5}), "seconds") == 5.5
