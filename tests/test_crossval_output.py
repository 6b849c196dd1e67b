"""How a cross-validation is shown while it runs and after it, and what it refuses."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from nnrun import events
from nnrun.config.load import load_experiment
from nnrun.display.choose import make_folds_display
from nnrun.display.fold_lines import FoldLinesDisplay
from nnrun.display.plain import HEARTBEAT_SECONDS
from nnrun.errors import TrainingError
from nnrun.search.crossval import CrossValidation, FoldRun, spreads
from nnrun.search.crossval_output import as_record, as_text
from tests.configs import nnrun, write_iris
from tests.simulated_run import simulated_run


def fold(number: int, value: float, best_epoch: int = 2, error: TrainingError | None = None) -> FoldRun:
    """Returns a fold whose metrics are all the same number."""
    metrics = {"loss": value, "val_loss": value}
    ended = events.RunEnded(
        "completed" if error is None else "failed", "all 2 epochs trained", 2, 1.0, best_epoch, metrics, metrics, {}
    )  # fmt: skip
    samples = {"train": 100, "validation": 50, "test": 20}
    return FoldRun(number, Path(f"runs/iris-mlp/20260102-030405-000{number}"), samples, ended, error)


def result(tmp_path: Path, *folds: FoldRun) -> CrossValidation:
    """Returns what came out of some folds."""
    return CrossValidation("cv-1234", load_experiment(write_iris(tmp_path)), "val_loss", folds, 3.0)


def shown(mode: Any, folds: int = 2, **changes: str) -> str:
    """What a display writes for some folds."""
    stream = io.StringIO()
    with make_folds_display(mode, stream, environment=changes) as display:
        for number in range(1, folds + 1):
            display(events.FoldStarted(number, folds))
            for event in simulated_run(epochs=3, warning="class 'b' has 3 samples only"):
                display(event)
    return stream.getvalue()


def test_log_has_a_line_per_fold() -> None:
    """Data and warnings are told once, then each fold, validation first; nothing moves a cursor."""
    assert shown("plain").splitlines() == [
        "1,500 train, 500 validation samples; 1,234 parameters; CPU; seed 7",
        "warning: class 'b' has 3 samples only",
        "Fold 1/2 - 0ms - 3 epochs - val_loss: 0.2000 - val_accuracy: 0.8500 - loss: 0.1750 - accuracy: 0.8750",
        "Fold 2/2 - 0ms - 3 epochs - val_loss: 0.2000 - val_accuracy: 0.8500 - loss: 0.1750 - accuracy: 0.8750",
    ]
    assert shown("auto", CI="true") == shown("plain")


def test_json_lines_name_the_fold() -> None:
    """For programs, each fold is announced by an event before those of its run."""
    lines = [json.loads(line) for line in shown("json").splitlines()]
    assert [line["fold"] for line in lines if line["event"] == "fold_started"] == [1, 2]
    assert [line["event"] for line in lines if line["event"] in ("fold_started", "run_started")] == [
        "fold_started", "run_started",
    ] * 2  # fmt: skip


def test_terminal_has_the_same_lines() -> None:
    """On a terminal the lines stay above a live one, cut to its width; the cursor comes back."""
    text = shown("rich", TERM="xterm")
    assert "Fold 2/2 - 0ms - 3 epochs - val_loss: 0.2000 - val_accuracy: 0.8500" in text
    assert "accuracy: 0.8750" not in text.replace("val_accuracy", "")  # 80 columns
    assert text.endswith("\x1b[?25h")


def test_long_folds_give_a_sign_of_life() -> None:
    """A fold that takes long says every half minute where it is."""
    now = 0.0
    stream = io.StringIO()
    display = FoldLinesDisplay(stream, clock=lambda: now)
    display(events.FoldStarted(2, 5))
    display(events.EpochStarted(1, 3, 100))
    for second in range(70):
        now = float(second)
        display(events.Progress("train", 1, second, 100, now, {"loss": 0.5}))
    assert HEARTBEAT_SECONDS == 30
    assert stream.getvalue().splitlines() == ["Fold 2/5 - Epoch 1/3 - loss: 0.5000"] * 2


def test_spread_counts_what_is_finite() -> None:
    """Mean and deviation are those of the finite values; a single one has no deviation."""
    found = spreads([{"a": 1.0, "b": 1.0}, {"a": 3.0, "b": math.nan}, {"a": 5.0, "c": math.inf}])
    assert (found["a"].mean, found["a"].deviation) == (3.0, 2.0)
    assert found["b"].values == (1.0,)
    assert math.isnan(found["b"].deviation)
    assert "c" not in found


def test_table_compares_best_and_last_epoch(tmp_path: Path) -> None:
    """Where best and last epochs differ, both are told, and that the best one was chosen on the fold itself."""
    text = as_text(result(tmp_path, fold(1, 0.25), fold(2, 0.75)))
    assert text.startswith("iris-mlp: 2 folds of 150 samples, with the classes in equal shares; seed 0\n")
    assert ["val_loss", "0.5000", "0.3536"] in [line.split() for line in text.splitlines()]
    assert "flatters" not in text
    text = as_text(result(tmp_path, fold(1, 0.25, best_epoch=1), fold(2, 0.75)))
    assert "was chosen by val_loss on that very fold, which flatters" in text


@pytest.mark.parametrize("width", [80, 120])
def test_table_fits_the_terminal(tmp_path: Path, width: int) -> None:
    """No line is longer than the terminal is wide, and the fold and its run are always there."""
    text = as_text(result(tmp_path, fold(1, 0.25), fold(2, 0.75)), width)
    assert max(map(len, text.splitlines())) <= width
    assert "20260102-030405-0002" in text


def test_failed_fold_does_not_count(tmp_path: Path) -> None:
    """A fold that failed is shown with its reason, and the means are those of the others."""
    failed = fold(2, 9.0, error=TrainingError("The loss is nan in epoch 1."))
    text = as_text(result(tmp_path, fold(1, 0.25), failed))
    assert "; 1 failed; seed 0" in text
    assert "failed: The loss is nan in epoch 1." in text
    record = as_record(result(tmp_path, fold(1, 0.25), failed))
    assert (record["folds"], record["complete"]) == (2, 1)
    assert record["best"]["loss"] == {"mean": 0.25, "std": "nan", "min": 0.25, "max": 0.25, "values": [0.25]}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--folds", "1"), 2, "--folds"),
        (("dataset.split.fold=2", "dataset.split.folds=5"), 2, "chooses a single fold"),
        (("dataset.split.folds=1",), 3, "expected a whole number of at least 2"),
        (("fit.epochs=none",), 3, "fit.epochs"),
        (("other.yaml",), 2, "expected one config, received 2"),
        (("--require", "val_accuracy"), 2, "expected METRIC>=NUMBER"),
        (("--require", "val_acuracy>0.9"), 2, "did you mean"),
        (("--device", "tpu"), 2, "--device tpu"),
        (("--folds", "30"), 4, "no class has more than 25 samples"),
        (("--folds", "1000000"), 4, "no class has more than"),
    ],
)
def test_what_cannot_be_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, message: str
) -> None:
    """Wrong arguments and impossible folds are explained before TensorFlow loads, and leave no run."""
    runs = tmp_path / "runs"
    assert nnrun("crossval", str(write_iris(tmp_path)), *arguments, "--runs-dir", str(runs)) == code
    assert message in capsys.readouterr().err
    assert not list(runs.rglob("run.json"))
