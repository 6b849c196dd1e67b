"""`nnrun runs` lists, chooses and orders runs."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from nnrun.cli.runs import runs
from nnrun.errors import UsageError
from nnrun.events import RunEnded, TrainingStarted
from nnrun.rundir.recorder import Recorder
from nnrun.rundir.writing import RunDirectory

Invoke = Callable[..., Any]

RESOLVED = {
    "good": """\
model:
  layers:
    - Dense:
        units: 8
    - Dense
compile:
  optimizer: adam
fit:
  batch_size: 32
""",
    "bad": """\
compile:
  optimizer:
    SGD:
      learning_rate: 0.5
fit:
  batch_size: 64
  class_weight: null
""",
    "broken": "fit: {batch_size: 64}\n",
}
"""Parts of resolved configs; the last one is written by hand."""


@pytest.fixture
def three_runs(tmp_path: Path) -> Path:
    """A folder with three runs, made as a training makes them, oldest first: good, bad, failed."""
    for name, accuracy, status in (
        ("good", 0.95, "completed"),
        ("bad", 0.5, "completed"),
        ("broken", float("nan"), "failed"),
    ):
        directory = RunDirectory.create(
            tmp_path, name, config=b"", resolved=RESOLVED[name], command=["nnrun", "train"], seed=7
        )
        metrics = {"val_loss": 1 - accuracy, "val_accuracy": accuracy}
        ended = RunEnded(status, "reason", 3, 90.0, 2, metrics, metrics, {})  # type: ignore[arg-type]
        with Recorder(directory.path) as recorder:
            recorder(TrainingStarted(3, 1, 10, {"train": 10}, 7, "CPU", 7, "val_loss"))
            recorder(ended)
        directory.finish(status, 0, "reason")  # type: ignore[arg-type]
    return tmp_path


@pytest.fixture
def invoke(three_runs: Path) -> Invoke:
    """Runs the command on the three runs."""
    app = typer.Typer()
    app.command()(runs)

    def call(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["--runs-dir", str(three_runs), *arguments])

    return call


def names(result: Any) -> list[str]:
    """The names in a JSON list."""
    return [run["name"] for run in json.loads(result.stdout)]


def test_the_table_is_newest_first(invoke: Invoke) -> None:
    """A person sees id, name, status, epochs, the metric that decided, time and age."""
    lines = invoke().stdout.splitlines()
    assert lines[0].split() == ["id", "name", "status", "epochs", "best", "time", "when"]
    assert [line.split()[1] for line in lines[1:]] == ["broken", "bad", "good"]
    assert re.search(r" good    completed       3  val_loss 0.0500  +\d+ms  just now$", lines[3])


def test_json_has_everything(invoke: Invoke) -> None:
    """A program gets all figures; those that are not finite as strings."""
    result = json.loads(invoke("--json").stdout)
    assert result[2]["best_val_accuracy"] == 0.95
    assert result[2]["seed"] == 7
    assert Path(result[2]["path"]).is_dir()
    assert result[0]["best_val_accuracy"] == "nan"


def test_csv_has_everything(invoke: Invoke) -> None:
    """A spreadsheet gets the same, one run per row."""
    rows = list(csv.DictReader(io.StringIO(invoke("--csv").stdout)))
    assert [row["name"] for row in rows] == ["broken", "bad", "good"]
    assert rows[2]["final_val_accuracy"] == "0.95"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("val_accuracy>0.9", ["good"]),
        ("val_accuracy <= 0.95", ["bad", "good"]),
        ("status=failed", ["broken"]),
        ("status!=failed", ["bad", "good"]),
        ("name==bad", ["bad"]),
        ("epochs=3", ["broken", "bad", "good"]),
        ("fit.batch_size=64 and compile.optimizer=SGD", ["bad"]),
        ("model.layers[0].units<=8", ["good"]),
        ("nothing>0", []),
        ("final_val_loss<0.4", ["good"]),
    ],
)
def test_filters(invoke: Invoke, expression: str, expected: list[str]) -> None:
    """A condition compares a fact, a text or a metric; a run without the value never fits."""
    assert names(invoke("--json", "--filter", expression)) == expected


def test_all_filters_must_hold(invoke: Invoke) -> None:
    """Several conditions narrow the list."""
    assert names(invoke("--json", "--filter", "status=completed", "--filter", "val_loss>0.1")) == ["bad"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("started", ["broken", "bad", "good"]),
        ("name", ["bad", "broken", "good"]),
        ("val_accuracy", ["good", "bad", "broken"]),
        ("val_loss", ["good", "bad", "broken"]),
        ("nothing", ["broken", "bad", "good"]),
        ("name:desc", ["good", "broken", "bad"]),
        ("val_loss:desc", ["bad", "good", "broken"]),
        ("started:asc", ["good", "bad", "broken"]),
        ("fit.batch_size,name:asc", ["bad", "broken", "good"]),
        ("compile.optimizer", ["bad", "good", "broken"]),
    ],
)
def test_sorting(invoke: Invoke, key: str, expected: list[str]) -> None:
    """Metrics go from the best to the worst, whatever their direction; what is not finite comes last."""
    assert names(invoke("--json", "--sort", key)) == expected


def test_limit(invoke: Invoke) -> None:
    """Only the first ones of the order."""
    assert names(invoke("--json", "--sort", "val_loss", "--limit", "1")) == ["good"]


def test_columns_replace_or_join_the_usual_ones(invoke: Invoke) -> None:
    """Any key can be a column: metrics, facts, keys of the config; a + keeps the usual columns."""
    lines = invoke("--columns", "name,fit.batch_size,compile.optimizer,model.layers").stdout.splitlines()
    assert [line.split(maxsplit=3) for line in lines] == [
        ["name", "fit.batch_size", "compile.optimizer", "model.layers"],
        ["broken", "64"],
        ["bad", "64", "SGD"],
        ["good", "32", "adam", "[Dense, Dense]"],
    ]
    head = invoke("--columns", "+fit.batch_size").stdout.splitlines()[0].split()
    assert head == ["id", "name", "status", "epochs", "best", "fit.batch_size", "time", "when"]


def test_columns_apply_to_json_and_csv(invoke: Invoke) -> None:
    """A program gets the values, not what a table makes of them."""
    result = json.loads(invoke("--json", "--columns", "best,time,git.dirty,fit.class_weight").stdout)
    assert list(result[2]) == ["best", "time", "git.dirty", "fit.class_weight"]
    assert result[2]["best"] == 1 - 0.95
    assert result[2]["fit.class_weight"] is None
    rows = list(csv.DictReader(io.StringIO(invoke("--csv", "--columns", "+fit.batch_size").stdout)))
    assert [row["fit.batch_size"] for row in rows] == ["64", "64", "32"]


def test_what_is_sorted_by_is_shown(invoke: Invoke) -> None:
    """A metric that decides the order is a column of the table."""
    lines = invoke("--sort", "val_accuracy").stdout.splitlines()
    assert "val_accuracy" in lines[0].split()
    assert "0.9500" in lines[1].split()
    assert "val_loss" not in invoke("--sort", "val_loss").stdout.splitlines()[0].split()  # it is `best`


def test_figures_of_an_evaluation_are_values(invoke: Invoke, three_runs: Path) -> None:
    """What `evaluate` wrote can be filtered, sorted and shown."""
    folder = next((three_runs / "bad").iterdir()) / "evaluation"
    folder.mkdir()
    record = {"figures": {"loss": 0.5, "accuracy": 0.75, "macro_f1": 0.7, "auc": "nan"}, "classes": []}
    (folder / "test-best.json").write_text(json.dumps(record))
    assert names(invoke("--json", "--filter", "test.accuracy>0.7 and test.macro_f1=0.7")) == ["bad"]
    assert "0.7500" in invoke("--columns", "id,test.accuracy").stdout
    assert names(invoke("--json", "--filter", "test-last.accuracy>0")) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--filter", "val_acuracy>0"], "no run has a value for 'val_acuracy'; did you mean 'val_accuracy'?"),
        (["--sort", "statsu"], "no run has a value for 'statsu'; did you mean 'status'?"),
        (["--columns", "id,fit.batch"], "'fit.batch'; did you mean 'fit.batch_size'?"),
        (["--columns", "xyzzy"], "note: no run has a value for 'xyzzy'\n"),
    ],
)
def test_a_key_that_no_run_has_is_told(invoke: Invoke, arguments: list[str], sentence: str) -> None:
    """A misspelt key does not silently give an empty list."""
    assert sentence in invoke(*arguments).stderr


def test_a_key_that_is_null_everywhere_is_no_mistake(invoke: Invoke) -> None:
    """A key of the config exists, also where it says nothing."""
    assert invoke("--columns", "fit.class_weight").stderr == ""


@pytest.mark.parametrize(
    "arguments", [["--sort", "a:up"], ["--sort", ""], ["--columns", "id,,name"], ["--columns", ""]]
)
def test_malformed_keys_are_usage_errors(invoke: Invoke, arguments: list[str]) -> None:
    """The option is named in the error."""
    error = invoke(*arguments).exception
    assert isinstance(error, UsageError)
    assert arguments[0] in error.message


def test_a_lost_run_is_listed_as_lost(invoke: Invoke, three_runs: Path) -> None:
    """A run whose process is gone without a word can be found by it."""
    file = next((three_runs / "good").iterdir()) / "run.json"
    record = json.loads(file.read_text())
    record |= {"status": "running", "process": record["process"] | {"boot": "an earlier one"}}
    file.write_text(json.dumps(record))
    assert names(invoke("--json", "--filter", "status=lost")) == ["good"]


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("columns", [None, "+fit.batch_size,compile.optimizer,model.layers,path,git.commit"])
def test_the_table_fits_any_terminal(three_runs: Path, width: int, columns: str | None) -> None:
    """No line is longer than the terminal, and the id, which other commands need, stays whole in every part."""
    from nnrun.comparison.output import as_table, parse_columns
    from nnrun.rundir.selectors import list_runs

    listed = list_runs(three_runs).runs
    text = as_table(listed, datetime.now(UTC), parse_columns(columns), width)
    assert max(map(len, text.splitlines())) <= width
    assert all(text.count(run.id) == text.count("id  ") for run in listed)


def test_json_and_csv_together_are_a_usage_error(invoke: Invoke) -> None:
    """Two forms at once cannot be written."""
    assert isinstance(invoke("--json", "--csv").exception, UsageError)


def test_an_unreadable_directory_is_told_beside_the_list(invoke: Invoke, three_runs: Path) -> None:
    """The list is complete, and stderr says what was left out and why."""
    (three_runs / "good" / "copy").mkdir()
    result = invoke()
    assert len(result.stdout.splitlines()) == 4
    assert f"not readable: {three_runs / 'good' / 'copy'}: " in result.stderr


def test_no_runs_is_told_on_stderr(tmp_path: Path) -> None:
    """Without any run stdout stays empty, and is an empty list as JSON."""
    app = typer.Typer()
    app.command()(runs)
    empty = ["--runs-dir", str(tmp_path / "none")]
    result = CliRunner().invoke(app, empty)
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"no runs in {tmp_path / 'none'}" in result.stderr
    assert CliRunner().invoke(app, [*empty, "--json"]).stdout == "[]\n"


def test_texts_cannot_be_formulas(three_runs: Path) -> None:
    """A spreadsheet does not calculate what came out of a file."""
    from nnrun.comparison.output import as_csv
    from nnrun.rundir.reading import Run

    path = next((three_runs / "good").iterdir())
    record = dict(Run.read(path).record) | {"name": "=cmd()"}
    assert "'=cmd()" in as_csv([Run(path, record)])


@pytest.mark.parametrize(
    ("age", "text"),
    [(5, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (200000, "2 d ago"), (-100, "just now")],
)
def test_ages_are_in_words(three_runs: Path, age: int, text: str) -> None:
    """The table says how long ago a run began; a clock that was set back does no harm."""
    from nnrun.comparison.output import as_table
    from nnrun.rundir.reading import Run

    path = next((three_runs / "good").iterdir())
    started = datetime.now(UTC) - timedelta(seconds=age)
    run = Run(path, dict(Run.read(path).record) | {"started": started.isoformat()})
    assert as_table([run], started + timedelta(seconds=age)).rstrip().endswith(text)


def test_listing_loads_no_heavy_package(three_runs: Path) -> None:
    """The command needs neither TensorFlow nor NumPy."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from nnrun.cli.runs import runs\n"
        "runs(runs_dir=Path(sys.argv[1]))\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'sklearn', 'pandas', 'pyarrow', 'matplotlib', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(three_runs)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == "[]\n"
