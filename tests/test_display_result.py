"""The table after a training says what came out."""

from __future__ import annotations

import io

from nnrun.display.result import result_text, show_result
from nnrun.events import RunEnded

BEST = {"loss": 0.05, "accuracy": 0.98, "val_loss": 0.0733, "val_accuracy": 0.9733}
FINAL = {"loss": 0.04, "accuracy": 0.99, "val_loss": 0.08, "val_accuracy": 0.97}
ENDED = RunEnded(
    "completed",
    "all 100 epochs trained",
    100,
    12.3,
    87,
    BEST,
    FINAL,
    {"import": 5.1, "data": 0.01, "train": 6.0},
)
DIRECTORY = "runs/iris-mlp/20260101-020202-abcd"


def test_best_and_last_stand_beside_each_other() -> None:
    """Both epochs with training and validation, the time with where it went, and the directory."""
    assert result_text(ENDED, name="iris-mlp", directory=DIRECTORY, monitor="val_loss") == (
        "iris-mlp: completed, all 100 epochs trained\n"
        "\n"
        "              best: epoch 87     last: epoch 100\n"
        "metric     train  validation   train  validation\n"
        "loss      0.0500      0.0733  0.0400      0.0800\n"
        "accuracy  0.9800      0.9733  0.9900      0.9700\n"
        "\n"
        "time  12s (import 5.1s, train 6.0s)\n"
        "best  epoch 87 by val_loss 0.0733\n"
        f"run   {DIRECTORY}\n"
    )


def test_without_validation_there_is_one_column() -> None:
    """Where the last epoch is the best one and nothing was validated, the table is small."""
    ended = RunEnded("completed", "all epochs trained", 1, 0.5, 1, {"loss": 0.1}, {"loss": 0.1}, {})
    assert result_text(ended, name="n", directory="d", monitor="loss").splitlines()[2:5] == [
        "        last and best: epoch 1",
        "metric                   train",
        "loss                    0.1000",
    ]


def test_a_run_without_epochs_has_no_table() -> None:
    """What was interrupted before the first epoch ended only says so."""
    ended = RunEnded("interrupted", "Ctrl-C", 0, 2.0, None, {}, {}, {})
    assert result_text(ended, name="n", directory="d", monitor="loss") == (
        "n: interrupted, Ctrl-C\n\ntime  2.0s\nrun   d\n"
    )


def test_it_fits_80_columns() -> None:
    """With the usual metrics nothing is wider than the smallest usual terminal."""
    text = result_text(ENDED, name="iris-mlp", directory=DIRECTORY, monitor="val_loss")
    assert max(map(len, text.splitlines())) <= 80


def test_piped_output_is_plain() -> None:
    """Without a terminal there are no colours."""
    stream = io.StringIO()
    show_result(ENDED, name="iris-mlp", directory=DIRECTORY, monitor="val_loss", stream=stream)
    assert stream.getvalue() == result_text(ENDED, name="iris-mlp", directory=DIRECTORY, monitor="val_loss")


def test_a_lost_reader_is_no_error() -> None:
    """`nnrun train | head -1` ends well."""
    stream = io.StringIO()
    stream.close()
    show_result(ENDED, name="n", directory="d", stream=stream)
    assert stream.closed
