"""Runs are read back and found by everything that a user may call them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun.config.directions import direction
from nnrun.errors import DataError, NnrunError, UsageError
from nnrun.rundir.provenance import process_facts
from nnrun.rundir.reading import Run
from nnrun.rundir.selectors import find_run, list_runs

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Makes run directories as a finished training leaves them, below `runs`."""

    def make(run_id: str, name: str = "iris", summary: dict[str, Any] | None = None, **record: Any) -> Path:
        path = tmp_path / "runs" / name / run_id
        path.mkdir(parents=True)
        day, clock, _ = run_id.split("-")
        started = f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}.000000Z"
        values = {"id": run_id, "name": name, "status": "completed", "started": started} | record
        (path / "run.json").write_text(json.dumps(values))
        if summary is not None:
            (path / "summary.json").write_text(json.dumps(summary))
        return path

    return make


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    """The folder that `make_run` fills."""
    return tmp_path / "runs"


def test_a_run_knows_its_record_and_files(make_run: MakeRun) -> None:
    """A directory that was read back tells who it is and where its parts are."""
    path = make_run("20260101-120000-aaaa", summary={"epochs": 3, "best_loss": 0.5}, seed=7)
    run = Run.read(path)
    assert (run.id, run.name, run.status, run.epochs) == ("20260101-120000-aaaa", "iris", "completed", 3)
    assert run.started.isoformat() == "2026-01-01T12:00:00+00:00"
    assert run.resolved_path == path / "resolved.yaml"
    assert run.metric("loss") == 0.5
    assert run.metric("accuracy") is None


def test_metrics_are_numbers_and_empty_cells_none(make_run: MakeRun) -> None:
    """The table reads back row by row; a torn last line does not count as an epoch."""
    path = make_run("20260101-120000-aaaa")
    (path / "metrics.csv").write_text("epoch,loss,val_loss\n1,0.5,\n2,nan,0.25\n3,0.1")
    run = Run.read(path)
    assert run.metrics[0] == {"epoch": 1.0, "loss": 0.5, "val_loss": None}
    assert str(run.metrics[1]["loss"]) == "nan"
    assert len(run.metrics) == run.epochs == 2


def test_names_of_metrics_may_hold_any_character(make_run: MakeRun) -> None:
    """A line separator that is no end of a line, and a quoted one that is."""
    path = make_run("20260101-120000-aaaa")
    (path / "metrics.csv").write_text('epoch,a\u2028b,"c\nd"\n1,0.5,0.25\n', encoding="utf-8")
    assert Run.read(path).metrics == [{"epoch": 1.0, "a\u2028b": 0.5, "c\nd": 0.25}]


def test_the_epochs_of_a_run_that_was_resumed_are_those_of_its_table(make_run: MakeRun) -> None:
    """The summary tells of the last end; the run has gone on since, whether it still does or is lost."""
    path = make_run("20260101-120000-aaaa", status="running", summary={"epochs": 1})
    (path / "metrics.csv").write_text("epoch,loss\n1,0.5\n2,0.4\n")
    assert Run.read(path).epochs == 2


def test_a_damaged_table_names_the_line(make_run: MakeRun) -> None:
    """A cell that is no number is an error with its place."""
    path = make_run("20260101-120000-aaaa")
    (path / "metrics.csv").write_text("epoch,loss\n1,0.5\n2,abc\n")
    with pytest.raises(DataError, match="line 3, is damaged"):
        _ = Run.read(path).metrics


def test_a_missing_model_says_what_the_run_has(make_run: MakeRun) -> None:
    """A run that saved no model is a clear error."""
    run = Run.read(make_run("20260101-120000-aaaa", status="failed"))
    with pytest.raises(DataError, match=r"no best model.*status: failed"):
        run.model_path("best")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged"),
        ("[]", "expected a JSON object"),
        ('{"id": "a", "name": 3}', "expected a string at 'name', got 3"),
        ('{"id": "a", "name": "b", "status": "odd", "started": "x"}', "status is 'odd'"),
        ('{"id": "a", "name": "b", "status": "failed", "started": "x"}', "started is 'x'"),
        ('{"id": "a", "name": "b", "status": "failed", "started": "0001-01-01T00:00:00+14:00"}', "no time"),
        ("[" * 100_000, "is damaged"),
    ],
)
def test_a_damaged_record_is_a_data_error(tmp_path: Path, text: str, message: str) -> None:
    """Whatever is wrong with run.json, the message names the file and the fault."""
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        Run.read(tmp_path)
    assert "run.json" in caught.value.message


def test_a_dead_process_means_a_lost_run(make_run: MakeRun) -> None:
    """A record that still says running, of a process that is gone, is shown as lost."""
    gone = process_facts() | {"boot": "an earlier one"}
    assert Run.read(make_run("20260101-120000-aaaa", status="running", process=gone)).status == "lost"
    assert (
        Run.read(make_run("20260101-120000-bbbb", status="running", process=process_facts())).status
        == "running"
    )


