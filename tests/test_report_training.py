"""The report of runs that were really trained: it evaluates them where that is needed, and only there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nnrun.evaluation.evaluate import evaluate_run
from nnrun.evaluation.record import to_record
from nnrun.evaluation.report.texts import figure
from nnrun.rundir.reading import Run
from tests.configs import nnrun
from tests.test_cli_plot import TOKENS
from tests.test_evaluate import BINARY, CLASSES, VALUES, train_run
from tests.test_report import Page, report

pytestmark = pytest.mark.tensorflow


def test_a_run_is_evaluated_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the report computes stays in the run directory, until the network is another one."""
    run = train_run(tmp_path, CLASSES)
    page = report(run, "--weights", "last")
    assert capsys.readouterr().err == f"evaluating classes {run.id}\n"
    record = json.loads((run.path / "evaluation" / "test-last.json").read_text())
    assert record == to_record(evaluate_run(run, "test", "last"))
    assert all(figure(one["f1"]) in page.words for one in record["classes"])
    report(run, "--weights", "last")
    assert capsys.readouterr().err == ""
    assert (
        nnrun("resume", run.id, "fit.epochs=6", "--runs-dir", str(tmp_path / "runs"), "--progress", "off")
        == 0
    )
    capsys.readouterr()
    page = report(run, "--weights", "last", "--no-evaluate")
    assert "it was not evaluated with its present weights" in page.visible
    page = report(Run.read(run.path), "--weights", "last")
    assert capsys.readouterr().err == f"evaluating classes {run.id}\n"
    assert "continued after epoch 4" in page.visible
    assert len(page.chart("loss")["curves"][0]["x"]) == 6


def test_kinds_of_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two classes, numbers, and a loss that makes no probabilities; all of them beside each other."""
    runs = [train_run(tmp_path, text) for text in (BINARY, VALUES, TOKENS)]
    two, numbers, tokens = (report(run, "-q") for run in runs)
    assert capsys.readouterr().err == ""
    assert "probabilities" in two.sections
    assert "residuals" in numbers.sections
    assert "the clearest ones first" in tokens.visible
    assert [one["title"].partition(",")[0] for one in tokens.data if "title" in one][-2:] == [
        "ROC curve", "Precision and recall",
    ]  # fmt: skip
    output = tmp_path / "all.html"
    assert nnrun("report", *(str(run.path) for run in runs), "--output", str(output), "-q") == 0
    assert "3 runs compared" in Page(output.read_text(encoding="utf-8")).visible


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of runs is left as it is: the page is elsewhere, and the evaluation in it alone."""
    run = train_run(tmp_path, BINARY)
    # Root may write everywhere, so the question is answered for it.
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != run.path and access(path, mode))
    output = tmp_path / "page.html"
    assert nnrun("report", str(run.path), "--output", str(output)) == 0
    assert "confusion" in Page(output.read_text(encoding="utf-8")).sections
    assert not (run.path / "evaluation").exists()


def test_a_device_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was asked for by name is an error, and there is no page without it."""
    run = train_run(tmp_path, BINARY)
    assert nnrun("report", str(run.path), "--device", "gpu:7") == 4
    assert "--device gpu:7: TensorFlow sees" in capsys.readouterr().err
    assert not (run.path / "report.html").exists()
