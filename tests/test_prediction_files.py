"""What predictions look like in files, without a network."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.load import load_experiment
from nnrun.errors import DataError, UsageError
from nnrun.evaluation.predictions.believing import Belief, belief_of
from nnrun.evaluation.predictions.layout import ClassLayout, ValueLayout, as_rows
from nnrun.evaluation.predictions.sinks import CsvSink, JsonSink, ParquetSink, check_names

CLASSES = ClassLayout(("a", "b", "c"), Belief("probabilities"), 0.5, None)
OUTPUTS = np.array([[0.1, 0.7, 0.2], [1 / 3, 1 / 3, 1 / 3]], dtype=np.float32)


def as_csv(layout: Any, ids: Any, outputs: Any, kept: tuple[tuple[str, Any], ...] = ()) -> list[list[str]]:
    """Writes predictions as CSV and reads the cells back."""
    content = io.BytesIO()
    sink = CsvSink(content.write, layout, "id", [name for name, _ in kept])
    sink.write(ids, [cells for _, cells in kept], outputs)
    sink.close()
    return list(csv.reader(io.StringIO(content.getvalue().decode(), newline="")))


def as_json(layout: Any, ids: Any, outputs: Any, *, lines: bool) -> str:
    """Writes predictions as JSON, in two batches."""
    content = io.BytesIO()
    sink = JsonSink(content.write, layout, (), lines=lines)
    for row in range(len(outputs)):
        sink.write(ids.slice(row, 1), [], outputs[row : row + 1])
    sink.close()
    return content.getvalue().decode()


def test_numbers_in_a_csv_are_those_of_the_network() -> None:
    """As few digits as give the same 32-bit float back."""
    rows = as_csv(CLASSES, pa.array([5, 6]), OUTPUTS)
    assert rows[0] == ["id", "prediction", "probability", "probability_a", "probability_b", "probability_c"]
    assert rows[1] == ["5", "b", "0.7", "0.1", "0.7", "0.2"]
    assert rows[2][1] == "a"
    np.testing.assert_array_equal(np.array([row[3:] for row in rows[1:]], np.float32), OUTPUTS)


def test_json_lines_and_an_array_hold_the_same() -> None:
    """One object per sample; an array is one document."""
    ids = pa.array(["x", 'y"z'])
    lines = [json.loads(line) for line in as_json(CLASSES, ids, OUTPUTS, lines=True).splitlines()]
    assert lines == json.loads(as_json(CLASSES, ids, OUTPUTS, lines=False))
    assert [one["id"] for one in lines] == ["x", 'y"z']
    assert lines[0]["probabilities"] == {"a": 0.1, "b": 0.7, "c": 0.2}
    assert json.loads(as_json(CLASSES, ids, OUTPUTS[:0], lines=False)) == []
    assert as_json(CLASSES, ids, OUTPUTS[:0], lines=True) == ""


def test_parquet_has_typed_columns() -> None:
    """Numbers as 32-bit floats, names as texts."""
    content = io.BytesIO()
    sink = ParquetSink(content, CLASSES, "id", ["kept"])
    sink.write(pa.array([1, 2]), [pa.array(["p", "=q"])], OUTPUTS)
    sink.close()
    table = pa.parquet.read_table(io.BytesIO(content.getvalue()))
    assert table.column_names[:4] == ["id", "kept", "prediction", "probability"]
    assert table.column("probability_a").type == pa.float32()
    assert table.column("kept").to_pylist() == ["p", "=q"]


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=8), min_size=1, max_size=5))
def test_any_text_comes_back_from_a_csv(texts: list[str]) -> None:
    """Quotes, delimiters, line ends, spaces: the cell is the same, but for formulas, which get an apostrophe."""
    outputs = np.ones((len(texts), 1), np.float32)
    rows = as_csv(ValueLayout(()), pa.array(texts, pa.string()), outputs)
    for text, row in zip(texts, rows[1:], strict=True):
        assert row[0] in (text, f"'{text}")
        assert not row[0].startswith(("=", "@", "\t", "\r"))
        assert len(row) == 2


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("=cmd()", "'=cmd()"), ("-5", "-5"), ("+1e5", "+1e5"), ("-5+2", "'-5+2"), ("@a", "'@a"), ("a=b", "a=b")],
)
def test_formulas_are_escaped_and_numbers_are_not(cell: str, expected: str) -> None:
    """In ids, carried columns, class names and the header."""
    layout = ClassLayout((cell, "z"), Belief("probabilities"), 0.5, None)
    rows = as_csv(layout, pa.array([cell]), OUTPUTS[1:, :2], ((cell, pa.array([cell])),))
    assert rows[1][:3] == [expected, expected, expected]
    assert rows[0][1] in (expected, f"'{cell}")


def test_ranks_begin_with_the_prediction() -> None:
    """Also where a single unit decides by another threshold than a half."""
    layout = ClassLayout(("no", "yes"), Belief("probabilities"), 0.2, 2)
    rows = as_csv(layout, pa.array([1]), np.array([[0.3]], np.float32))
    assert rows == [
        ["id", "prediction", "probability", "class_2", "probability_2"],
        ["1", "yes", "0.3", "no", "0.7"],
    ]
    assert as_csv(ClassLayout(("a", "b", "c"), Belief("scores"), 0.5, 1), pa.array([1]), OUTPUTS[:1])[0] == [
        "id", "prediction", "score"
    ]  # fmt: skip


def test_summary_counts_the_classes() -> None:
    """The most frequent ones by name, the others together."""
    layout = ClassLayout(tuple("abcdefgh"), Belief("probabilities"), 0.5, None)
    layout.table(np.eye(8, dtype=np.float32)[[0, 0, 0, 1, 1, 2, 3, 4, 5, 6]])
    assert layout.summary() == "a (3), b (2), c (1), d (1), e (1) and 2 more classes (2)"
    values = ValueLayout(())
    assert values.summary() == ""
    values.table(np.array([[1.5], [-2.0]], np.float32))
    assert values.summary() == "-2 to 1.5"


def test_outputs_that_fit_nothing_are_refused() -> None:
    """More units than classes or targets, and outputs that are not finite."""
    with pytest.raises(DataError, match="class number 3, and there are 3 classes"):
        CLASSES.table(np.array([[0.0, 0, 0, 1]], np.float32))
    with pytest.raises(DataError, match="2 outputs for 1 target"):
        ValueLayout(("x",)).table(np.zeros((1, 2), np.float32))
    with pytest.raises(DataError, match="for 'second' is not finite"):
        as_rows(np.array([[1.0], [np.nan]]), ["first", "second"])


def test_columns_have_different_names() -> None:
    """The id and what is carried over must not hide a prediction."""
    check_names("row", ("b", "c"), CLASSES)
    with pytest.raises(UsageError, match="--id prediction"):
        check_names("prediction", (), CLASSES)
    with pytest.raises(UsageError, match="--keep probability_a"):
        check_names("row", ("probability_a",), CLASSES)


def test_beliefs_are_probabilities_where_the_loss_makes_them_such() -> None:
    """Outputs as they are, logits through softmax, several sigmoids by their sum."""
    np.testing.assert_array_equal(Belief("probabilities").apply(OUTPUTS), OUTPUTS)
    single = np.array([[0.25]], np.float32)
    assert Belief("probabilities").apply(single).tolist() == [[0.75, 0.25]]
    assert Belief("scores").apply(single).tolist() == [[-0.25, 0.25]]
    logits = np.array([[1000.0, 0.0], [0.0, 0.0]], np.float32)
    assert Belief("logits").apply(logits).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert Belief("logits").apply(np.array([[-2000.0], [0.0]], np.float32)).tolist() == [
        [1.0, 0.0],
        [0.5, 0.5],
    ]
    assert Belief("independent").apply(np.array([[0.2, 0.6], [0, 0]], np.float32))[
        0
    ].tolist() == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize(
    ("layer", "loss", "form"),
    [
        ("{units: 3, activation: softmax}", "categorical_crossentropy", "probabilities"),
        ("{units: 3}", "{CategoricalCrossentropy: {from_logits: true}}", "logits"),
        ("{units: 3, activation: sigmoid}", "categorical_crossentropy", "independent"),
        ("{units: 1, activation: sigmoid}", "binary_crossentropy", "probabilities"),
        ("{units: 1}", "hinge", "scores"),
        ("{units: 3}", "categorical_crossentropy", "scores"),
    ],
)
def test_meaning_of_outputs_follows_activation_and_loss(
    tmp_path: Any, layer: str, loss: str, form: str
) -> None:
    """The config alone decides, so that all samples are told in the same way."""
    config = tmp_path / "c.yaml"
    config.write_text(
        "dataset: {source: sklearn, name: iris}\n"
        f"model: {{layers: [{{Dense: {layer}}}]}}\ncompile: {{optimizer: adam, loss: {loss}}}\n"
    )
    assert belief_of(load_experiment(config).experiment).form == form
