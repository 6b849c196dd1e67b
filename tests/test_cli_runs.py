"""`nnrun runs` lists, chooses and orders runs."""

from __future__ import annotations

import csv
import io
import json
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
from nnrun.rundir.filters import Condition
from nnrun.rundir.recorder import Recorder
from nnrun.rundir.writing import RunDirectory

Invoke = Callable[..., Any]


@pytest.fixture
def three_runs(tmp_path: Path) -> Path:
    """A folder with three runs, made as a training makes them, oldest first: good, bad, failed."""
    for name, accuracy, status in (
        ("good", 0.95, "completed"),
        ("bad", 0.5, "completed"),
        ("broken", float("nan"), "failed"),
    ):
        directory = RunDirectory.create(
            tmp_path, name, config=b"", resolved="", command=["nnrun", "train"], seed=7
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
    assert lines[3].split(maxsplit=1)[1] == "good    completed       3  val_loss 0.05  1:30  just now"


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
    ],
)
def test_sorting(invoke: Invoke, key: str, expected: list[str]) -> None:
    """Metrics go from the best to the worst, whatever their direction; what is not finite comes last."""
    assert names(invoke("--json", "--sort", key)) == expected


def test_limit(invoke: Invoke) -> None:
    """Only the first ones of the order."""
    assert names(invoke("--json", "--sort", "val_loss", "--limit", "1")) == ["good"]


@pytest.mark.parametrize("expression", ["", "val_accuracy", ">0.9", "a b=3", "status>failed"])
def test_a_condition_that_makes_no_sense_is_a_usage_error(expression: str) -> None:
    """The error shows the condition."""
    with pytest.raises(UsageError) as caught:
        Condition.parse(expression)
    assert repr(expression) in caught.value.message


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
    from nnrun.rundir.overview import as_csv
    from nnrun.rundir.reading import Run

    path = next((three_runs / "good").iterdir())
    record = dict(Run.read(path).record) | {"name": "=cmd()"}
    assert "'=cmd()" in as_csv([Run(path, record)])


@pytest.mark.parametrize(
    ("age", "text"),
    [(5, "just now"), (60, "1 minute ago"), (7200, "2 hours ago"), (90000, "1 day ago"), (-100, "just now")],
)
def test_ages_are_in_words(three_runs: Path, age: int, text: str) -> None:
    """The table says how long ago a run began; a clock that was set back does no harm."""
    from nnrun.rundir.overview import as_table
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