def test_latest_is_the_one_that_started_last(make_run: MakeRun, runs_dir: Path) -> None:
    """The start in the record decides, not the time of a file."""
    newest = make_run("20260103-120000-aaaa", "b")
    time.sleep(0.01)
    make_run("20260101-120000-bbbb", "a")
    assert find_run("latest", runs_dir).path == newest


@pytest.mark.parametrize("selector", ["20260101-120000-aaaa", "20260101-12", "20260101-120000-a"])
def test_a_run_is_found_by_its_id_or_its_beginning(make_run: MakeRun, runs_dir: Path, selector: str) -> None:
    """Any beginning that fits one run is enough."""
    wanted = make_run("20260101-120000-aaaa")
    make_run("20260102-120000-bbbb")
    assert find_run(selector, runs_dir).path == wanted


def test_a_run_is_found_by_its_path(
    make_run: MakeRun, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path works from anywhere, and below the folder of runs."""
    wanted = make_run("20260101-120000-aaaa")
    monkeypatch.chdir(wanted.parent)
    for selector in (str(wanted), wanted.name, f"iris/{wanted.name}", f"{wanted}/"):
        assert find_run(selector, runs_dir).path.resolve() == wanted


def test_a_name_means_its_latest_run(make_run: MakeRun, runs_dir: Path) -> None:
    """The name of an experiment, or its folder, stands for the latest run of it."""
    make_run("20260101-120000-aaaa", "iris")
    wanted = make_run("20260102-120000-bbbb", "iris")
    make_run("20260103-120000-cccc", "iris-big")
    assert find_run("iris", runs_dir).path == wanted
    assert find_run(str(runs_dir / "iris"), runs_dir).path == wanted


def test_a_name_comes_before_the_beginning_of_an_id(make_run: MakeRun, runs_dir: Path) -> None:
    """An experiment that is called like a year is found by its name."""
    make_run("20260101-120000-aaaa", "iris")
    wanted = make_run("20250101-120000-bbbb", "2026")
    assert find_run("2026", runs_dir).path == wanted


def test_an_ambiguous_beginning_lists_the_candidates(make_run: MakeRun, runs_dir: Path) -> None:
    """Where several runs fit, the message names them."""
    make_run("20260101-120000-aaaa")
    make_run("20260101-130000-bbbb", "moons")
    with pytest.raises(UsageError) as caught:
        find_run("20260101", runs_dir)
    assert "20260101-120000-aaaa (iris), 20260101-130000-bbbb (moons)" in caught.value.message


@pytest.mark.parametrize("selector", ["nothing", "latest", "best:loss", "", "a" * 5000, "nul\0"])
def test_no_run_says_where_it_looked(tmp_path: Path, selector: str) -> None:
    """Nothing found is an error with the folder in it, for every kind of selector."""
    (tmp_path / "runs").mkdir()
    with pytest.raises(DataError) as caught:
        find_run(selector, tmp_path / "runs")
    assert str(tmp_path / "runs") in caught.value.message
    assert caught.value.exit_code == 4


def test_a_missing_folder_of_runs_is_named(tmp_path: Path) -> None:
    """Where there are no runs at all, the flag for another folder is the advice."""
    with pytest.raises(DataError, match="does not exist") as caught:
        find_run("latest", tmp_path / "runs")
    assert "--runs-dir" in caught.value.advice


def test_a_damaged_run_that_was_asked_for_is_an_error(make_run: MakeRun, runs_dir: Path) -> None:
    """A run that is named itself is not passed over in silence."""
    path = make_run("20260101-120000-aaaa")
    (path / "run.json").write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        find_run(path.name, runs_dir)


@pytest.mark.parametrize(("metric", "wanted"), [("val_accuracy", "bbbb"), ("val_loss", "cccc")])
def test_best_follows_the_direction_of_the_metric(
    make_run: MakeRun, runs_dir: Path, metric: str, wanted: str
) -> None:
    """The highest accuracy, the lowest loss; values that are not finite never win."""
    make_run("20260101-120000-aaaa", summary={"best_val_accuracy": 0.8, "best_val_loss": 0.3})
    make_run("20260102-120000-bbbb", summary={"best_val_accuracy": 0.9, "best_val_loss": 0.4})
    make_run("20260103-120000-cccc", summary={"best_val_accuracy": 0.7, "best_val_loss": 0.2})
    make_run("20260104-120000-dddd", summary={"best_val_accuracy": "nan", "best_val_loss": "-inf"})
    make_run("20260105-120000-eeee")
    assert find_run(f"best:{metric}", runs_dir).id.endswith(wanted)


def test_best_of_an_unknown_metric_names_those_that_exist(make_run: MakeRun, runs_dir: Path) -> None:
    """A misspelt metric is answered with the metrics of the runs."""
    make_run("20260101-120000-aaaa", summary={"best_epoch": 3, "best_val_loss": 0.3})
    with pytest.raises(DataError, match=r"the runs there have: val_loss$"):
        find_run("best:val_accuracy", runs_dir)


def test_best_obeys_the_mode_of_the_config(make_run: MakeRun, runs_dir: Path) -> None:
    """Where the name of a metric tells nothing, the config of a run may."""
    wanted = make_run("20260101-120000-aaaa", summary={"best_gain": 0.9})
    make_run("20260102-120000-bbbb", summary={"best_gain": 0.8})
    with pytest.raises(UsageError, match="more or less"):
        find_run("best:gain", runs_dir)
    (wanted / "resolved.yaml").write_text("checkpoint:\n  monitor: gain\n  mode: max\n")
    assert find_run("best:gain", runs_dir).path == wanted
    (wanted / "resolved.yaml").write_text("checkpoint:\n  monitor: gain\n  mode: min\n")
    assert find_run("best:gain", runs_dir).id.endswith("bbbb")


def test_best_of_nothing_is_a_usage_error(runs_dir: Path) -> None:
    """A metric has to follow."""
    with pytest.raises(UsageError, match="needs a metric"):
        find_run("best:", runs_dir)


def test_best_of_a_metric_without_direction_is_a_usage_error(runs_dir: Path) -> None:
    """Nobody guesses whether more of something is better."""
    with pytest.raises(UsageError, match="more or less"):
        find_run("best:thing", runs_dir)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("mean_absolute_error", "min"),
        ("val_mae", "min"),
        ("root_mean_squared_error", "min"),
        ("sparse_categorical_crossentropy", "min"),
        ("kl_divergence", "min"),
        ("false_positives", "min"),
        ("brier_score", "min"),
        ("ece", "min"),
        ("accuracy", "max"),
        ("val_acc", "max"),
        ("sparse_top_k_categorical_accuracy", "max"),
        ("auc_1", "max"),
        ("best_val_auc", "max"),
        ("precision_2", "max"),
        ("sensitivity_at_specificity", "max"),
        ("true_negatives", "max"),
        ("one_hot_mean_io_u", "max"),
        ("binary_io_u", "max"),
        ("f1_score", "max"),
        ("r2_score", "max"),
        ("cosine_similarity", "max"),
        ("learning_rate", None),
        ("epoch", None),
    ],
)
def test_names_tell_the_direction(metric: str, expected: str | None) -> None:
    """Losses and errors should be low, accuracies and scores high; other names do not tell."""
    assert direction(metric) == expected


def test_listing_is_newest_first_and_tolerant(make_run: MakeRun, runs_dir: Path) -> None:
    """Strange directories are reported beside the runs; files and hidden folders are passed over."""
    old = make_run("20260101-120000-aaaa", "b")
    new = make_run("20260102-120000-bbbb", "a")
    (runs_dir / "a" / "foreign").mkdir()
    (runs_dir / "a" / ".hidden").mkdir()
    (runs_dir / "notes.txt").write_text("x")
    broken = make_run("20260103-120000-cccc")
    (broken / "run.json").write_bytes(b"\xff\xfe")
    listing = list_runs(runs_dir)
    assert [run.path for run in listing.runs] == [new, old]
    assert {item.path for item in listing.unreadable} == {runs_dir / "a" / "foreign", broken}


def test_listing_a_missing_folder_is_empty(tmp_path: Path) -> None:
    """Nothing trained yet is not an error."""
    listing = list_runs(tmp_path / "runs")
    assert (listing.runs, listing.unreadable) == ((), ())


def test_a_thousand_runs_are_listed_in_a_second(make_run: MakeRun, runs_dir: Path) -> None:
    """The list stays quick after months of work."""
    for number in range(1000):
        run_id = f"20260101-{number // 60:04d}{number % 60:02d}-aaaa"
        make_run(run_id, f"name-{number}", summary={"epochs": 1})
    started = time.perf_counter()
    listing = list_runs(runs_dir)
    assert sum(run.epochs for run in listing.runs) == 1000
    assert time.perf_counter() - started < 1.0


def test_only_own_errors_come_out_of_strange_selectors(make_run: MakeRun, runs_dir: Path) -> None:
    """Whatever is asked for, the answer is a run or one of nnrun's errors."""
    make_run("20260101-120000-aaaa")
    for selector in ("..", "/", "best:", "~", "\n", "*", "iris/../..", "é", "\udcff"):
        try:
            find_run(selector, runs_dir)
        except NnrunError:
            continue
