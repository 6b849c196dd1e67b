"""Tables to predict, up to what the network sees; no network is needed for that."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnrun.config.load import load_experiment
from nnrun.data.inputs import Trained, Wanted, open_input
from nnrun.data.loading import load_splits
from nnrun.data.splits import Splits
from nnrun.data.tables import parsing
from nnrun.errors import DataError

CONFIG = """\
dataset: {source: csv, path: table.csv, target: y, missing: {size: mean}, scale: standard, split: {test: 0.4}}
model: {layers: [{Dense: {units: 1}}]}
compile: {optimizer: adam, loss: mse}
"""

COLUMNS = ("size", "colour", "wet", "day")


def table(rows: int = 50) -> list[dict[str, str]]:
    """Numbers with empty cells, texts, truth values and dates."""
    draw = np.random.default_rng(0)
    return [
        {
            "size": "" if row % 7 == 0 else repr(float(draw.normal())),
            "colour": ["red", "green, light", 'so "blue"'][row % 3],
            "wet": ["true", "false"][row % 2],
            "day": f"2024-{1 + row % 12:02d}-{1 + row % 28:02d}",
            "y": repr(float(draw.normal())),
        }
        for row in range(rows)
    ]


def as_csv(
    rows: Sequence[dict[str, str]], columns: Sequence[str], delimiter: str = ",", end: str = "\n"
) -> str:
    """Returns rows as CSV; columns that they lack are filled with anything."""
    content = io.StringIO()
    writer = csv.writer(content, delimiter=delimiter, lineterminator=end)
    writer.writerow(columns)
    writer.writerows([row.get(name, "ä;,\n") for name in columns] for row in rows)
    return content.getvalue()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Splits]:
    """What a run knows, and what training saw."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "table.csv").write_text(as_csv(table(), (*COLUMNS, "y")), encoding="utf-8")
    (folder / "config.yaml").write_text(CONFIG)
    experiment = load_experiment(folder / "config.yaml").experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 0)
    return Trained(experiment.dataset, splits.preprocessing), splits


def seen(path: str, trained: Trained, **options: Any) -> tuple[Any, list[Any], list[str]]:
    """Returns what the network sees of an input, its ids, and the notes."""
    with open_input(Wanted((path,), **options), trained) as given:
        batches = list(given.batches())
        x = [trained.preprocessing.apply(batch.x, batch.categories) for batch in batches]
        ids = [one for batch in batches for one in batch.ids.tolist()]
        return np.concatenate(x), ids, given.notes()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_order_of_columns_gives_the_bits_of_the_training(
    trained: tuple[Trained, Splits], tmp_path: Path, data: st.DataObject
) -> None:
    """Whatever else the table has, whatever divides it, and in pieces of any size."""
    run, splits = trained
    names = st.text(string.ascii_letters + ' "äß=', min_size=1, max_size=5).filter(
        lambda name: name not in COLUMNS
    )
    extra = data.draw(st.lists(names, max_size=3))
    columns = data.draw(st.permutations([*COLUMNS, *extra]))
    delimiter = data.draw(st.sampled_from([",", ";", "\t", "|"]))
    path = tmp_path / "new.csv"
    text = as_csv(table(), columns, delimiter, data.draw(st.sampled_from(["\n", "\r\n"])))
    path.write_bytes(data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "PIECE", data.draw(st.sampled_from([16, 100, 1 << 20])))
        x, ids, notes = seen(str(path), run, delimiter=delimiter)
    assert splits.indices is not None
    np.testing.assert_array_equal(x[splits.indices.train], splits.train.x)
    np.testing.assert_array_equal(x[splits.indices.test], splits.test.x if splits.test else None)
    assert ids == list(range(1, 51))
    assert len(notes) == bool(extra)


def test_columns_that_nobody_wants_may_have_any_name(trained: tuple[Trained, Splits], tmp_path: Path) -> None:
    """Without a name, as pandas writes its index, or the same name twice."""
    path = tmp_path / "new.csv"
    path.write_text(as_csv(table(), ["", *COLUMNS, "x", "x"]), encoding="utf-8")
    _, _, notes = seen(str(path), trained[0])
    assert notes == [f"{path}: columns '', 'x', 'x' are not used"]


def test_ids_and_carried_columns_are_texts_as_they_stand(
    trained: tuple[Trained, Splits], tmp_path: Path
) -> None:
    """Leading zeros, empty cells, quotes; a feature can be carried over, too."""
    path = tmp_path / "new.csv"
    rows = [
        {**row, "key": f"00{number}", "note": ' "n" ' if number else ""}
        for number, row in enumerate(table(4))
    ]
    path.write_text(as_csv(rows, [*COLUMNS, "key", "note"]), encoding="utf-8")
    with open_input(Wanted((str(path),), id_column="key", keep=("note", "size")), trained[0]) as given:
        batches = list(given.batches())
    assert (given.id_name, given.kept_names) == ("key", ("note", "size"))
    assert [one for batch in batches for one in batch.ids.to_pylist()] == ["000", "001", "002", "003"]
    note, size = ([one for batch in batches for one in batch.kept[place].to_pylist()] for place in (0, 1))
    assert note == ["", ' "n" ', ' "n" ', ' "n" ']
    assert size == [row["size"] for row in rows]


def test_rows_are_named_as_an_editor_counts(trained: tuple[Trained, Splits], tmp_path: Path) -> None:
    """The header and blank lines count; a cell with a line break is one row."""
    path = tmp_path / "new.csv"
    rows = table(6)
    rows[5]["size"] = "big"
    lines = as_csv(rows, [*COLUMNS, "note"]).replace("true", "true\n", 0).split("2024-01-01")
    path.write_text(
        "\n2024-01-01".join(lines).replace("\n2024-01-01", "2024-01-01") + "\n\n", encoding="utf-8"
    )
    with path.open(newline="", encoding="utf-8") as file:
        number = next(place for place, row in enumerate(csv.reader(file), 1) if "big" in row)
    with pytest.raises(DataError, match=rf"new\.csv, row {number}, column 'size': 'big' is not a number"):
        seen(str(path), trained[0])


def test_a_network_with_one_feature_takes_a_table_of_one_column(tmp_path: Path) -> None:
    """A single column is no mistake here."""
    (tmp_path / "table.csv").write_text("x,y\n" + "".join(f"{n},{2 * n}\n" for n in range(10)))
    (tmp_path / "config.yaml").write_text(CONFIG.replace(" missing: {size: mean},", ""))
    experiment = load_experiment(tmp_path / "config.yaml").experiment
    splits = load_splits(experiment.dataset, experiment.compile.loss, 0)
    (tmp_path / "one.csv").write_text("x\n1\n\n2\n")
    x, ids, notes = seen(str(tmp_path / "one.csv"), Trained(experiment.dataset, splits.preprocessing))
    assert x.shape == (2, 1)
    assert (ids, notes) == ([1, 2], [])


def test_unseen_categories_are_named_once_for_all_batches(
    trained: tuple[Trained, Splits], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The most frequent ones by name."""
    monkeypatch.setattr(parsing, "PIECE", 64)
    rows = table(40)
    for number, row in enumerate(rows):
        row["colour"] = ["red", "pink", "teal", "gold", "lime", "pink"][number % 6]
    path = tmp_path / "new.csv"
    path.write_text(as_csv(rows, COLUMNS), encoding="utf-8")
    _, _, notes = seen(str(path), trained[0])
    (note,) = notes
    assert note.startswith(
        "33 rows have a category in column 'colour' that the training did not have ('pink'"
    )
    assert note.endswith("and 1 more): 0 in all its columns")
